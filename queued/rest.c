/*
 * One timer for a route, whatever it waits for; when it goes off, what the
 * route may do is looked at anew.
 */
#include "rest.h"

#include <event2/event.h>

#include "proc.h"

#include "dispatch.h"
#include "fate.h"
#include "outcome.h"
#include "reply.h"
#include "schedule.h"

#define EXPIRE_LOOK	256	/* senders looked at, and ... */
#define EXPIRE_TURN	16	/* ... parts given up in one turn of the loop */

/* ---- the timer --------------------------------------------------------- */

static void
on_route_timer(evutil_socket_t fd, short what, void *arg)
{
	struct route	*r = arg;

	(void)fd, (void)what;
	event_free(r->timer);
	r->timer = NULL;
	r->down = false;
	dispatch_attend(r);
}

/* It is attended to again then; -1: no memory. */
static int
route_wait(struct route *r, uint64_t ms)
{
	struct timeval	 tv = { (time_t)(ms / 1000),
	    (suseconds_t)(ms % 1000 * 1000) };

	if (r->timer == NULL)
		r->timer = evtimer_new(proc_base(), on_route_timer, r);
	return r->timer != NULL ? evtimer_add(r->timer, &tv) : -1;
}

void
rest_down(struct route *r, uint32_t s)
{
	/* without memory it is tried at once */
	r->down = route_wait(r, s * UINT64_C(1000)) == 0;
}

void
rest_end(struct route *r)
{
	static const struct timeval	 now = { 0, 0 };

	if (r->timer != NULL)
		evtimer_add(r->timer, &now);
}

/* ---- what is too old --------------------------------------------------- */

/*
 * Of a route that has been down nothing is ever tried, so those whose time
 * is over are given up here.  They stand in front of their sender's: what
 * became ready first is about what came first.
 */
void
rest_expire(struct route *r)
{
	struct part	*p;
	int		 expired = 0;

	for (int n = 0; n < EXPIRE_LOOK && expired < EXPIRE_TURN; n++) {
		if ((p = schedule_peek(r)) == NULL)
			return;
		if (!fate_is_expired(p)) {
			schedule_pass(r);
			continue;
		}
		schedule_take(p);
		outcome_expired(p, reply_text(r->down_reply));
		expired++;
	}
	if (expired != 0)
		dispatch_attend(r);
}

/* ---- rates ------------------------------------------------------------- */

/* What is due in a second may go at once. */
static struct bucket_rate
rate_of(const struct route *r)
{
	struct bucket_rate	 rate = { r->spec.rate_messages,
	    r->spec.rate_ms, 1 };
	uint64_t		 second = rate.count == 0 ? 0 :
	    rate.count * UINT64_C(1000) / rate.interval_ms;

	if (second > 1)
		rate.burst = (uint32_t)second;
	return rate;
}

bool
rest_by_rate(struct route *r)
{
	struct bucket_rate	 rate = rate_of(r);
	uint32_t		 ms;

	if (rate.count == 0 || (ms = bucket_wait_ms(&r->sent, &rate, 1)) == 0)
		return false;
	route_wait(r, ms);
	return true;
}

void
rest_count(struct route *r)
{
	struct bucket_rate	 rate = rate_of(r);

	if (rate.count != 0)
		bucket_take(&r->sent, &rate, 1);
}
