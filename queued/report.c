/*
 * Three steps, each waiting for the spool: the envelope (who asked for
 * what), the content (what is returned), the report's own record.
 *
 * If we die between that record and the one of the result, the result comes
 * again and is to be reported again.  So a report's id follows from what it
 * says of which message: the one that is there already is enough.
 */
#include "report.h"

#include <stdlib.h>
#include <unistd.h>

#include <sodium.h>

#include "clock.h"
#include "log.h"
#include "proc.h"

#include "expand.h"
#include "intake.h"
#include "recent.h"
#include "trace_mail.h"

/* the part of the envelope that is kept between the steps */
#define RCPT_MEMORY	2048
#define ENVELOPE_TEXT	4096
/* what the report says itself: of each recipient, and besides */
#define RCPT_TEXT_MAX	6144
#define REPORT_TEXT_MAX	4096

struct report {
	struct msgid		 id;		/* of the original */
	struct spool_place	 place;
	uint64_t		 until;
	const struct report_item *items;
	size_t			 n_items;
	void			 (*done)(void *, bool);
	void			 *arg;
	struct arena		 arena;
	struct envelope		 original;	/* without its recipients */
	struct bounce_rcpt	*rcpts;
	struct recipient	*copies;
	size_t			 n_rcpts;
	struct msgid		 new_id;
};

static void
report_end(struct report *r, bool stored)
{
	void	(*done)(void *, bool) = r->done;
	void	*arg = r->arg;

	arena_clear(&r->arena);
	free(r);
	done(arg, stored);
}

static void
on_stored(void *arg, enum store_result result, const char *text)
{
	struct report	*r = arg;

	trace_reported(&r->id, result == STORE_OK ? &r->new_id : NULL,
	    r->n_rcpts);
	if (result == STORE_OK)
		log_info("report id=%s on=%s rcpts=%zu",
		    msgid_text(&r->new_id), msgid_text(&r->id), r->n_rcpts);
	else
		log_warn("report on=%s: not stored (%d %s), later again",
		    msgid_text(&r->id), (int)result, text);
	report_end(r, result == STORE_OK);
}

static void
name_report(struct report *r)
{
	crypto_generichash_state	 state;
	uint8_t				 action;

	crypto_generichash_init(&state, NULL, 0, MSGID_LEN);
	crypto_generichash_update(&state, r->id.b, MSGID_LEN);
	for (size_t i = 0; i < r->n_rcpts; i++) {
		struct str	 to = r->rcpts[i].rcpt->address;

		action = (uint8_t)r->rcpts[i].action;
		crypto_generichash_update(&state, (const uint8_t *)to.p, to.n);
		crypto_generichash_update(&state, &action, 1);
	}
	crypto_generichash_final(&state, r->new_id.b, MSGID_LEN);
}

/* Stored before a death of ours, and perhaps delivered since. */
static bool
is_there(const struct msgid *id)
{
	const struct mail	*m = mail_find(id);

	return m != NULL ? (m->flags & MAIL_STORING) == 0 : recent_has(id);
}

/*
 * To whom the report really goes: a sender may be an alias of ours.  0, or
 * -1 with the report ended: there is nobody, or it cannot be told now.
 */
static int
address(struct report *r, struct envelope *e)
{
	struct recipient	 to = { .address = r->original.sender,
	    .notify = NOTIFY_NEVER };	/* RFC 3461 5.2.7 asks for <> alone */
	struct rcpt_answer	 answer;

	expand_begin(&e->id, true);
	expand_rcpt(&to, &answer);
	e->n_rcpts = expand_results(&e->rcpts);
	if (answer.verdict == RCPT_OK)
		return 0;
	if (answer.verdict != RCPT_TEMPORARY)
		log_warn("report on=%s: none, its sender <%s> leads nowhere",
		    msgid_text(&r->id), log_text(r->original.sender));
	report_end(r, answer.verdict != RCPT_TEMPORARY);
	return -1;
}

static void
store(struct report *r, const struct bounce *b, struct str header,
    struct str body)
{
	struct envelope		 e = {
		.id = b->id, .arrived = b->now,
		.body = str_is_ascii(body) ? BODY_7BIT : BODY_8BITMIME,
		.utf8 = !str_is_ascii(r->original.sender), .verified = true,
	};

	if (address(r, &e) == 0)
		intake_store(&e, header, body, 0, 0, on_stored, r);
}

/* A body is returned where it was asked for or may be, and is small. */
static bool
may_return(const struct report *r, const struct spool_content *c)
{
	uint32_t	 max = proc_conf()->bounce_body_max;

	if (max > BODY_INLINE_MAX)
		max = BODY_INLINE_MAX;
	return c->fd == -1 && r->original.ret != RET_HDRS &&
	    r->original.body != BODY_BINARYMIME &&
	    c->header.n + c->body.n <= max;
}

