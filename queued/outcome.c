/*
 * One struct outcome goes through the steps, then it is freed.  It owns what
 * it needs of the result; the message it finds by its id, since that may end
 * with another outcome meanwhile.
 */
#include "outcome.h"

#include <event2/event.h>
#include <stdlib.h>

#include "log.h"
#include "proc.h"
#include "xmalloc.h"

#include "fate.h"
#include "recent.h"
#include "reply.h"
#include "reroute.h"
#include "round.h"
#include "router.h"
#include "schedule.h"
#include "trace_mail.h"

#define RECORD_AGAIN_S	5	/* a record that could not be made durable */
/* a result's strings, copied: all JOB_RCPTS_MAX replies at their longest */
#define OUTCOME_MEMORY	(JOB_RCPTS_MAX * 2 * (REPLY_TEXT_MAX + 512))

static struct outcome_queue	 undurable =
				    TAILQ_HEAD_INITIALIZER(undurable);
static struct event		*again_timer;
static unsigned			 n_open;

static void	 decide(struct outcome *);
static void	 record(struct outcome *);

unsigned
outcome_open(void)
{
	return n_open;
}

/* ---- begin and end ----------------------------------------------------- */

static struct rcpt_result
result_copy(struct arena *a, const struct rcpt_result *r)
{
	struct rcpt_result	 copy = *r;

	copy.code = arena_str(a, r->code);
	copy.reply = arena_str(a, r->reply);
	return copy;
}

static void
outcome_free(struct outcome *o)
{
	if (o->worker != NULL)
		LIST_REMOVE(o, of_worker);
	arena_clear(&o->arena);
	free(o);
	n_open--;
}

static struct outcome *
outcome_alloc(struct worker *w, struct part *p, const struct job_result *m)
{
	struct outcome	*o = xcalloc(1, sizeof(*o));

	o->worker = w;
	o->job = m->job;
	o->part = p;
	o->id = p->mail->id;
	o->arena.max = OUTCOME_MEMORY;
	o->n = m->n_rcpts;
	o->fates = arena_calloc(&o->arena, o->n, sizeof(*o->fates));
	o->items = arena_calloc(&o->arena, o->n, sizeof(*o->items));
	if (o->fates == NULL || o->items == NULL)
		fatal("outcome: no memory");
	o->result = *m;
	o->result.host = arena_str(&o->arena, m->host);
	o->result.tls = arena_str(&o->arena, m->tls);
	for (size_t i = 0; i < o->n; i++)
		o->fates[i].result = result_copy(&o->arena, &m->rcpts[i]);
	if (w != NULL)
		LIST_INSERT_HEAD(&w->outcomes, o, of_worker);
	n_open++;
	return o;
}

void
outcome_worker_lost(struct worker *w)
{
	struct outcome	*o;

	while ((o = LIST_FIRST(&w->outcomes)) != NULL) {
		LIST_REMOVE(o, of_worker);
		o->worker = NULL;
	}
}

static void
set_address(struct fate *f, const struct job_rcpt *rcpts, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (rcpts[i].index != f->result.index)
			continue;
		f->address = rcpts[i].rcpt.address;
		f->notify = rcpts[i].rcpt.notify;
		return;
	}
}

/* Of a job from before our start: whom it was for is read again. */
static void
on_addresses(void *arg, const struct envelope *e,
    const struct spool_rcpt *states)
{
	struct outcome	*o = arg;
	struct fate	*f;

	(void)states;
	for (size_t i = 0; e != NULL && i < o->n; i++) {
		f = &o->fates[i];
		if (f->result.index >= e->n_rcpts)
			continue;
		f->address = e->rcpts[f->result.index].address;
		f->notify = e->rcpts[f->result.index].notify;
	}
	decide(o);
}

void
outcome_new(struct worker *w, struct part *p, const struct job_result *m,
    const struct job_rcpt *rcpts, size_t n)
{
	struct outcome	*o = outcome_alloc(w, p, m);

	if (m->host.n != 0) {		/* somebody answers there again */
		reply_drop(p->route->down_reply);
		p->route->down_reply = REPLY_NONE;
	}
	if (rcpts == NULL) {
		spool_load_envelope(&o->id, p->mail->place, on_addresses, o);
		return;
	}
	for (size_t i = 0; i < o->n; i++)
		set_address(&o->fates[i], rcpts, n);
	decide(o);
}

