/*
 * The timer is left armed when its first goes early: it then fires for
 * nothing and is set for the next, which is cheaper than setting it for
 * every connection that is used again.
 */
#include "expiry.h"

#include <event2/event.h>

#include "clock.h"
#include "log.h"
#include "proc.h"

static void
arm(struct expiry *x)
{
	struct expiring	*first = TAILQ_FIRST(&x->waiting);
	uint64_t	 now = clock_ms(), ms;
	struct timeval	 tv;

	if (first == NULL || evtimer_pending(x->timer, NULL))
		return;
	ms = first->at_ms > now ? first->at_ms - now : 0;
	tv.tv_sec = (time_t)(ms / 1000);
	tv.tv_usec = (suseconds_t)(ms % 1000 * 1000);
	evtimer_add(x->timer, &tv);
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct expiry	*x = arg;
	struct expiring	*first;
	uint64_t	 now = clock_ms();

	(void)fd, (void)what;
	while ((first = TAILQ_FIRST(&x->waiting)) != NULL &&
	    first->at_ms <= now) {
		expiry_remove(x, first);
		x->expired(first);
	}
	arm(x);
}

void
expiry_init(struct expiry *x, void (*expired)(struct expiring *))
{
	TAILQ_INIT(&x->waiting);
	x->expired = expired;
	x->timer = evtimer_new(proc_base(), on_timer, x);
	if (x->timer == NULL)
		fatal("no memory for a timer");
}

void
expiry_add(struct expiry *x, struct expiring *e, uint32_t after_ms)
{
	expiry_remove(x, e);
	e->at_ms = clock_ms() + after_ms;
	TAILQ_INSERT_TAIL(&x->waiting, e, entry);
	arm(x);
}

void
expiry_remove(struct expiry *x, struct expiring *e)
{
	if (e->at_ms == 0)
		return;
	e->at_ms = 0;
	TAILQ_REMOVE(&x->waiting, e, entry);
}