static void
on_content(void *arg, const struct spool_content *c)
{
	static const struct spool_content none = { .fd = -1 };
	struct report	*r = arg;
	struct buf	 header = BUF_INIT(BOUNCE_HEADER_MAX);
	struct buf	 body = BUF_INIT(REPORT_TEXT_MAX + r->n_rcpts *
			    RCPT_TEXT_MAX + HEADER_MAX + BODY_INLINE_MAX);
	struct bounce	 b = {
		.hostname = proc_conf()->hostname, .original = &r->original,
		.rcpts = r->rcpts, .n_rcpts = r->n_rcpts,
		.now = (uint64_t)clock_wall(), .until = r->until,
	};

	b.has_body = c != NULL && may_return(r, c);
	if (c == NULL)			/* then without anything of it */
		c = &none;
	b.header = c->header;
	b.body = c->body;
	b.id = r->new_id;
	if (bounce_write(&b, &header, &body) == 0)
		store(r, &b, buf_str(&header), buf_str(&body));
	else
		report_end(r, false);
	if (c->fd != -1)
		close(c->fd);
	buf_clear(&header);
	buf_clear(&body);
}

static struct recipient *
copy_recipient(struct report *r, const struct recipient *from)
{
	struct recipient	*to = &r->copies[r->n_rcpts];

	*to = *from;
	to->address = arena_str(&r->arena, from->address);
	to->orcpt_type = arena_str(&r->arena, from->orcpt_type);
	to->orcpt = arena_str(&r->arena, from->orcpt);
	return to->orcpt.p != NULL ? to : NULL;
}

static int
add_item(struct report *r, const struct report_item *item,
    const struct recipient *from)
{
	const struct recipient	*to = copy_recipient(r, from);

	if (to == NULL)
		return -1;
	r->rcpts[r->n_rcpts++] = (struct bounce_rcpt){ to, item->action,
	    item->status, item->reply_code, item->reply, item->host };
	return 0;
}

/* Room for n recipients. */
static int
make_room(struct report *r, size_t n)
{
	r->rcpts = arena_calloc(&r->arena, n, sizeof(*r->rcpts));
	r->copies = arena_calloc(&r->arena, n, sizeof(*r->copies));
	return r->rcpts != NULL && r->copies != NULL ? 0 : -1;
}

/* Those whom somebody wants to know of. */
static int
copy_items(struct report *r, const struct envelope *e)
{
	const struct report_item	*item;

	if (make_room(r, r->n_items) == -1)
		return -1;
	for (size_t i = 0; i < r->n_items; i++) {
		item = &r->items[i];
		if (item->index < e->n_rcpts &&
		    bounce_is_wanted(e->rcpts[item->index].notify,
		    item->action) &&
		    add_item(r, item, &e->rcpts[item->index]) == -1)
			return -1;
	}
	return 0;
}

/* What of the envelope the text needs; -1: no memory. */
static int
copy_envelope(struct report *r, const struct envelope *e)
{
	r->original = *e;
	r->original.sender = arena_str(&r->arena, e->sender);
	r->original.envid = arena_str(&r->arena, e->envid);
	r->original.rcpts = NULL;
	r->original.n_rcpts = 0;
	if (r->original.envid.p == NULL)
		return -1;
	return r->items != NULL ? copy_items(r, e) : 0;
}

static void
on_envelope(void *arg, const struct envelope *e,
    const struct spool_rcpt *states)
{
	struct report	*r = arg;

	(void)states;
	if (e == NULL || copy_envelope(r, e) == -1) {
		report_end(r, false);
		return;
	}
	if (r->n_rcpts == 0 || r->original.sender.n == 0) {
		report_end(r, true);	/* nobody wants to know */
		return;
	}
	name_report(r);
	if (is_there(&r->new_id))
		report_end(r, true);
	else
		spool_load(&r->id, r->place, on_content, r);
}

static struct report *
report_new(const struct mail *m, size_t n, void (*done)(void *, bool),
    void *arg)
{
	struct report	*r = calloc(1, sizeof(*r));

	if (r == NULL)
		return NULL;
	r->id = m->id;
	r->place = m->place;
	r->done = done;
	r->arg = arg;
	r->arena.max = n * RCPT_MEMORY + ENVELOPE_TEXT;
	return r;
}

void
report_send(const struct mail *m, uint64_t until,
    const struct report_item *items, size_t n, void (*done)(void *, bool),
    void *arg)
{
	struct report	*r = report_new(m, n, done, arg);

	if (r == NULL) {
		done(arg, false);
		return;
	}
	r->until = until;
	r->items = items;
	r->n_items = n;
	spool_load_envelope(&r->id, r->place, on_envelope, r);
}

void
report_expanded(const struct mail *m, const struct recipient *list, size_t n,
    void (*done)(void *, bool), void *arg)
{
	static const struct report_item	 item = { .action = BOUNCE_EXPANDED,
	    .status = STR("2.0.0") };
	struct report			*r = report_new(m, n, done, arg);
	int				 error;

	if (r == NULL) {
		done(arg, false);
		return;
	}
	error = make_room(r, n);
	for (size_t i = 0; i < n && error == 0; i++)
		error = add_item(r, &item, &list[i]);
	if (error == 0)
		spool_load_envelope(&r->id, r->place, on_envelope, r);
	else
		report_end(r, false);
}
