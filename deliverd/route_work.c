/*
 * The work of routes: jobs and questions that wait for a connection, and the
 * connections that they are worth.
 */
#include "route_impl.h"

#include "clock.h"
#include "proc.h"

#include "host.h"

#define FAILURES_MAX	3	/* connections broken in a row: down */
#define LOSSES_MAX	3	/* of one job, before it is deferred */

/* ---- jobs -------------------------------------------------------------- */

void
route_end_task(struct route *r, struct task *t, bool heard)
{
	r->in_hand--;
	if (heard) {
		r->failures = 0;
		r->down_s = 0;
		flow_good(&r->flow, r->concurrency);
	}
	task_end(t);
}

static struct task_list *
list_of(struct route *r, const struct task *t)
{
	return t->question != NULL ? &r->questions : &r->waiting;
}

static struct task *
take_waiting(struct route *r)
{
	struct task	*t = TAILQ_FIRST(&r->questions);

	if (t == NULL)
		t = TAILQ_FIRST(&r->waiting);
	if (t == NULL)
		return NULL;
	TAILQ_REMOVE(list_of(r, t), t, entry);
	r->n_waiting--;
	return t;
}

struct task *
route_next_task(struct route *r)
{
	return take_waiting(r);
}

void
route_end_with(struct route *r, struct task *t, const struct outcome *why)
{
	result_set_rest(t->result, t->n_rcpts, why);
	r->in_hand--;
	task_end(t);
}

/* Ends all that wait: questions and the first max jobs with why, the others
 * untried. */
void
route_end_waiting(struct route *r, size_t max, const struct outcome *why)
{
	struct task	*t;

	while ((t = take_waiting(r)) != NULL) {
		if (t->question == NULL && max == 0) {
			r->in_hand--;
			task_end(t);
			continue;
		}
		max -= t->question == NULL;
		route_end_with(r, t, why);
	}
}

void
route_stop_waiting(struct route *r)
{
	struct outcome	 why;

	outcome_say(&why, RCPT_RETURNED, "4.3.2", "this host is stopping");
	route_end_waiting(r, 0, &why);
}

void
route_return_task(struct route *r, struct task *t)
{
	struct outcome	 why;

	if (t->losses >= LOSSES_MAX && !proc_stopping()) {
		outcome_say(&why, RCPT_DEFERRED, "4.4.2",
		    "connection lost %u times before a reply", t->losses);
		route_end_with(r, t, &why);
		return;
	}
	TAILQ_INSERT_HEAD(list_of(r, t), t, entry);
	r->n_waiting++;
	if (proc_stopping())
		route_stop_waiting(r);
}

/* ---- connections ------------------------------------------------------- */

struct pool *
route_pool(struct route *r)
{
	return &r->pool;
}

void
route_conn_failed(struct route *r, bool reached, const struct outcome *why)
{
	r->failures++;
	r->full = 0;
	flow_bad(&r->flow, r->concurrency, clock_ms());
	/* others may still do; and one that was reached gets more chances */
	if (r->state != ROUTE_OPEN || r->pool.n != 0 ||
	    (reached && r->failures < FAILURES_MAX))
		return;
	route_fail(r, why);
}

/* Whether one connection more would do any good, and no harm. */
static bool
may_grow(const struct route *r)
{
	const struct targets	*t = &r->targets;

	if (r->pool.n_opening != 0 ||
	    r->pool.n >= flow_limit(&r->flow, r->concurrency))
		return false;
	for (size_t i = 0; i < t->n_best && !r->by_service; i++)
		if (!host_is_full(&t->list[i].addr, r->concurrency))
			return true;
	return r->by_service;
}

static size_t
wanted_conns(const struct route *r)
{
	const struct pool	*pool = &r->pool;

	if (pool->n == 0)
		return r->n_waiting != 0 || r->woken ? route_first_conns(r) : 0;
	/* somebody waits for the answer, while mails are being sent */
	if (!TAILQ_EMPTY(&r->questions) && r->failures == 0 && may_grow(r))
		return pool->n + 1;
	if (r->full > r->window && may_grow(r))
		return pool->n + 1;
	return pool->n;
}

static void
open_conns(struct route *r)
{
	struct outcome	 why;
	size_t		 wanted = wanted_conns(r);

	if (wanted <= r->pool.n)
		return;
	/* old hosts serve until the new ones are known */
	if (r->targets.n == 0 || r->pool.n == 0)
		route_resolve(r);
	else if (!route_hosts_are_fresh(r))
		route_ask_hosts(r);
	while (r->state == ROUTE_OPEN && r->pool.n < wanted) {
		r->full = 0;
		r->woken = false;
		if (pool_open(&r->pool, r, &why) == -1) {
			route_conn_failed(r, false, &why);
			break;
		}
	}
}

static void
hand_out(struct route *r)
{
	struct conn	*conn;

	while (r->n_waiting != 0 && (conn = pool_pick(&r->pool)) != NULL)
		client_wake(conn->client);
}

static bool
may_go(const struct route *r)
{
	if (r->in_hand != 0 || r->pool.n != 0)
		return false;
	return r->state == ROUTE_OPEN || proc_stopping() || !r->numbered;
}

void
route_balance(struct route *r)
{
	/* what this does may end connections, which come here again */
	if (r->balancing) {
		r->again = true;
		return;
	}
	r->balancing = true;
	do {
		r->again = false;
		hand_out(r);
		if (r->state == ROUTE_OPEN && !proc_stopping())
			open_conns(r);
	} while (r->again);
	route_announce(r);
	r->balancing = false;
	if (may_go(r))
		route_free(r);
	route_check_stop();
}
