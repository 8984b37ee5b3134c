/*
 * The list of routes, and what queued says of them: wake-ups, jobs,
 * questions.
 */
#include "route_impl.h"

#include <stdlib.h>

#include "clock.h"
#include "connect_service.h"
#include "peer.h"
#include "proc.h"

#define QUESTION_PAUSE_MS 5000	/* while down: answered without trying */

static TAILQ_HEAD(, route)	 routes = TAILQ_HEAD_INITIALIZER(routes);
static struct numbers		 by_number;
static void			(*on_stopped)(void);

/* ---- routes come and go ------------------------------------------------ */

void
route_setup(void)
{
	route_rest_setup();
	route_hosts_setup();
	service_open_setup();
	pool_setup();
}

void
route_free(struct route *r)
{
	route_resolve_end(r);
	route_get_up(r);
	if (r->numbered)
		numbers_remove(&by_number, &r->by_number);
	TAILQ_REMOVE(&routes, r, entry);
	targets_clear(&r->targets);
	free(r);
}

static bool
is_by_service(const struct route_wake *m)
{
	return m->transport == TRANSPORT_LMTP && m->service != SERVICE_NONE;
}

static bool
is_hop_of(const struct route *r, const struct route_wake *m)
{
	return r->transport == m->transport && r->via == m->via &&
	    r->port == m->port && r->by_service == is_by_service(m) &&
	    protection_is(&r->protection, m) &&
	    str_equal(str_bytes(r->next_hop, r->n_next_hop), m->next_hop);
}

static struct route *
route_new(const struct route_wake *m)
{
	struct route	*r = calloc(1, sizeof(*r));

	if (r == NULL)
		return NULL;
	r->transport = m->transport;
	r->port = m->port;
	r->via = m->via;
	r->by_service = is_by_service(m);
	r->state = ROUTE_OPEN;
	TAILQ_INIT(&r->waiting);
	TAILQ_INIT(&r->questions);
	pool_init(&r->pool);
	r->n_next_hop = m->next_hop.n;
	if (m->next_hop.n != 0)
		memcpy(r->next_hop, m->next_hop.p, m->next_hop.n);
	TAILQ_INSERT_HEAD(&routes, r, entry);
	return r;
}

/* One that has no number yet, or any more; or a new one. */
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

/* What may be another than the last time. */
static void
route_demands(struct route *r, const struct route_wake *m)
{
	r->concurrency = m->concurrency != 0 ? m->concurrency : 1;
	r->service = m->service;
	r->conf = m->conf;
	protection_set(&r->protection, m);
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
	route_demands(r, m);
	r->backlog = m->waiting;
	r->window = 0;		/* as queued thinks */
	r->down_until_ms = 0;
	if (r->state == ROUTE_DOWN)
		route_get_up(r);
	r->woken = r->state == ROUTE_OPEN;
	route_balance(r);
}

/* Tried no more often than that while the route is down. */
static bool
may_ask(struct route *r)
{
	if (r->state == ROUTE_DOWN &&
	    clock_ms() >= r->down_ms + QUESTION_PAUSE_MS)
		route_get_up(r);
	return r->state == ROUTE_OPEN || r->state == ROUTE_RESOLVING;
}

void
route_question(const struct route_wake *m, struct task *t)
{
	struct route	*r = (struct route *)numbers_find(&by_number,
			    m->route);

	if (proc_stopping()) {
		task_end(t);
		return;
	}
	if (r == NULL || !is_hop_of(r, m))
		r = route_get(m);
	if (r == NULL) {
		task_end(t);
		return;
	}
	route_demands(r, m);
	r->in_hand++;
	if (!may_ask(r)) {
		route_end_with(r, t, &r->verdict);
	} else {
		TAILQ_INSERT_TAIL(&r->questions, t, entry);
		r->n_waiting++;
	}
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
		r->down_until_ms = 0;
		route_balance(r);
	}
}

/* Its place in the new configuration; where it has none any more, that in
 * the old one is known for a while (service.c). */
static void
find_service(struct route *r, const struct conf *conf)
{
	struct str	 name = str_bytes(r->next_hop, r->n_next_hop);

	for (size_t i = 0; i < conf->n_services; i++)
		if (str_equal(conf->services[i].name, name)) {
			r->service = (uint16_t)i;
			r->conf = conf->number;
			return;
		}
}

void
route_reconfigure(void)
{
	struct route	*r;

	TAILQ_FOREACH(r, &routes, entry) {
		r->targets_until_ms = 0;
		if (r->by_service)
			find_service(r, proc_conf());
	}
}

void
route_stop(void (*stopped)(void))
{
	struct route	*r, *next;

	on_stopped = stopped;
	for (r = TAILQ_FIRST(&routes); r != NULL; r = next) {
		next = TAILQ_NEXT(r, entry);
		r->balancing = true;	/* it goes at the end, not before */
		route_stop_waiting(r);
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
