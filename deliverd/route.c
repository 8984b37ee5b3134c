/*
 * Routes: from queued's ROUTE_WAKE to the window it is told, and back to
 * sleep.  Owns the routes and the jobs that wait for a connection.
 *
 * The window is twice the number of connections, so that each finds its next
 * job here when it has sent one.  It grows by a connection each time queued
 * has filled it a whole window long: more is waiting there than we can see.
 */
#include "route.h"

#include <stdlib.h>

#include "log.h"
#include "peer.h"
#include "proc.h"

#define JOBS_PER_CONN	2
#define BACKLOG_FOR_TWO	4	/* waiting: begin with two connections */
#define WINDOW_FAILING	50	/* jobs are ended as they come */
#define FAILING_MS	5000	/* then the hosts are looked up again */
#define FAILURES_MAX	3	/* connections broken in a row: down */
#define LOSSES_MAX	3	/* of one job, before it is deferred */
#define DOWN_FIRST_S	60	/* or the shortest retry configured */
#define DOWN_MAX_S	900	/* each time twice as long, up to this */
#define DOWN_KEPT_MS	7200000	/* who is not woken again is forgotten */

static TAILQ_HEAD(, route)	 routes = TAILQ_HEAD_INITIALIZER(routes);
static struct numbers		 by_number;
static struct expiry		 failing, down;
static void			(*on_stopped)(void);

/* ---- routes come and go ------------------------------------------------ */

static void
rest_over(struct expiring *e)
{
	struct route	*r = (struct route *)((char *)e -
			    offsetof(struct route, resting));

	/* it now has no connection, and goes unless it has jobs */
	r->state = ROUTE_OPEN;
	r->targets_until_ms = 0;
	route_balance(r);
}

void
route_setup(void)
{
	expiry_init(&failing, rest_over);
	expiry_init(&down, rest_over);
	pool_setup();
}

static void
stop_resting(struct route *r)
{
	if (r->state == ROUTE_FAILING)
		expiry_remove(&failing, &r->resting);
	else if (r->state == ROUTE_DOWN)
		expiry_remove(&down, &r->resting);
}

static void
route_free(struct route *r)
{
	stop_resting(r);
	if (r->asked != 0)
		peer_forget(r->resolver, r->asked);
	if (r->numbered)
		numbers_remove(&by_number, &r->by_number);
	TAILQ_REMOVE(&routes, r, entry);
	targets_clear(&r->targets);
	free(r);
}

static bool
is_hop_of(const struct route *r, const struct route_wake *m)
{
	return r->via == m->via && r->port == m->port &&
	    str_equal(str_bytes(r->next_hop, r->n_next_hop), m->next_hop);
}

static struct route *
route_new(const struct route_wake *m)
{
	struct route	*r = calloc(1, sizeof(*r));

	if (r == NULL)
		return NULL;
	r->port = m->port;
	r->via = m->via;
	r->state = ROUTE_OPEN;
	TAILQ_INIT(&r->waiting);
	pool_init(&r->pool);
	r->n_next_hop = m->next_hop.n;
	if (m->next_hop.n != 0)
		memcpy(r->next_hop, m->next_hop.p, m->next_hop.n);
	TAILQ_INSERT_TAIL(&routes, r, entry);
	return r;
}

/* One left over from the queued before, or a new one. */
static struct route *
route_get(const struct route_wake *m)
{
	struct route	*r;

	/* those without a number come first, and are few */
	TAILQ_FOREACH(r, &routes, entry) {
		if (r->numbered)
			break;
		if (is_hop_of(r, m))
			return r;
	}
	return route_new(m);
}

/* ---- the ends of jobs -------------------------------------------------- */

void
route_end_task(struct route *r, struct task *t, bool heard)
{
	r->in_hand--;
	if (heard) {
		r->failures = 0;
		r->down_s = 0;
	}
	task_end(t);
}

static struct task *
take_waiting(struct route *r)
{
	struct task	*t = TAILQ_FIRST(&r->waiting);

	if (t == NULL)
		return NULL;
	TAILQ_REMOVE(&r->waiting, t, entry);
	r->n_waiting--;
	return t;
}

