/*
 * See sched.h.  A runner is a thread of the spool.  It holds the right to
 * run from a post of its semaphore until it posts back, at a call to the
 * disk or at the end of its piece; all others wait meanwhile.
 */
#include "sched.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stddef.h>
#include <string.h>
#include <time.h>

#include <event2/event.h>

#include "cut.h"
#include "log.h"
#include "work.h"

#define RUNNERS_MAX	16
#define IDLE_US		5000	/* the clock's step when all wait for it */
#define IDLE_MAX	1000	/* steps; longer than any timer of the spool */
#define QUICK_US	50	/* a sync: one at a time is best, */
#define SLOW_US		8000	/* or they overlap */

struct queue {
	struct work	*head, **tail;
};

struct runner {
	enum work_pool	 pool;
	struct work	*piece;		/* NULL: idle */
	bool		 ended;		/* it is to be taken from it */
	sem_t		 go;
};

static const unsigned	 pool_threads[WORK_POOL_N] = {
	[WORK_FLUSH] = FLUSHERS, [WORK_BACK] = 1, [WORK_READ] = 2,
	[WORK_LARGE] = 1,
};

static struct queue		 queues[WORK_POOL_N], finished;
static struct runner		 runners[RUNNERS_MAX];
static unsigned			 n_runners;
static sem_t			 back;
static bool			 with_threads, in_piece;
static _Thread_local struct runner *self;
static struct event_base	*base;
static size_t			 pending;
static uint64_t			 seed, drawn, now_us;

/* --- chance and time --- */

static uint64_t
draw(uint64_t below)
{
	return mix(seed, ++drawn) % below;
}

/* In the place of the C library's, for libevent's timers as for ours. */
int
clock_gettime(clockid_t id, struct timespec *ts)
{
	uint64_t	 us = now_us + (id == CLOCK_REALTIME ?
	    1700000000000000 : 1000000000);

	ts->tv_sec = (time_t)(us / 1000000);
	ts->tv_nsec = (long)(us % 1000000) * 1000;
	return 0;
}

void
sched_sync(void)
{
	now_us += seed & 1 ? SLOW_US : QUICK_US;
}

/* --- queues --- */

static void
queue_put(struct queue *q, struct work *w)
{
	w->next = NULL;
	if (q->head == NULL)
		q->tail = &q->head;
	*q->tail = w;
	q->tail = &w->next;
}

static struct work *
queue_take(struct queue *q)
{
	struct work	*w = q->head;

	if (w != NULL)
		q->head = w->next;
	return w;
}

/* --- runners --- */

static void *
runner_main(void *arg)
{
	self = arg;
	for (;;) {
		while (sem_wait(&self->go) == -1)
			continue;
		self->piece->run(self->piece);
		self->ended = true;
		sem_post(&back);
	}
	return NULL;
}

void
sched_point(void)
{
	if (self == NULL)
		return;
	sem_post(&back);
	while (sem_wait(&self->go) == -1)
		continue;
}

bool
sched_is_thread(void)
{
	return self != NULL || in_piece;
}

/* until its next call to the disk, or its end */
static void
run_on(struct runner *r)
{
	if (with_threads) {
		sem_post(&r->go);
		while (sem_wait(&back) == -1)
			continue;
	} else {
		in_piece = true;
		r->piece->run(r->piece);
		in_piece = false;
		r->ended = true;
	}
	if (!r->ended)
		return;
	queue_put(&finished, r->piece);
	r->piece = NULL;
	r->ended = false;
}

static void
start_runner(enum work_pool pool)
{
	struct runner	*r = &runners[n_runners++];
	pthread_t	 t;

	*r = (struct runner){ .pool = pool };
	sem_init(&r->go, 0, 0);
	if (with_threads && pthread_create(&t, NULL, runner_main, r) != 0)
		fatal("cannot start a thread");
}

/* --- what the spool calls --- */

void
work_start(void)
{
	if (n_runners != 0)
		return;
	sem_init(&back, 0, 0);
	for (unsigned pool = 0; pool < WORK_POOL_N; pool++)
		for (unsigned i = 0; i < pool_threads[pool]; i++)
			start_runner(pool);
}

int
work_attach(struct event_base *b)
{
	base = b;
	return 0;
}

void
work_detach(void)
{
	base = NULL;
}

void
work_give(enum work_pool pool, struct work *w)
{
	pending++;
	queue_put(&queues[pool], w);
}

bool
work_pending(void)
{
	return pending != 0;
}

static bool	 step(bool loop);

void
work_wait(void)
{
	while (pending != 0)
		step(false);
}

/* --- steps --- */

static void
finish_one(void)
{
	struct work	*w = queue_take(&finished);

	pending--;
	w->done(w);
}

/* A runner that has a piece or can have one; each of them once. */
static size_t
ready_runners(struct runner *list[RUNNERS_MAX])
{
	bool	 taken[WORK_POOL_N] = { false };
	size_t	 n = 0;

	for (unsigned i = 0; i < n_runners; i++) {
		struct runner	*r = &runners[i];

		if (r->piece == NULL && (queues[r->pool].head == NULL ||
		    taken[r->pool]))
			continue;
		if (r->piece == NULL)
			taken[r->pool] = true;
		list[n++] = r;
	}
	return n;
}

static bool
loop_is_ready(void)
{
	return base != NULL &&
	    event_base_get_num_events(base, EVENT_BASE_COUNT_ACTIVE) > 0;
}

static void
turn_loop(void)
{
	if (base != NULL)
		event_base_loop(base, EVLOOP_NONBLOCK);
}

/* loop: or it is the loop itself that waits */
static bool
step(bool loop)
{
	struct runner	*list[RUNNERS_MAX];
	size_t		 n = ready_runners(list);
	bool		 turn = loop && loop_is_ready();
	bool		 finish = finished.head != NULL;
	uint64_t	 choice;

	if (n + turn + finish == 0)
		return false;
	choice = draw(n + turn + finish);
	if (choice < n) {
		if (list[choice]->piece == NULL)
			list[choice]->piece =
			    queue_take(&queues[list[choice]->pool]);
		run_on(list[choice]);
	} else if (choice == n && finish) {
		finish_one();
	} else {
		turn_loop();
	}
	return true;
}

bool
sched_step(void)
{
	return step(true);
}

bool
sched_wait(const unsigned *waiting)
{
	unsigned	 idle = 0;

	while (*waiting != 0 && idle < IDLE_MAX) {
		if (step(true)) {
			idle = 0;
			continue;
		}
		now_us += IDLE_US;
		idle++;
		turn_loop();
	}
	return *waiting == 0;
}

void
sched_init(uint64_t s, bool threads)
{
	seed = s;
	drawn = 0;
	with_threads = threads;
}
