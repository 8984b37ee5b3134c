/*
 * The rounds that are open.  A message that has one is flagged, so that
 * others need not be looked for here.  Each outcome in a round holds a part
 * that is ACTIVE, and so its message.
 */
#include "round.h"

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

#include "proc.h"

struct round {
	LIST_ENTRY(round)	 entry;
	struct msgid		 id;
	struct outcome_queue	 outcomes;
	size_t			 n, n_items;
	struct event		*timer;
	struct report_item	*items;		/* once it is over */
	void			(*reported)(struct outcome *, bool);
};

static LIST_HEAD(, round)	 rounds = LIST_HEAD_INITIALIZER(rounds);
static unsigned			 n_rounds;

static struct round *
find(const struct mail *m)
{
	struct round	*r;

	LIST_FOREACH(r, &rounds, entry)
		if (msgid_equal(&r->id, &m->id))
			return r;
	return NULL;
}

/* ---- its end ----------------------------------------------------------- */

static void
on_reported(void *arg, bool stored)
{
	struct round	*r = arg;
	struct outcome	*o;

	while ((o = TAILQ_FIRST(&r->outcomes)) != NULL) {
		TAILQ_REMOVE(&r->outcomes, o, round);
		r->reported(o, stored);
	}
	free(r->items);
	free(r);
}

static int
by_index(const void *a, const void *b)
{
	const struct report_item	*x = a, *y = b;

	if (x->index != y->index)
		return x->index < y->index ? -1 : 1;
	return (int)x->action - (int)y->action;
}

/*
 * In the order of the envelope: a round that comes again after our death
 * makes the same report, in whatever order its outcomes come.
 *
 * Without memory they are reported as if they had not been stored: later.
 */
static int
gather(struct round *r)
{
	const struct outcome	*o;
	size_t			 n = 0;

	if ((r->items = calloc(r->n_items, sizeof(*r->items))) == NULL)
		return -1;
	TAILQ_FOREACH(o, &r->outcomes, round) {
		memcpy(r->items + n, o->items,
		    o->n_items * sizeof(*o->items));
		n += o->n_items;
	}
	qsort(r->items, n, sizeof(*r->items), by_index);
	return 0;
}

static uint64_t
latest_end(const struct round *r)
{
	const struct outcome	*o;
	uint64_t		 until = 0, end;

	TAILQ_FOREACH(o, &r->outcomes, round)
		if ((end = fate_until(o->part)) > until)
			until = end;
	return until;
}

static void
round_end(struct round *r)
{
	struct mail	*m = TAILQ_FIRST(&r->outcomes)->part->mail;

	m->flags &= (uint8_t)~MAIL_ROUND;
	LIST_REMOVE(r, entry);
	n_rounds--;
	if (r->timer != NULL)
		event_free(r->timer);
	if (gather(r) == -1)
		on_reported(r, false);
	else
		report_send(m, latest_end(r), r->items, r->n_items,
		    on_reported, r);
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	round_end(arg);
}

/* ---- its beginning ----------------------------------------------------- */

/* Whether more of the message may soon come to an end, beside those n. */
static bool
is_busy(const struct mail *m, size_t n)
{
	size_t	 busy = 0;

	for (const struct part *p = m->parts; p != NULL; p = p->next)
		busy += p->state == PART_ACTIVE || p->state == PART_READY;
	return busy > n;
}

static struct round *
round_new(struct mail *m)
{
	static const struct timeval	 wait = { ROUND_MS / 1000, 0 };
	struct round			*r = calloc(1, sizeof(*r));

	if (r == NULL)
		return NULL;
	r->id = m->id;
	TAILQ_INIT(&r->outcomes);
	r->timer = evtimer_new(proc_base(), on_timer, r);
	if (r->timer == NULL) {
		free(r);
		return NULL;
	}
	evtimer_add(r->timer, &wait);
	LIST_INSERT_HEAD(&rounds, r, entry);
	n_rounds++;
	m->flags |= MAIL_ROUND;
	return r;
}

void
round_report(struct outcome *o,
    void (*reported)(struct outcome *, bool stored))
{
	struct mail	*m = o->part->mail;
	struct round	*r;

	r = m->flags & MAIL_ROUND ? find(m) : NULL;
	if (r != NULL && r->n_items + o->n_items > ROUND_ITEMS_MAX) {
		round_end(r);
		r = NULL;
	}
	if (r == NULL)
		r = round_new(m);
	if (r == NULL) {
		reported(o, false);
		return;
	}
	r->reported = reported;
	TAILQ_INSERT_TAIL(&r->outcomes, o, round);
	r->n++;
	r->n_items += o->n_items;
	if (!is_busy(m, r->n) || n_rounds > ROUNDS_MAX)
		round_end(r);
}

void
round_look(const struct mail *m)
{
	struct round	*r;

	if ((m->flags & MAIL_ROUND) == 0 || (r = find(m)) == NULL)
		return;
	if (!is_busy(m, r->n))
		round_end(r);
}