struct task *
route_next_task(struct route *r)
{
	return take_waiting(r);
}

/* Ends all that wait: the first max with why, the others untried. */
static void
end_waiting(struct route *r, size_t max, const struct outcome *why)
{
	struct task	*t;

	while ((t = take_waiting(r)) != NULL) {
		if (max != 0) {
			result_set_rest(t->result, t->n_rcpts, why);
			max--;
		}
		r->in_hand--;
		task_end(t);
	}
}

void
route_return_task(struct route *r, struct task *t)
{
	struct outcome	 why;

	TAILQ_INSERT_HEAD(&r->waiting, t, entry);
	r->n_waiting++;
	if (proc_stopping()) {
		end_waiting(r, 0, NULL);
	} else if (t->losses >= LOSSES_MAX) {
		outcome_say(&why, RCPT_DEFERRED, "4.4.2",
		    "connection lost %u times before a reply", t->losses);
		take_waiting(r);
		result_set_rest(t->result, t->n_rcpts, &why);
		r->in_hand--;
		task_end(t);
	}
}

/* ---- what queued is told ----------------------------------------------- */

static size_t
first_conns(const struct route *r)
{
	return r->backlog > BACKLOG_FOR_TWO && r->concurrency > 1 ? 2 : 1;
}

static uint32_t
window_of(const struct route *r)
{
	switch (r->state) {
	case ROUTE_RESOLVING:
		return (uint32_t)(JOBS_PER_CONN * first_conns(r));
	case ROUTE_OPEN:
		return (uint32_t)(JOBS_PER_CONN * r->pool.n);
	case ROUTE_FAILING:
		return WINDOW_FAILING;
	case ROUTE_DOWN:
		break;
	}
	return 0;
}

static void
announce(struct route *r)
{
	struct route_window	 m = {
		.route = r->by_number.number,
		.window = window_of(r),
	};

	if (m.window == r->window)
		return;
	r->window = m.window;
	if (r->numbered && !proc_stopping())
		peer_send(proc_peer(ROLE_QUEUED), ROUTE_WINDOW, 0, &m);
}

/* The shortest that the postmaster wants to wait anywhere, if that is less. */
static uint32_t
down_first_s(void)
{
	const struct conf	*conf = proc_conf();
	uint32_t		 s = DOWN_FIRST_S;

	for (size_t i = 0; i < conf->n_routes; i++)
		if (conf->routes[i].retry_min_s < s)
			s = conf->routes[i].retry_min_s;
	return s != 0 ? s : 1;
}

/*
 * Nothing can be delivered now.  One job bears the reason, so that its mail
 * shows it and waits its turn; the others go back untried.  queued hears of
 * it before they come, lest it send them again.
 */
static void
go_down(struct route *r, const struct outcome *why)
{
	struct route_down	 m = {
		.route = r->by_number.number,
		.why = str_bytes(why->text, why->n),
	};

	r->down_s = r->down_s == 0 ? down_first_s() : 2 * r->down_s;
	if (r->down_s > DOWN_MAX_S)
		r->down_s = DOWN_MAX_S;
	m.retry_s = r->down_s;
	log_debug("route next-hop=%.*s down for=%us: %.*s",
	    (int)r->n_next_hop, r->next_hop, r->down_s,
	    (int)why->n, why->text);
	r->state = ROUTE_DOWN;
	r->woken = false;
	expiry_add(&down, &r->resting, DOWN_KEPT_MS);
	if (r->numbered)
		peer_send(proc_peer(ROLE_QUEUED), ROUTE_DOWN, 0, &m);
	announce(r);
	end_waiting(r, 1, why);
}

/* Nothing can ever be delivered, as far as we can see. */
static void
go_failing(struct route *r, const struct outcome *why)
{
	r->state = ROUTE_FAILING;
	r->woken = false;
	r->verdict = *why;
	expiry_add(&failing, &r->resting, FAILING_MS);
	end_waiting(r, r->n_waiting, why);
}