/* ---- decide ------------------------------------------------------------ */

/*
 * No failed recipient is done before its report is durable; without a
 * report it is tried, and fails, again.
 */
static void
on_reported(struct outcome *o, bool stored)
{
	for (size_t i = 0; !stored && i < o->n; i++) {
		if (o->fates[i].kind != FATE_FAILED ||
		    (o->part->mail->flags & MAIL_NULL) != 0)
			continue;
		o->fates[i].kind = FATE_WAITING;
		fate_wait(o, NULL);
	}
	if (stored && o->warns) {
		o->part->mail->flags |= MAIL_WARNED;
		spool_mark(&o->id, o->part->mail->place, MARK_WARNED, NULL,
		    NULL);
	}
	record(o);
}

static void
decide(struct outcome *o)
{
	for (size_t i = 0; i < o->n; i++) {
		fate_decide(o, &o->fates[i]);
		o->fates[i].address = STR_NONE;	/* of whoever called */
	}
	if (o->n_items != 0)
		round_report(o, on_reported);
	else
		record(o);
}

/* ---- record ------------------------------------------------------------ */

static void
keep(struct outcome *o)
{
	if (o->worker != NULL)
		worker_kept(o->worker, o->job);
	if (o->done != NULL)
		o->done(o->arg, true);
	outcome_free(o);
}

static void
mail_end(const struct msgid *id)
{
	struct mail	*m = mail_find(id);

	if (m == NULL || m->parts != NULL)
		return;
	log_info("done id=%s delay=%llus", msgid_text(id),
	    (unsigned long long)fate_age(m));
	trace_ended(id, fate_age(m));
	recent_add(id);
	mail_free(m);
}

static void	 on_recorded(void *, bool);

/* Appends the record; the message is in the queue as long as it is not gone,
 * and one that is gone stays in memory until that is durable. */
static void
append(struct outcome *o)
{
	struct mail		*m = mail_find(&o->id);
	struct spool_rcpt	 list[JOB_RCPTS_MAX];
	const struct fate	*f;
	size_t			 n = 0;

	if (m == NULL) {
		keep(o);
		return;
	}
	for (size_t i = 0; i < o->n; i++) {
		f = &o->fates[i];
		if (f->kind == FATE_RETURNED)
			continue;
		list[n++] = (struct spool_rcpt){
			.index = f->result.index,
			.state = f->kind == FATE_WAITING ? SPOOL_WAITING :
			    SPOOL_DONE,
			.tries = f->result.status == RCPT_RETURNED ? 0 :
			    o->job_tries,
			.next_try = f->kind == FATE_WAITING ? o->next_utc : 0,
			.code = f->result.code, .reply = f->result.reply,
		};
	}
	if (n == 0)
		keep(o);
	else
		spool_result(&o->id, m->place, list, n, o->gone, on_recorded,
		    o);
}

void
outcome_again(void)
{
	struct outcome	*last = TAILQ_LAST(&undurable, outcome_queue);
	struct outcome	*o = NULL;

	while (o != last) {
		o = TAILQ_FIRST(&undurable);
		TAILQ_REMOVE(&undurable, o, again);
		append(o);
	}
}

static void
on_again(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what, (void)arg;
	outcome_again();
}

static void
on_recorded(void *arg, bool durable)
{
	static const struct timeval	 wait = { RECORD_AGAIN_S, 0 };
	struct outcome			*o = arg;

	if (durable) {
		if (o->gone)
			mail_end(&o->id);
		keep(o);
		return;
	}
	if (again_timer == NULL)
		again_timer = evtimer_new(proc_base(), on_again, NULL);
	if (again_timer == NULL)
		fatal("outcome: no memory for a timer");
	TAILQ_INSERT_TAIL(&undurable, o, again);
	if (!evtimer_pending(again_timer, NULL))
		evtimer_add(again_timer, &wait);
}

