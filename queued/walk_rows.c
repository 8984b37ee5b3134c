/*
 * Walks whose answer is rows: a page of the list, or the one message that is
 * shown or read.
 */
#include "walk_impl.h"

#include <unistd.h>

#include "later.h"
#include "match.h"
#include "override.h"
#include "schedule.h"
#include "spool.h"

struct list {
	struct walk		 walk;
	struct queue_row	 rows[QUEUE_ROWS_MAX];
	size_t			 n;
	bool			 full;
};

/* What is kept of the one that is shown. */
struct one {
	struct walk		 walk;
	enum show_result	 result;
	bool			 content;	/* all of it is asked for */
	struct mail_shown	 shown;		/* strings in the arena */
};

/* ---- rows -------------------------------------------------------------- */

static struct queue_rcpt
row_rcpt(struct arena *a, const struct part *p, uint16_t rcpt,
    struct str address)
{
	uint64_t	 not_before = later_utc(&p->mail->id);
	uint64_t	 next = schedule_utc(p);
	char		 name[ROUTE_NAME_MAX + 1];

	return (struct queue_rcpt){
		.address = arena_str(a, address),
		.route = arena_str(a, route_name(p->route, name)),
		.state = match_state(p),
		.tries = p->tries,
		/* it may be looked at before */
		.next_try = next == 0 || next > not_before ? next :
		    not_before,
		.reply = arena_str(a, match_reply(p)),
		.via = arena_str(a, override_of(&p->mail->id, rcpt)),
	};
}

/* -1: there is no memory for it. */
static int
row_fill(struct queue_row *row, struct arena *a, const struct mail *m,
    const struct envelope *e)
{
	struct queue_rcpt	*list;
	size_t			 n = 0;

	list = arena_calloc(a, QUEUE_ROW_RCPTS_MAX, sizeof(*list));
	if (list == NULL)
		return -1;
	*row = (struct queue_row){ .id = m->id, .arrived = m->arrived,
	    .not_before = later_utc(&m->id), .size = m->size,
	    .sender = arena_str(a, e->sender),
	    .waiting = mail_waiting(m), .rcpts = list };
	for (const struct part *p = m->parts; p != NULL; p = p->next)
		for (size_t i = 0; i < p->n && n < QUEUE_ROW_RCPTS_MAX; i++) {
			if (p->rcpts[i] >= e->n_rcpts)
				continue;
			list[n] = row_rcpt(a, p, p->rcpts[i],
			    e->rcpts[p->rcpts[i]].address);
			if (list[n++].via.p == NULL)
				return -1;
		}
	row->n_rcpts = n;
	return 0;
}

static bool
always(const struct walk *w, const struct mail *m)
{
	(void)w, (void)m;
	return true;
}

/* ---- a page ------------------------------------------------------------ */

static void
list_found(struct walk *w, struct mail *m, const struct envelope *e)
{
	struct list	*l = (struct list *)w;

	if (row_fill(&l->rows[l->n], &w->arena, m, e) == 0) {
		l->n++;
		return;
	}
	w->cursor = m->seq - 1;		/* the next page's first */
	l->full = true;
}

static bool
list_is_over(const struct walk *w)
{
	const struct list	*l = (const struct list *)w;

	return l->full || l->n == QUEUE_ROWS_MAX;
}

static void
list_answer(struct walk *w)
{
	const struct list	*l = (const struct list *)w;
	struct mail		*next = mail_after(w->cursor);
	struct queue_rows	 rows = { next != NULL && next->seq <= w->last,
	    w->cursor, l->rows, l->n };

	peer_send(w->peer, QUEUE_ROWS, w->id, &rows);
	walk_end(w);
}

static const struct walk_ops	 list_ops = {
	.wants_envelope = always,
	.found = list_found,
	.is_over = list_is_over,
	.answer = list_answer,
};

struct walk *
walk_list(struct peer *p, uint32_t id, const struct queue_list *m,
    void (*ended)(struct walk *))
{
	struct walk	*w = walk_new(sizeof(struct list), &list_ops, p, id,
	    &m->filter, ended);

	w->cursor = m->cursor;
	return w;
}

/* ---- one message ------------------------------------------------------- */

static void
one_found(struct walk *w, struct mail *m, const struct envelope *e)
{
	struct one		*o = (struct one *)w;
	struct mail_shown	*s = &o->shown;

	if (o->result == SHOW_OK) {
		o->result = SHOW_AMBIGUOUS;
		return;
	}
	s->client = e->client;
	s->helo = arena_str(&w->arena, e->helo);
	s->account = arena_str(&w->arena, e->account);
	s->envid = arena_str(&w->arena, e->envid);
	s->body_type = e->body;
	s->utf8 = e->utf8;
	if (row_fill(&s->row, &w->arena, m, e) == 0 && s->envid.p != NULL)
		o->result = SHOW_OK;
}

static bool
one_is_over(const struct walk *w)
{
	return ((const struct one *)w)->result == SHOW_AMBIGUOUS;
}

/* c: NULL when it cannot be read, or is not to be; its file is taken. */
static void
one_send(struct one *o, const struct spool_content *c)
{
	struct walk		*w = &o->walk;
	struct mail_content	 all = { .result = o->result };
	int			 fd = c != NULL ? c->fd : -1;

	if (c != NULL) {
		all.header = o->shown.header = c->header;
		all.body = c->body;
	} else if (o->content && o->result == SHOW_OK)
		all.result = SHOW_UNREADABLE;
	o->shown.result = o->result;
	if (!o->content)
		peer_send(w->peer, MAIL_SHOWN, w->id, &o->shown);
	else if (fd == -1)
		peer_send(w->peer, MAIL_CONTENT, w->id, &all);
	else
		peer_send_fd(w->peer, MAIL_CONTENT, w->id, fd, &all);
	if (!o->content && fd != -1)
		close(fd);
	walk_end(w);
}

static void
on_content(void *arg, const struct spool_content *c)
{
	struct one	*o = arg;

	o->walk.loading = false;
	if (o->walk.peer != NULL) {
		one_send(o, c);
		return;
	}
	if (c != NULL && c->fd != -1)
		close(c->fd);
	walk_free(&o->walk);
}

static void
one_answer(struct walk *w)
{
	struct one	*o = (struct one *)w;
	struct mail	*m;

	if (o->result != SHOW_OK) {
		one_send(o, NULL);
		return;
	}
	if ((m = mail_find(&o->shown.row.id)) == NULL) {
		o->result = SHOW_NONE;		/* it has just ended */
		one_send(o, NULL);
		return;
	}
	w->loading = true;
	spool_load(&m->id, m->place, on_content, o);
}

static const struct walk_ops	 one_ops = {
	.wants_envelope = always,
	.found = one_found,
	.is_over = one_is_over,
	.answer = one_answer,
};

static struct walk *
walk_one(struct peer *p, uint32_t id, const struct mail_show *m, bool content,
    void (*ended)(struct walk *))
{
	struct queue_filter	 f = { .id = m->id };
	struct walk		*w = walk_new(sizeof(struct one), &one_ops, p,
	    id, &f, ended);
	struct one		*o = (struct one *)w;

	o->result = SHOW_NONE;
	o->content = content;
	return w;
}

struct walk *
walk_show(struct peer *p, uint32_t id, const struct mail_show *m,
    void (*ended)(struct walk *))
{
	return walk_one(p, id, m, false, ended);
}

struct walk *
walk_read(struct peer *p, uint32_t id, const struct mail_show *m,
    void (*ended)(struct walk *))
{
	return walk_one(p, id, m, true, ended);
}
