/*
 * A walk holds a cursor, not a message: between its steps messages come and
 * go.  It ends at the newest message there was when it began.
 */
#include "walk.h"

#include <event2/event.h>

#include <stdlib.h>
#include <unistd.h>

#include "log.h"
#include "proc.h"
#include "xmalloc.h"

#include "dispatch.h"
#include "match.h"
#include "outcome.h"
#include "reply.h"
#include "schedule.h"
#include "spool.h"

#define WALK_TURN	2000	/* messages in one turn: below 2 ms */
#define CHANGE_TURN	200	/* changes in one turn */
#define WALK_MEMORY	(4 << 20)	/* of a page of rows */

enum walk_kind { WALK_LIST, WALK_CHANGE, WALK_SHOW };

struct walk {
	enum walk_kind		 kind;
	struct peer		*peer;		/* NULL: cancelled */
	uint32_t		 id;
	void			(*ended)(struct walk *);
	struct queue_filter	 filter;	/* strings in the arena */
	uint64_t		 cursor, last;
	struct event		*step;
	struct msgid		 current;	/* whose envelope is awaited */
	bool			 loading, stepping;
	struct arena		 arena;
	/* WALK_LIST; WALK_SHOW has at most one */
	struct queue_row	 rows[QUEUE_ROWS_MAX];
	size_t			 n_rows;
	bool			 full;
	/* WALK_CHANGE */
	enum queue_action	 action;
	bool			 dry_run;
	uint64_t		 n_mails, n_rcpts;
	unsigned		 changes;	/* in this turn */
	unsigned		 undurable;	/* changes, so far */
	bool			 over;		/* all were looked at */
	/* WALK_SHOW */
	enum show_result	 result;
};

static void	 on_envelope(void *, const struct envelope *,
		    const struct spool_rcpt *);
static void	 on_step(evutil_socket_t, short, void *);
static void	 answer(struct walk *);

/* ---- beginning and end ------------------------------------------------- */

static void
arm(struct walk *w)
{
	static const struct timeval	 now = { 0, 0 };

	evtimer_add(w->step, &now);
}

static struct queue_filter
filter_copy(struct arena *a, const struct queue_filter *f)
{
	struct queue_filter	 copy = *f;

	copy.id = arena_str(a, f->id);
	copy.sender = arena_str(a, f->sender);
	copy.rcpt = arena_str(a, f->rcpt);
	copy.domain = arena_str(a, f->domain);
	copy.route = arena_str(a, f->route);
	copy.reply = arena_str(a, f->reply);
	return copy;
}

static struct walk *
walk_new(enum walk_kind kind, struct peer *p, uint32_t id,
    const struct queue_filter *f, void (*ended)(struct walk *))
{
	struct walk	*w = xcalloc(1, sizeof(*w));

	w->kind = kind;
	w->peer = p;
	w->id = id;
	w->ended = ended;
	w->arena.max = WALK_MEMORY;
	w->filter = filter_copy(&w->arena, f);
	w->last = mail_last_seq();
	w->result = SHOW_NONE;
	if ((w->step = evtimer_new(proc_base(), on_step, w)) == NULL)
		fatal("walk: no memory for a timer");
	arm(w);
	return w;
}

static void
walk_free(struct walk *w)
{
	event_free(w->step);
	arena_clear(&w->arena);
	free(w);
}

/* One that waits for the spool is freed when that has answered. */
void
walk_cancel(struct walk *w)
{
	w->peer = NULL;
	evtimer_del(w->step);
	if (!w->loading && w->undurable == 0)
		walk_free(w);
}

struct peer *
walk_peer(const struct walk *w)
{
	return w->peer;
}

static void
walk_end(struct walk *w)
{
	w->ended(w);
	walk_free(w);
}

struct walk *
walk_list(struct peer *p, uint32_t id, const struct queue_list *m,
    void (*ended)(struct walk *))
{
	struct walk	*w = walk_new(WALK_LIST, p, id, &m->filter, ended);

	w->cursor = m->cursor;
	return w;
}

struct walk *
walk_change(struct peer *p, uint32_t id, const struct queue_change *m,
    void (*ended)(struct walk *))
{
	struct walk	*w = walk_new(WALK_CHANGE, p, id, &m->filter, ended);

	w->action = m->action;
	w->dry_run = m->dry_run;
	return w;
}

