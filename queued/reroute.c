/*
 * Envelopes are read again, since addresses are not kept in memory.  No
 * window is needed for it: the old route may be one that never opens again.
 */
#include "reroute.h"

#include <stdlib.h>

#include "log.h"
#include "xmalloc.h"

#include "outcome.h"
#include "override.h"
#include "reply.h"
#include "router.h"
#include "schedule.h"

#define TURN_MAX	16	/* of a route, in one turn of the loop */
#define OPEN_MAX	256	/* envelopes asked for and not yet there */

/* Waits for its envelope. */
struct rerouting {
	struct part	*part;
	uint32_t	 due_s;
};

static unsigned	 n_open;

/* The parts that take its place, each on its route; what is known of the last
 * try stays with them. */
static void
replace_part(struct part *p, struct plan *plan)
{
	struct mail	*m = p->mail;
	struct part	*old = m->parts;

	if (mail_plan(m, plan, p->n, router_epoch(), p->sender) == -1) {
		outcome_defer(p);
		return;
	}
	for (struct part *new = m->parts; new != old; new = new->next) {
		new->reply = reply_hold(reply_text(p->reply));
		new->deaths = p->deaths;
	}
	part_free(p);
	schedule_mail(m);
}

/* How many of its recipients have a route, and whether it is the same. */
static size_t
plan_part(const struct part *p, const struct envelope *e, uint32_t due_s,
    struct plan *plan, bool *same)
{
	struct str	 address;
	size_t		 n;

	*same = true;
	for (n = 0; n < p->n; n++) {
		if (p->rcpts[n] >= e->n_rcpts)
			break;
		address = e->rcpts[p->rcpts[n]].address;
		if (override_route(&p->mail->id, p->rcpts[n], address,
		    &plan[n].route) != ROUTE_FOUND)
			break;
		plan[n].due_s = due_s;
		plan[n].tries = p->tries;
		plan[n].index = p->rcpts[n];
		*same &= plan[n].route == p->route;
	}
	return n;
}

static void
drop_routes(struct plan *plan, size_t n)
{
	while (n > 0)
		route_drop(plan[--n].route);
}

/* Where it was. */
static void
stay(struct part *p, uint32_t due_s)
{
	if (due_s == 0 || (p->mail->flags & MAIL_REMOVED) != 0)
		outcome_return(p);
	else
		schedule_part(p, due_s);
}

/* due_s: 0 for its place in front. */
static void
route_anew(struct part *p, const struct envelope *e, uint32_t due_s)
{
	struct plan	 plan[JOB_RCPTS_MAX];
	struct route	*old = route_hold(p->route);
	size_t		 n = 0;
	bool		 same = true;

	p->epoch = router_epoch();
	if (e != NULL && (p->mail->flags & MAIL_REMOVED) == 0)
		n = plan_part(p, e, due_s, plan, &same);
	if (n < p->n || same)	/* cannot be told */
		stay(p, due_s);
	else
		replace_part(p, plan);
	drop_routes(plan, n);
	route_drop(old);
}

static void
on_envelope(void *arg, const struct envelope *e,
    const struct spool_rcpt *states)
{
	struct rerouting	 r = *(struct rerouting *)arg;

	(void)states;
	free(arg);
	n_open--;
	route_anew(r.part, e, r.due_s);
}

void
reroute_later(struct part *p, uint32_t due_s)
{
	struct rerouting	*r = xcalloc(1, sizeof(*r));

	*r = (struct rerouting){ p, due_s };
	n_open++;
	spool_load_envelope(&p->mail->id, p->mail->place, on_envelope, r);
}

void
reroute_part(struct part *p, const struct envelope *e)
{
	route_anew(p, e, 0);
}

bool
reroute_front(struct route *r)
{
	struct part	*p;
	int		 n;

	for (n = 0; n < TURN_MAX && n_open < OPEN_MAX; n++) {
		p = schedule_peek(r);
		if (p == NULL || p->epoch == router_epoch())
			break;
		schedule_take(p);
		reroute_later(p, 0);
	}
	return n != 0;
}

/* ---- one message ------------------------------------------------------- */

/* It is in a queue, or held. */
static void
move_part(struct part *p, const struct envelope *e)
{
	struct plan	 plan[JOB_RCPTS_MAX];
	struct route	*old = route_hold(p->route);
	uint32_t	 due_s = p->state == PART_DEFERRED ?
			    p->in.heap.due_s : 0;
	bool		 same;
	size_t		 n = plan_part(p, e, due_s, plan, &same);

	if (n == p->n && !same) {
		schedule_take(p);
		replace_part(p, plan);
	}
	drop_routes(plan, n);
	route_drop(old);
}

void
reroute_mail(struct mail *m, const struct envelope *e)
{
	struct part	*list[RCPTS_MAX];	/* each has a recipient */
	size_t		 n = 0;

	for (struct part *p = m->parts; p != NULL; p = p->next)
		if (p->state == PART_ACTIVE)
			p->epoch = (uint16_t)(router_epoch() - 1);
		else
			list[n++] = p;
	for (size_t i = 0; i < n; i++)
		move_part(list[i], e);
}
