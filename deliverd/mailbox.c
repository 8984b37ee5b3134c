/*
 * Jobs for mailboxes: the routes that queued has woken, and the jobs whose
 * recipients box.c is putting into their mailboxes.  A job ends when the
 * last of its recipients has.
 */
#include "mailbox.h"

#include <stdlib.h>

#include "box.h"
#include "expiry.h"
#include "log.h"
#include "numbers.h"
#include "peer.h"
#include "proc.h"

#define WINDOW		20	/* jobs in hand, of a route */
#define SLEEP_MS	10000	/* without a job; then the window is 0 */

struct local_route {
	struct numbered		 by_number;	/* first */
	struct expiring		 idling;
	TAILQ_ENTRY(local_route) entry;
	uint16_t		 delivery;
	size_t			 in_hand;
	bool			 dead;		/* its queued is */
};

static TAILQ_HEAD(, local_route) routes = TAILQ_HEAD_INITIALIZER(routes);
static struct numbers		 by_number;
static struct expiry		 idling;
static size_t			 in_hand;	/* of all routes */
static void			(*on_stopped)(void);

static void
tell_window(const struct local_route *r, uint32_t window)
{
	struct route_window	 m = {
		.route = r->by_number.number,
		.window = window,
	};

	if (!proc_stopping())
		peer_send(proc_peer(ROLE_QUEUED), ROUTE_WINDOW, 0, &m);
}

static void
route_free(struct local_route *r)
{
	expiry_remove(&idling, &r->idling);
	if (!r->dead)
		numbers_remove(&by_number, &r->by_number);
	TAILQ_REMOVE(&routes, r, entry);
	free(r);
}

static void
on_idle_too_long(struct expiring *e)
{
	struct local_route	*r = (struct local_route *)((char *)e -
				    offsetof(struct local_route, idling));

	tell_window(r, 0);
	route_free(r);
}

static struct local_route *
route_new(uint32_t number)
{
	struct local_route	*r = calloc(1, sizeof(*r));

	if (r == NULL)
		return NULL;
	r->by_number.number = number;
	numbers_add(&by_number, &r->by_number);
	TAILQ_INSERT_TAIL(&routes, r, entry);
	return r;
}

void
mailbox_wake(const struct route_wake *m)
{
	struct local_route	*r = (struct local_route *)numbers_find(
				    &by_number, m->route);

	if (r == NULL && (r = route_new(m->route)) == NULL)
		return;		/* no memory: queued wakes us again */
	r->delivery = m->delivery;
	tell_window(r, WINDOW);
	if (r->in_hand == 0)
		expiry_add(&idling, &r->idling, SLEEP_MS);
}

/* ---- jobs -------------------------------------------------------------- */

static void
check_stop(void)
{
	if (on_stopped != NULL && in_hand == 0)
		on_stopped();
}

static void
end_task(struct task *t)
{
	struct local_route	*r = t->owner;

	task_end(t);
	in_hand--;
	if (--r->in_hand == 0) {
		if (r->dead)
			route_free(r);
		else
			expiry_add(&idling, &r->idling, SLEEP_MS);
	}
	check_stop();
}

static void
on_rcpt_done(struct task *t, size_t rcpt, const struct outcome *o)
{
	result_set(t->result, rcpt, o);
	if (--t->open == 0)
		end_task(t);
}

/* One process for all of a rule, unless it delivers as the recipient. */
static uint32_t
slot_of(const struct task_rcpt *rcpt, uint16_t delivery)
{
	const struct conf	*conf = proc_conf();

	if (delivery >= conf->n_deliveries ||
	    !conf->deliveries[delivery].as_recipient)
		return 0;
	return rcpt->slot;
}

void
mailbox_job(uint32_t number, struct task *t)
{
	struct local_route	*r = (struct local_route *)numbers_find(
				    &by_number, number);
	size_t			 n = t->n_rcpts;

	/* it was sent before queued heard that the route sleeps; or, in a
	 * reload, before queued and we came to the same configuration */
	if (r == NULL || proc_stopping() || n == 0 ||
	    t->conf != proc_conf()->number) {
		task_end(t);
		return;
	}
	expiry_remove(&idling, &r->idling);
	r->in_hand++;
	in_hand++;
	t->owner = r;
	t->open = n;
	/* the last one done frees the task, and that may be at once */
	for (size_t i = 0; i < n; i++)
		box_put(t, i, r->delivery, slot_of(&t->rcpts[i],
		    r->delivery));
}

void
mailbox_queued_lost(void)
{
	struct local_route	*r, *next;

	for (r = TAILQ_FIRST(&routes); r != NULL; r = next) {
		next = TAILQ_NEXT(r, entry);
		if (!r->dead)
			numbers_remove(&by_number, &r->by_number);
		r->dead = true;
		expiry_remove(&idling, &r->idling);
		if (r->in_hand == 0)
			route_free(r);
	}
}

/* ---- the process ------------------------------------------------------- */

void
mailbox_setup(void)
{
	expiry_init(&idling, on_idle_too_long);
	box_setup(on_rcpt_done);
}

void
mailbox_stop(void (*stopped)(void))
{
	on_stopped = stopped;
	check_stop();
}

void
mailbox_abort(void)
{
	on_stopped = NULL;	/* our caller ends the process */
	box_abort();
}