struct walk *
walk_show(struct peer *p, uint32_t id, const struct mail_show *m,
    void (*ended)(struct walk *))
{
	struct queue_filter	 f = { .id = m->id };

	return walk_new(WALK_SHOW, p, id, &f, ended);
}

/* ---- rows -------------------------------------------------------------- */

static struct queue_rcpt
row_rcpt(struct arena *a, const struct part *p, struct str address)
{
	char	 name[ROUTE_NAME_MAX + 1];

	return (struct queue_rcpt){
		.address = arena_str(a, address),
		.route = arena_str(a, route_name(p->route, name)),
		.state = match_state(p),
		.tries = p->tries,
		.next_try = schedule_utc(p),
		.reply = arena_str(a, reply_text(p->reply)),
	};
}

/* -1: the page is full. */
static int
row_add(struct walk *w, const struct mail *m, const struct envelope *e)
{
	struct queue_rcpt	*list;
	struct queue_row	*row = &w->rows[w->n_rows];
	size_t			 n = 0;

	list = arena_calloc(&w->arena, QUEUE_ROW_RCPTS_MAX, sizeof(*list));
	if (list == NULL)
		return -1;
	*row = (struct queue_row){ .id = m->id, .arrived = m->arrived,
	    .size = m->size, .sender = arena_str(&w->arena, e->sender),
	    .waiting = mail_waiting(m), .rcpts = list };
	for (const struct part *p = m->parts; p != NULL; p = p->next)
		for (size_t i = 0; i < p->n && n < QUEUE_ROW_RCPTS_MAX; i++) {
			if (p->rcpts[i] >= e->n_rcpts)
				continue;
			list[n] = row_rcpt(&w->arena, p,
			    e->rcpts[p->rcpts[i]].address);
			if (list[n++].reply.p == NULL)
				return -1;
		}
	row->n_rcpts = n;
	w->n_rows++;
	return 0;
}

/* ---- changes ----------------------------------------------------------- */

/* The answer says that it is so, so it waits until it will stay so. */
static void
on_durable(void *arg, bool durable)
{
	struct walk	*w = arg;

	(void)durable;
	if (--w->undurable != 0)
		return;
	if (w->peer == NULL) {
		if (!w->loading)
			walk_free(w);
	} else if (w->over)
		answer(w);
}

/* Its parts end one by one, and the message with the last. */
static void
remove_mail(struct walk *w, struct msgid id)
{
	struct mail	*m;
	struct part	*p;

	log_info("removed id=%s", msgid_text(&id));
	while ((m = mail_find(&id)) != NULL) {
		m->flags |= MAIL_REMOVED;
		for (p = m->parts; p != NULL; p = p->next)
			if (p->state != PART_ACTIVE)
				break;
		if (p == NULL)
			return;
		w->undurable++;
		outcome_remove(p, on_durable, w);
	}
}

static void
mark_mail(struct walk *w, const struct mail *m, enum spool_mark mark)
{
	w->undurable++;
	spool_mark(&m->id, m->place, mark, on_durable, w);
}

static void
retry_mail(struct mail *m)
{
	schedule_retry(m);
	for (const struct part *p = m->parts; p != NULL; p = p->next)
		dispatch_retry(p->route);
}

static void
change(struct walk *w, struct mail *m)
{
	bool	 held = (m->flags & MAIL_HELD) != 0;

	switch (w->action) {
	case QUEUE_RETRY:
		retry_mail(m);
		break;
	case QUEUE_REMOVE:
		remove_mail(w, m->id);
		break;
	case QUEUE_HOLD:
		if (held)
			break;
		schedule_hold(m);
		mark_mail(w, m, MARK_HOLD);
		break;
	case QUEUE_RELEASE:
		if (!held)
			break;
		schedule_release(m);
		mark_mail(w, m, MARK_RELEASE);
		break;
	default:
		break;
	}
}

/* ---- the walk ---------------------------------------------------------- */

