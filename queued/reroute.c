/*
 * Envelopes are read again, since addresses are not kept in memory.  No
 * window is needed for it: the old route may be one that never opens again.
 */
#include "reroute.h"

#include <stdlib.h>

#include "log.h"

#include "outcome.h"
#include "router.h"
#include "schedule.h"

#define TURN_MAX	16	/* of a route, in one turn of the loop */
#define OPEN_MAX	256	/* envelopes asked for and not yet there */

static unsigned	 n_open;

/* The parts that take its place, each on its route. */
static void
replace_part(struct part *p, struct plan *plan)
{
	struct mail	*m = p->mail;

	if (mail_plan(m, plan, p->n, router_epoch(), p->sender) == -1) {
		outcome_defer(p);
		return;
	}
	part_free(p);
	schedule_mail(m);
}

/* How many of its recipients have a route, and whether it is the same. */
static size_t
plan_part(const struct part *p, const struct envelope *e, struct plan *plan,
    bool *same)
{
	struct str	 address;
	size_t		 n;

	*same = true;
	for (n = 0; n < p->n; n++) {
		if (p->rcpts[n] >= e->n_rcpts)
			break;
		address = e->rcpts[p->rcpts[n]].address;
		if (router_route(address, &plan[n].route) != ROUTE_FOUND)
			break;
		plan[n].due_s = 0;
		plan[n].tries = p->tries;
		plan[n].index = p->rcpts[n];
		*same &= plan[n].route == p->route;
	}
	return n;
}

static void
on_envelope(void *arg, const struct envelope *e,
    const struct spool_rcpt *states)
{
	struct part	*p = arg;
	struct plan	 plan[JOB_RCPTS_MAX];
	struct route	*old = route_hold(p->route);
	size_t		 n = 0;
	bool		 same = true;

	(void)states;
	n_open--;
	p->epoch = router_epoch();
	if (e != NULL)
		n = plan_part(p, e, plan, &same);
	if (n < p->n || same)	/* cannot be told: where it was */
		outcome_return(p);
	else
		replace_part(p, plan);
	while (n > 0)
		route_drop(plan[--n].route);
	route_drop(old);
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
		n_open++;
		spool_load_envelope(&p->mail->id, p->mail->place, on_envelope,
		    p);
	}
	return n != 0;
}
