/*
 * Thread pools: a queue with a lock each, and one list of finished pieces
 * that an eventfd announces to the loop.
 */
#include "work.h"

#include <sys/eventfd.h>

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>

#include "log.h"

#define THREAD_STACK	(256 << 10)	/* the deepest holds a 64 KiB buffer */

struct queue {
	struct work	*head, **tail;
};

struct pool {
	pthread_mutex_t	 lock;
	pthread_cond_t	 some;
	struct queue	 queue;
	unsigned	 threads;
};

#define POOL(n)	{ PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER,	\
		    { NULL, NULL }, (n) }

static struct pool	 pools[WORK_POOL_N] = {
	[WORK_FLUSH] = POOL(FLUSHERS),
	[WORK_BACK] = POOL(1),
	[WORK_READ] = POOL(2),
	[WORK_LARGE] = POOL(1),
};

static pthread_mutex_t	 finished_lock = PTHREAD_MUTEX_INITIALIZER;
static struct queue	 finished;
static int		 finished_fd = -1;
static struct event	*finished_event;
static size_t		 pending;	/* of the loop alone */

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

static struct work *
next_work(struct pool *p)
{
	struct work	*w;

	pthread_mutex_lock(&p->lock);
	while ((w = queue_take(&p->queue)) == NULL)
		pthread_cond_wait(&p->some, &p->lock);
	pthread_mutex_unlock(&p->lock);
	return w;
}

static void
finish(struct work *w)
{
	static const uint64_t	 one = 1;
	bool			 first;

	pthread_mutex_lock(&finished_lock);
	first = finished.head == NULL;
	queue_put(&finished, w);
	pthread_mutex_unlock(&finished_lock);
	/* an eventfd takes 2^64 - 2 of these before it would say no */
	if (first && write(finished_fd, &one, sizeof(one)) == -1)
		return;
}

static void *
thread_main(void *arg)
{
	struct pool	*p = arg;
	struct work	*w;

	for (;;) {
		w = next_work(p);
		w->run(w);
		finish(w);
	}
	return NULL;
}

static void
start_thread(struct pool *p, const pthread_attr_t *attr)
{
	pthread_t	 t;
	int		 error;

	if ((error = pthread_create(&t, attr, thread_main, p)) != 0)
		fatal("cannot start a thread: %s", strerror(error));
}

void
work_start(void)
{
	pthread_attr_t	 attr;
	sigset_t	 all, old;

	if (finished_fd != -1)
		return;
	if ((finished_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) == -1)
		fatal("eventfd: %s", strerror(errno));
	/* signals are the loop's */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attr, THREAD_STACK);
	for (size_t i = 0; i < WORK_POOL_N; i++)
		for (unsigned n = 0; n < pools[i].threads; n++)
			start_thread(&pools[i], &attr);
	pthread_attr_destroy(&attr);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
}

static void
take_finished(void)
{
	struct work	*w, *next;
	uint64_t	 count;

	if (read(finished_fd, &count, sizeof(count)) == -1)
		return;		/* EAGAIN: taken by work_wait already */
	pthread_mutex_lock(&finished_lock);
	w = finished.head;
	finished.head = NULL;
	pthread_mutex_unlock(&finished_lock);
	for (; w != NULL; w = next) {
		next = w->next;
		pending--;
		w->done(w);
	}
}

static void
on_finished(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what, (void)arg;
	take_finished();
}

int
work_attach(struct event_base *base)
{
	finished_event = event_new(base, finished_fd, EV_READ | EV_PERSIST,
	    on_finished, NULL);
	if (finished_event == NULL)
		return -1;
	return event_add(finished_event, NULL);
}

void
work_detach(void)
{
	if (finished_event != NULL)
		event_free(finished_event);
	finished_event = NULL;
}

void
work_give(enum work_pool pool, struct work *w)
{
	struct pool	*p = &pools[pool];

	pending++;
	pthread_mutex_lock(&p->lock);
	queue_put(&p->queue, w);
	pthread_cond_signal(&p->some);
	pthread_mutex_unlock(&p->lock);
}

bool
work_pending(void)
{
	return pending != 0;
}

void
work_wait(void)
{
	struct pollfd	 pfd = { .fd = finished_fd, .events = POLLIN };

	while (pending != 0) {
		if (poll(&pfd, 1, -1) == -1 && errno != EINTR)
			fatal("poll: %s", strerror(errno));
		take_finished();
	}
}
