/*
 * What queued is told of routes: the window, and that they are down; and the
 * routes that rest meanwhile.
 *
 * The window is twice the number of connections, so that each finds its next
 * job here when it has sent one.  It grows by a connection each time queued
 * has filled it a whole window long: more is waiting there than we can see.
 */
#include "route_impl.h"

#include "clock.h"
#include "log.h"
#include "peer.h"
#include "proc.h"

#define JOBS_PER_CONN	2
#define BACKLOG_FOR_TWO	4	/* waiting: begin with two connections */
#define WINDOW_FAILING	50	/* jobs are ended as they come */
#define FAILING_MS	5000	/* then the hosts are looked up again */
#define DOWN_FIRST_S	60	/* or the shortest retry configured */
#define DOWN_MAX_S	900	/* each time twice as long, up to this */
#define DOWN_KEPT_MS	7200000	/* who is not woken again is forgotten */

static struct expiry		 failing, down;

size_t
route_first_conns(const struct route *r)
{
	/* one that was down is probed, by one */
	return r->backlog > BACKLOG_FOR_TWO && r->concurrency > 1 &&
	    r->down_s == 0 ? 2 : 1;
}

static uint32_t
window_of(const struct route *r)
{
	switch (r->state) {
	case ROUTE_RESOLVING:
		return (uint32_t)(JOBS_PER_CONN * route_first_conns(r));
	case ROUTE_OPEN:
		return (uint32_t)(JOBS_PER_CONN * r->pool.n);
	case ROUTE_FAILING:
		return WINDOW_FAILING;
	case ROUTE_DOWN:
		break;
	}
	return 0;
}

void
route_announce(struct route *r)
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

/* ---- rest -------------------------------------------------------------- */

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
route_rest_setup(void)
{
	expiry_init(&failing, rest_over);
	expiry_init(&down, rest_over);
}

void
route_get_up(struct route *r)
{
	if (r->state == ROUTE_FAILING)
		expiry_remove(&failing, &r->resting);
	else if (r->state == ROUTE_DOWN)
		expiry_remove(&down, &r->resting);
	r->state = ROUTE_OPEN;
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

static void
tell_down(struct route *r, const struct outcome *why)
{
	struct route_down	 m = {
		.route = r->by_number.number,
		.why = str_bytes(why->text, why->n),
	};

	r->down_s = r->down_s == 0 ? down_first_s() : 2 * r->down_s;
	if (r->down_s > DOWN_MAX_S)
		r->down_s = DOWN_MAX_S;
	m.retry_s = r->down_s;
	r->down_until_ms = r->down_ms + 1000ULL * r->down_s;
	log_debug("route next-hop=%.*s down for=%us: %.*s",
	    (int)r->n_next_hop, r->next_hop, r->down_s,
	    (int)why->n, why->text);
	if (r->numbered)
		peer_send(proc_peer(ROLE_QUEUED), ROUTE_DOWN, 0, &m);
}

/*
 * Nothing can be delivered now.  One job bears the reason, so that its mail
 * shows it and waits its turn; the others go back untried.  queued hears of
 * it before they come, lest it send them again.  While it waits, questions
 * that fail must not put off the mail.
 */
static void
go_down(struct route *r, const struct outcome *why)
{
	r->state = ROUTE_DOWN;
	r->woken = false;
	r->verdict = *why;
	r->down_ms = clock_ms();
	expiry_add(&down, &r->resting, DOWN_KEPT_MS);
	if (r->down_until_ms <= r->down_ms)
		tell_down(r, why);
	route_announce(r);
	route_end_waiting(r, 1, why);
}

/* Nothing can ever be delivered, as far as we can see. */
static void
go_failing(struct route *r, const struct outcome *why)
{
	r->state = ROUTE_FAILING;
	r->woken = false;
	r->verdict = *why;
	expiry_add(&failing, &r->resting, FAILING_MS);
	route_end_waiting(r, r->n_waiting, why);
}

void
route_fail(struct route *r, const struct outcome *why)
{
	if (why->status == RCPT_FAILED)
		go_failing(r, why);
	else
		go_down(r, why);
}