void
route_fail(struct route *r, const struct outcome *why)
{
	if (why->status == RCPT_FAILED)
		go_failing(r, why);
	else
		go_down(r, why);
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
	/* others may still do; and one that was reached gets more chances */
	if (r->state != ROUTE_OPEN || r->pool.n != 0 ||
	    (reached && r->failures < FAILURES_MAX))
		return;
	route_fail(r, why);
}

static size_t
wanted_conns(const struct route *r)
{
	const struct pool	*pool = &r->pool;

	if (pool->n == 0)
		return r->n_waiting != 0 || r->woken ? first_conns(r) : 0;
	if (r->full > r->window && pool->n_opening == 0 &&
	    pool->n < r->concurrency)
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
		if (pool_open(&r->pool, r, &why) == -1)
			route_conn_failed(r, false, &why);
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
	announce(r);
	r->balancing = false;
	if (may_go(r))
		route_free(r);
	route_check_stop();
}

/* ---- for queued -------------------------------------------------------- */

void
route_wake(const struct route_wake *m)
{
	struct route	*r = (struct route *)numbers_find(&by_number,
			    m->route);

	if (r == NULL) {
		if ((r = route_get(m)) == NULL)
			return;		/* no memory: queued wakes us again */
		r->by_number.number = m->route;
		r->numbered = true;
		numbers_add(&by_number, &r->by_number);
		TAILQ_REMOVE(&routes, r, entry);
		TAILQ_INSERT_TAIL(&routes, r, entry);
	}
	r->concurrency = m->concurrency != 0 ? m->concurrency : 1;
	r->backlog = m->waiting;
	r->window = 0;		/* as queued thinks */
	if (r->state == ROUTE_DOWN) {
		stop_resting(r);
		r->state = ROUTE_OPEN;
	}
	r->woken = r->state == ROUTE_OPEN;
	route_balance(r);
}

void
route_job(uint32_t number, struct task *t)
{
	struct route	*r = (struct route *)numbers_find(&by_number, number);

	/* it was sent before queued heard that the route sleeps, or is down */
	if (r == NULL || r->state == ROUTE_DOWN || proc_stopping()) {
		task_end(t);
		return;
	}
	if (r->state == ROUTE_FAILING) {
		result_set_rest(t->result, t->n_rcpts, &r->verdict);
		task_end(t);
		return;
	}
	TAILQ_INSERT_TAIL(&r->waiting, t, entry);
	r->n_waiting++;
	if (++r->in_hand >= r->window)
		r->full++;
	route_balance(r);
}

void
route_queued_lost(void)
{
	struct route	*r, *next;

	for (r = TAILQ_FIRST(&routes); r != NULL; r = next) {
		next = TAILQ_NEXT(r, entry);
		if (r->numbered)
			numbers_remove(&by_number, &r->by_number);
		r->numbered = false;
		r->window = 0;
		route_balance(r);
	}
}

void
route_forget_hosts(void)
{
	struct route	*r;

	TAILQ_FOREACH(r, &routes, entry)
		r->targets_until_ms = 0;
}

void
route_stop(void (*stopped)(void))
{
	struct route	*r, *next;

	on_stopped = stopped;
	for (r = TAILQ_FIRST(&routes); r != NULL; r = next) {
		next = TAILQ_NEXT(r, entry);
		r->balancing = true;	/* it goes at the end, not before */
		end_waiting(r, 0, NULL);
		pool_leave(&r->pool);
		r->balancing = false;
		route_balance(r);
	}
	route_check_stop();
}

void
route_abort(void)
{
	struct route	*r, *next;

	for (r = TAILQ_FIRST(&routes); r != NULL; r = next) {
		next = TAILQ_NEXT(r, entry);
		r->balancing = true;
		pool_abort(&r->pool, "this host is being stopped");
		r->balancing = false;
		route_balance(r);
	}
}

void
route_check_stop(void)
{
	if (on_stopped != NULL && TAILQ_EMPTY(&routes) && pool_leaving() == 0)
		on_stopped();
}