static void
found(struct walk *w, struct mail *m, const struct envelope *e)
{
	switch (w->kind) {
	case WALK_CHANGE:
		w->n_mails++;
		w->n_rcpts += mail_waiting(m);
		w->changes++;
		if (!w->dry_run)
			change(w, m);
		break;
	case WALK_SHOW:
		w->result = w->n_rows == 0 ? SHOW_OK : SHOW_AMBIGUOUS;
		if (w->n_rows == 0 && row_add(w, m, e) == -1)
			w->result = SHOW_NONE;
		break;
	case WALK_LIST:
		if (row_add(w, m, e) == -1) {
			w->cursor = m->seq - 1;	/* the next page's first */
			w->full = true;
		}
		break;
	}
}

static void
on_envelope(void *arg, const struct envelope *e,
    const struct spool_rcpt *states)
{
	struct walk	*w = arg;
	struct mail	*m = mail_find(&w->current);

	(void)states;
	w->loading = false;
	if (w->peer == NULL) {
		if (w->undurable == 0)
			walk_free(w);
		return;
	}
	if (e != NULL && m != NULL && match_envelope(&w->filter, m, e))
		found(w, m, e);
	if (!w->stepping)
		arm(w);
}

static bool
is_over(const struct walk *w)
{
	return w->full || w->n_rows == QUEUE_ROWS_MAX ||
	    w->result == SHOW_AMBIGUOUS;
}

/* True when there is no more to look at. */
static bool
look(struct walk *w)
{
	struct mail	*m;

	w->changes = 0;
	for (int n = 0; n < WALK_TURN && w->changes < CHANGE_TURN; n++) {
		if (w->loading)
			return false;
		if (is_over(w) || (m = mail_after(w->cursor)) == NULL ||
		    m->seq > w->last)
			return true;
		w->cursor = m->seq;
		if (!match_memory(&w->filter, m))
			continue;
		if (w->kind == WALK_CHANGE &&
		    !match_needs_envelope(&w->filter)) {
			found(w, m, NULL);
			continue;
		}
		w->loading = true;
		w->current = m->id;
		spool_load_envelope(&m->id, m->place, on_envelope, w);
	}
	return false;
}

/* ---- answers ----------------------------------------------------------- */

static void
on_header(void *arg, const struct spool_content *c)
{
	struct walk		*w = arg;
	struct mail_shown	 m = { .result = SHOW_OK };

	w->loading = false;
	if (c != NULL && c->fd != -1)
		close(c->fd);
	if (w->peer == NULL) {
		walk_free(w);
		return;
	}
	m.row = w->rows[0];
	if (c != NULL)
		m.header = c->header;
	peer_send(w->peer, MAIL_SHOWN, w->id, &m);
	walk_end(w);
}

static void
answer_show(struct walk *w)
{
	struct mail_shown	 m = { .result = w->result };
	struct mail		*mail = NULL;

	if (w->result == SHOW_OK)
		mail = mail_find(&w->rows[0].id);
	if (mail != NULL) {
		w->loading = true;
		spool_load(&mail->id, mail->place, on_header, w);
		return;
	}
	if (w->result == SHOW_OK)
		m.result = SHOW_NONE;	/* it has just ended */
	peer_send(w->peer, MAIL_SHOWN, w->id, &m);
	walk_end(w);
}

static void
answer(struct walk *w)
{
	struct mail		*next = mail_after(w->cursor);
	struct queue_rows	 rows = { next != NULL && next->seq <= w->last,
	    w->cursor, w->rows, w->n_rows };
	struct queue_changed	 changed = { SHOW_OK, w->n_mails, w->n_rcpts };

	if (w->kind == WALK_SHOW) {
		answer_show(w);
		return;
	}
	if (w->kind == WALK_LIST)
		peer_send(w->peer, QUEUE_ROWS, w->id, &rows);
	else
		peer_send(w->peer, QUEUE_CHANGED, w->id, &changed);
	walk_end(w);
}

static void
on_step(evutil_socket_t fd, short what, void *arg)
{
	struct walk	*w = arg;
	bool		 over;

	(void)fd, (void)what;
	w->stepping = true;
	over = look(w);
	w->stepping = false;
	w->over = over;
	if (over && w->undurable == 0)
		answer(w);
	else if (!over && !w->loading)
		arm(w);
}
