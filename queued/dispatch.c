/*
 * Attention in turns.  All code that changes what a route could do next
 * calls dispatch_attend; attend_route alone decides what that is.
 */
#include "dispatch.h"

#include <event2/event.h>

#include "log.h"
#include "proc.h"

#include "fate.h"
#include "outcome.h"
#include "pause.h"
#include "pool.h"
#include "reply.h"
#include "reroute.h"
#include "rest.h"
#include "router.h"
#include "schedule.h"
#include "task.h"
#include "worker.h"

#define TURN_ROUTES	256	/* looked at in one turn of the loop */
#define TURN_JOBS	256	/* begun in one turn */
#define TURN_WAKES	32	/* then a pause: a start must not fall upon the
				 * resolver with all destinations at once */
#define WAKE_PAUSE_MS	20
#define ROOM_PAUSE_MS	500	/* the spool has no room for results */
#define ROUTE_JOBS	16	/* of one route, then it is another's turn */
#define WINDOW_MAX	1000	/* a worker that asks for more gets this */
#define FRUITLESS_S	1	/* woken for nothing: not at once again */
#define DOWN_MAX_S	86400

static struct route_queue	 attention =
				    TAILQ_HEAD_INITIALIZER(attention);
/* wait for room in their pool; waiting is set of them as well */
static struct route_queue	 starved_out =
				    TAILQ_HEAD_INITIALIZER(starved_out);
static struct route_queue	 starved_local =
				    TAILQ_HEAD_INITIALIZER(starved_local);
static struct event		*turn, *opening;
static bool			 started, is_open, stopping;
static unsigned			 jobs_begun, wakes_sent;	/* this turn */

static void
turn_arm(long ms)
{
	struct timeval	 tv = { 0, ms * 1000 };

	if (is_open && !evtimer_pending(turn, NULL))
		evtimer_add(turn, &tv);
}

static bool
is_local(const struct route *r)
{
	return r->spec.transport == TRANSPORT_LOCAL;
}

void
dispatch_attend(struct route *r)
{
	if (!r->waiting) {
		r->waiting = true;
		TAILQ_INSERT_TAIL(&attention, r, attention);
	}
	turn_arm(0);
}

void
dispatch_room(void)
{
	turn_arm(0);
}

static void
attend_if_ready(struct route *r, void *arg)
{
	(void)arg;
	if (r->n_ready != 0)
		dispatch_attend(r);
}

void
dispatch_attend_all(void)
{
	route_each(attend_if_ready, NULL);
}

void
dispatch_retry(struct route *r)
{
	rest_end(r);
}

/* ---- attention --------------------------------------------------------- */

static void
wake(struct route *r)
{
	struct route_wake	 m;

	router_wake(r, &m);
	if (r->woken || peer_send(r->worker->peer, ROUTE_WAKE, 0, &m) == -1)
		return;
	r->woken = true;
	wakes_sent++;
}

/*
 * One that has something in flight is attended when that ends; another, when
 * there is room again for its kind.
 */
static void
starve(struct route *r)
{
	if (r->in_flight != 0 || r->waiting)
		return;
	r->waiting = true;
	TAILQ_INSERT_TAIL(is_local(r) ? &starved_local : &starved_out, r,
	    attention);
}

static void
feed(struct route_queue *starved, enum transport transport)
{
	if (TAILQ_EMPTY(starved) || pool_is_full(transport))
		return;
	/* in their order, and before the others */
	TAILQ_CONCAT(starved, &attention, attention);
	TAILQ_CONCAT(&attention, starved, attention);
}

static struct part *
next_part(struct route *r)
{
	struct part	*p;

	if (!schedule_may_pop(r) || rest_by_rate(r))
		return NULL;
	if ((p = schedule_pop(r)) != NULL)
		rest_count(r);
	return p;
}

static void
send_jobs(struct route *r)
{
	struct part	*p;

	for (int n = 0; r->in_flight < r->window; n++) {
		if (n == ROUTE_JOBS || jobs_begun >= TURN_JOBS) {
			dispatch_attend(r);
			return;
		}
		if (!pool_has_room(r)) {
			starve(r);
			return;
		}
		if ((p = next_part(r)) == NULL)
			return;
		jobs_begun++;
		task_begin(r->worker, p);
	}
}

static void
attend_route(struct route *r)
{
	if (reroute_front(r)) {		/* what follows is for a later turn */
		dispatch_attend(r);
		return;
	}
	if (pause_of_route(r) != NULL)
		return;			/* its end attends to all */
	if (r->down_reply != REPLY_NONE)
		rest_expire(r);
	if (r->down || !schedule_may_pop(r) || rest_by_rate(r))
		return;
	if (r->worker == NULL || (r->window == 0 && r->in_flight == 0))
		r->worker = r->woken ? r->worker : worker_for(r);
	if (r->worker == NULL || r->worker->peer->down)
		return;			/* one that comes attends to all */
	if (r->window == 0)
		wake(r);
	else
		send_jobs(r);
}

