/*
 * The memory that sessions share.  Owns the sum and the list of those that
 * wait; looks at the list at the end of a turn in which somebody let go of
 * something.
 */
#include "budget.h"

#include <event2/event.h>

#include "log.h"

static struct event		*release;
static size_t			 total, max, holders;
static TAILQ_HEAD(, share)	 waiting = TAILQ_HEAD_INITIALIZER(waiting);

static bool
is_over(const struct share *s)
{
	return total > max && holders != 0 && s->held > total / holders;
}

static void
on_release(evutil_socket_t fd, short what, void *arg)
{
	struct share	*s, *next;

	(void)fd, (void)what, (void)arg;
	for (s = TAILQ_FIRST(&waiting); s != NULL; s = next) {
		next = TAILQ_NEXT(s, link);
		if (is_over(s))
			continue;
		TAILQ_REMOVE(&waiting, s, link);
		s->waiting = false;
		s->go_on(s);
		/* it may have freed others: begin again, in a new turn */
		if (!TAILQ_EMPTY(&waiting))
			event_active(release, EV_TIMEOUT, 0);
		return;
	}
}

void
budget_setup(struct event_base *base, size_t most)
{
	max = most;
	if (release == NULL)
		release = event_new(base, -1, 0, on_release, NULL);
	if (release == NULL)
		fatal("out of memory for events");
}

void
budget_hold(struct share *s, size_t held)
{
	if (held < s->held && !TAILQ_EMPTY(&waiting))
		event_active(release, EV_TIMEOUT, 0);
	holders += held != 0;
	holders -= s->held != 0;
	total = total - s->held + held;
	s->held = held;
	if (held == 0 && s->waiting) {
		TAILQ_REMOVE(&waiting, s, link);
		s->waiting = false;
	}
}

bool
budget_must_wait(struct share *s)
{
	if (!is_over(s))
		return false;
	if (!s->waiting)
		TAILQ_INSERT_TAIL(&waiting, s, link);
	s->waiting = true;
	return true;
}

size_t
budget_total(void)
{
	return total;
}