/* The recipients that were not tried go back at once, if others wait. */
static struct part *
split_returned(struct outcome *o)
{
	struct part	*p = o->part;
	uint16_t	 rest[JOB_RCPTS_MAX];
	size_t		 n = 0, waiting = 0;

	for (size_t i = 0; i < o->n; i++)
		waiting += o->fates[i].kind == FATE_WAITING;
	for (size_t i = 0; i < p->n; i++) {
		rest[n++] = p->rcpts[i];
		for (size_t k = 0; k < o->n; k++)
			if (o->fates[k].kind == FATE_WAITING &&
			    o->fates[k].result.index == p->rcpts[i]) {
				n--;
				break;
			}
	}
	if (n == 0 || waiting == 0)
		return NULL;
	return part_split(p, rest, n);
}

static bool
all_refused(const struct outcome *o)
{
	for (size_t i = 0; i < o->n; i++)
		if (o->fates[i].kind == FATE_WAITING &&
		    o->fates[i].result.status != RCPT_FAILED)
			return false;
	return true;
}

/* The part waits, all of it, for the reason that the first one has. */
static void
count_try(struct outcome *o)
{
	struct part	*p = o->part;
	size_t		 i = 0;

	while (o->fates[i].kind != FATE_WAITING)
		i++;
	reply_drop(p->reply);
	p->reply = reply_hold(o->fates[i].result.reply);
	p->tries = o->job_tries;
	p->deaths = 0;
	p->refused = all_refused(o);
}

/* What waits takes its place again. */
static void
requeue(struct outcome *o)
{
	struct part	*p = o->part, *rest = split_returned(o);

	if (rest != NULL)
		outcome_return(rest);
	if (o->due_s == 0) {
		outcome_return(p);
		return;
	}
	count_try(o);
	if (p->epoch != router_epoch())
		reroute_later(p, o->due_s);
	else
		schedule_part(p, o->due_s);
}

/* What it waits for is recorded with its recipients. */
static void
hold(struct mail *m)
{
	if (m->flags & MAIL_HELD)
		return;
	schedule_hold(m);
	spool_mark(&m->id, m->place, MARK_HOLD, NULL, NULL);
	trace_note(TRACE_HELD, &m->id);
}

static void
record(struct outcome *o)
{
	struct part	*p = o->part;
	struct mail	*m = p->mail;

	o->job_tries = (uint16_t)(p->tries + 1);
	for (size_t i = 0; i < o->n; i++)
		if (o->fates[i].kind == FATE_DONE ||
		    o->fates[i].kind == FATE_FAILED)
			part_drop(p, o->fates[i].result.index);
	if (o->holds)
		hold(m);
	if (p->n == 0)
		part_free(p);
	else
		requeue(o);
	o->part = NULL;
	round_look(m);
	/* what goes back may have been removed, and have ended it already */
	o->gone = m->parts == NULL && (m->flags & MAIL_ENDED) == 0;
	if (o->gone)
		m->flags |= MAIL_ENDED;
	append(o);
}

/* ---- ends without a worker --------------------------------------------- */

void
outcome_expired(struct part *p, struct str why)
{
	struct rcpt_result	 list[JOB_RCPTS_MAX];

	for (size_t i = 0; i < p->n; i++)
		list[i] = (struct rcpt_result){ p->rcpts[i], RCPT_DEFERRED, 0,
		    STR("4.4.7"), why };
	outcome_new(NULL, p, &(struct job_result){ .rcpts = list,
	    .n_rcpts = p->n }, NULL, 0);
}

void
outcome_remove(struct part *p, spool_done done, void *arg)
{
	struct rcpt_result	 list[JOB_RCPTS_MAX];
	struct job_result	 m = { .rcpts = list, .n_rcpts = p->n };
	struct outcome		*o;

	p->mail->flags |= MAIL_REMOVED;
	schedule_take(p);
	for (size_t i = 0; i < p->n; i++)
		list[i] = (struct rcpt_result){ .index = p->rcpts[i],
		    .status = RCPT_RETURNED };
	o = outcome_alloc(NULL, p, &m);
	o->done = done;
	o->arg = arg;
	decide(o);
}

void
outcome_return(struct part *p)
{
	if (p->mail->flags & MAIL_REMOVED)
		outcome_remove(p, NULL, NULL);
	else
		schedule_return(p);
}

void
outcome_defer(struct part *p)
{
	if (p->mail->flags & MAIL_REMOVED) {
		outcome_remove(p, NULL, NULL);
		return;
	}
	schedule_part(p, schedule_now() + fate_delay(p, p->tries));
}