static void
on_turn(evutil_socket_t fd, short what, void *arg)
{
	struct route	*r;

	(void)fd, (void)what, (void)arg;
	/* what is delivered must be recorded, or it is delivered twice */
	if (!spool_may_deliver()) {
		turn_arm(ROOM_PAUSE_MS);
		return;
	}
	feed(&starved_out, TRANSPORT_SMTP);
	feed(&starved_local, TRANSPORT_LOCAL);
	jobs_begun = wakes_sent = 0;
	for (int n = 0; n < TURN_ROUTES && jobs_begun < TURN_JOBS &&
	    wakes_sent < TURN_WAKES; n++) {
		if ((r = TAILQ_FIRST(&attention)) == NULL)
			return;
		TAILQ_REMOVE(&attention, r, attention);
		r->waiting = false;
		route_hold(r);
		attend_route(r);
		route_drop(r);
	}
	if (!TAILQ_EMPTY(&attention))
		turn_arm(wakes_sent >= TURN_WAKES ? WAKE_PAUSE_MS : 0);
}

/* ---- beginning and end ------------------------------------------------- */

static void
open_up(void)
{
	if (is_open || stopping)
		return;
	is_open = true;
	evtimer_del(opening);
	turn_arm(0);
}

static void
on_opening(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what, (void)arg;
	open_up();
}

void
dispatch_init(void)
{
	turn = evtimer_new(proc_base(), on_turn, NULL);
	opening = evtimer_new(proc_base(), on_opening, NULL);
	if (turn == NULL || opening == NULL)
		fatal("dispatch: no memory for its timers");
	schedule_init(proc_base(), dispatch_attend);
}

/* All that there will be have said what they have in hand. */
static bool
all_resumed(void)
{
	const struct conf	*conf = proc_conf();

	return worker_count(ROLE_DELIVERD_OUT) >= conf->out_workers &&
	    (conf->n_deliveries == 0 ||
	    worker_count(ROLE_DELIVERD_LOCAL) != 0);
}

void
dispatch_start(void)
{
	static const struct timeval	 wait = { RESUME_MS / 1000, 0 };

	started = true;
	if (all_resumed())
		open_up();
	else
		evtimer_add(opening, &wait);
}

void
dispatch_stop(void)
{
	stopping = true;
	is_open = false;
	evtimer_del(turn);
}

/* ---- workers ----------------------------------------------------------- */

static void
on_usable(struct worker *w)
{
	(void)w;
	if (started && all_resumed())
		open_up();
	dispatch_attend_all();
}

void
dispatch_peer_up(struct peer *p)
{
	p->data = worker_new(p, on_usable);
}

static void
forget_worker(struct route *r, void *arg)
{
	if (r->worker != arg)
		return;
	r->worker = NULL;
	r->window = 0;
	r->woken = false;
	dispatch_attend(r);	/* it may also have become free to go */
}

/* What it has in hand it finishes; the routes become another's. */
void
dispatch_peer_leaving(struct peer *p)
{
	route_each(forget_worker, p->data);
}

void
dispatch_peer_down(struct peer *p)
{
	struct worker	*w = p->data;

	p->data = NULL;
	route_each(forget_worker, w);
	task_worker_lost(w);
	outcome_worker_lost(w);
	worker_free(w);
}

void
on_job_resume(struct peer *p, uint32_t id, const struct job_resume *m)
{
	struct worker	*w;

	(void)id;
	if (p->data == NULL)	/* before our start: proc.c lets nothing in */
		return;
	w = p->data;
	if (w->resumed)
		peer_fault(p, "resumes a job after the last one");
	else if (task_resume(w, m) == -1)
		peer_fault(p, "resumes a job number twice, or too many");
}

void
on_job_resumed(struct peer *p, uint32_t id, const struct nothing *m)
{
	(void)id, (void)m;
	if (p->data != NULL)
		worker_resumed(p->data);
}

/* The route a worker speaks of, if it is its own; NULL otherwise. */
static struct route *
own_route(struct peer *p, uint32_t number)
{
	struct route	*r = route_find(number);

	if (r == NULL && !route_was(number))
		peer_fault(p, "speaks of a route that never was");
	return r != NULL && p->data != NULL && r->worker == p->data ? r :
	    NULL;
}

void
on_route_window(struct peer *p, uint32_t id, const struct route_window *m)
{
	struct route	*r = own_route(p, m->route);

	(void)id;
	if (r == NULL)
		return;
	r->window = m->window < WINDOW_MAX ? m->window : WINDOW_MAX;
	if (r->window == 0 && r->woken && r->n_ready != 0 && !r->down)
		rest_down(r, FRUITLESS_S);
	r->woken = false;
	dispatch_attend(r);
}

void
on_route_down(struct peer *p, uint32_t id, const struct route_down *m)
{
	struct route	*r = own_route(p, m->route);
	char		 name[ROUTE_NAME_MAX + 1];
	uint32_t	 s = m->retry_s;

	(void)id;
	if (r == NULL)
		return;
	s = s == 0 ? 1 : s > DOWN_MAX_S ? DOWN_MAX_S : s;
	log_info("route=%s status=down retry=%us waiting=%u reply=\"%s\"",
	    log_text(route_name(r, name)), s, r->n_ready, log_text(m->why));
	reply_drop(r->down_reply);
	r->down_reply = reply_hold(m->why);
	r->window = 0;
	r->woken = false;
	rest_down(r, s);
	dispatch_attend(r);
}
