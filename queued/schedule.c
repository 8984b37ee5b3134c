/*
 * A binary heap of the deferred parts, each of which knows its place, and for
 * each route the turns of what is ready and the row of suspects.
 */
#include "schedule.h"

#include <event2/event.h>

#include <stdlib.h>

#include "clock.h"
#include "log.h"
#include "xmalloc.h"

#include "later.h"
#include "turn.h"
#include "worker.h"

#define DUE_TURN	2000	/* made ready in one turn: below 2 ms */
#define HEAP_MIN	1024
#define NEVER		UINT32_MAX

static struct part	**heap;
static size_t		 n_heap, heap_size;
static size_t		 n_suspects;	/* ready */
static struct event	*timer;
static void		(*attend)(struct route *);
static uint64_t		 began_ms;

/* ---- the heap ---------------------------------------------------------- */

static void
heap_set(size_t i, struct part *p)
{
	heap[i] = p;
	p->in.heap.place = (uint32_t)i;
}

static void
heap_up(size_t i, struct part *p)
{
	while (i > 0 &&
	    heap[(i - 1) / 2]->in.heap.due_s > p->in.heap.due_s) {
		heap_set(i, heap[(i - 1) / 2]);
		i = (i - 1) / 2;
	}
	heap_set(i, p);
}

static void
heap_down(size_t i, struct part *p)
{
	size_t	 child;

	while ((child = 2 * i + 1) < n_heap) {
		if (child + 1 < n_heap && heap[child + 1]->in.heap.due_s <
		    heap[child]->in.heap.due_s)
			child++;
		if (heap[child]->in.heap.due_s >= p->in.heap.due_s)
			break;
		heap_set(i, heap[child]);
		i = child;
	}
	heap_set(i, p);
}

static void
heap_push(struct part *p, uint32_t due_s)
{
	if (n_heap == heap_size) {
		heap_size = heap_size != 0 ? heap_size * 2 : HEAP_MIN;
		heap = xreallocarray(heap, heap_size, sizeof(heap[0]));
	}
	p->in.heap.due_s = due_s;
	heap_up(n_heap++, p);
}

static void
heap_remove(struct part *p)
{
	size_t		 i = p->in.heap.place;
	struct part	*last = heap[--n_heap];

	if (last == p)
		return;
	if (i > 0 && heap[(i - 1) / 2]->in.heap.due_s > last->in.heap.due_s)
		heap_up(i, last);
	else
		heap_down(i, last);
}

static void	 timer_arm(void);

static void
defer(struct part *p, uint32_t due_s)
{
	heap_push(p, due_s);
	p->state = PART_DEFERRED;
	if (p->in.heap.place == 0)
		timer_arm();
}

/* ---- the queue of a route ---------------------------------------------- */

/* Every part that becomes ready does so here; one that is too soon waits. */
static void
queue_append(struct part *p)
{
	struct route	*r = p->route;
	uint32_t	 due_s = later_due(&p->mail->id);

	if (due_s != 0) {
		defer(p, due_s);
		return;
	}
	p->state = PART_READY;
	r->n_ready++;
	if (p->deaths == 0)
		turn_append(p);
	else {
		TAILQ_INSERT_TAIL(&r->suspects, p, in.link);
		n_suspects++;
	}
	attend(r);
}

static void
queue_remove(struct part *p)
{
	struct route	*r = p->route;

	r->n_ready--;
	if (p->deaths == 0)
		turn_remove(p);
	else {
		TAILQ_REMOVE(&r->suspects, p, in.link);
		n_suspects--;
	}
}

/*
 * What was in the hands of a worker that died goes one at a time on its
 * route, so that the one that kills it is found out and the others are not
 * held up; and what it died with again, as the only suspect it has.
 */
static bool
may_be_out(const struct route *r, const struct part *p)
{
	const struct worker	*w = r->worker;

	if (r->suspect_out || (w != NULL && w->alone))
		return false;
	return p->deaths < DEATHS_ALONE || w == NULL || w->n_suspects == 0;
}

static struct part *
take_suspect(struct route *r)
{
	struct part	*p = TAILQ_FIRST(&r->suspects);

	if (p == NULL || !may_be_out(r, p))
		return NULL;
	TAILQ_REMOVE(&r->suspects, p, in.link);
	n_suspects--;
	r->suspect_out = true;
	return p;
}

bool
schedule_may_pop(const struct route *r)
{
	const struct part	*p = TAILQ_FIRST(&r->suspects);

	return !TAILQ_EMPTY(&r->ready) || (p != NULL && may_be_out(r, p));
}

struct part *
schedule_pop(struct route *r)
{
	struct part	*p = take_suspect(r);

	if (p == NULL)
		p = turn_take(r);
	if (p == NULL)
		return NULL;
	r->n_ready--;
	p->state = PART_ACTIVE;
	return p;
}

struct part *
schedule_peek(const struct route *r)
{
	return turn_peek(r);
}

void
schedule_pass(struct route *r)
{
	turn_pass(r);
}

void
schedule_return(struct part *p)
{
	struct route	*r = p->route;

	if (p->mail->flags & MAIL_HELD) {
		p->state = PART_HELD;
		return;
	}
	p->state = PART_READY;
	r->n_ready++;
	if (p->deaths == 0)
		turn_return(p);
	else {
		TAILQ_INSERT_HEAD(&r->suspects, p, in.link);
		n_suspects++;
	}
	attend(r);
}

static void
attend_suspects(struct route *r, void *arg)
{
	(void)arg;
	if (!TAILQ_EMPTY(&r->suspects))
		attend(r);
}

void
schedule_suspect_ended(void)
{
	if (n_suspects != 0)
		route_each(attend_suspects, NULL);
}

/* ---- time -------------------------------------------------------------- */

uint32_t
schedule_now(void)
{
	return (uint32_t)((clock_ms() - began_ms) / 1000) + 1;
}

uint32_t
schedule_at(uint64_t utc_s)
{
	uint64_t	 wall = (uint64_t)clock_wall();
	uint32_t	 now = schedule_now();

	if (utc_s <= wall)
		return now;
	/* a time beyond all reason comes from a clock that was wrong */
	if (utc_s - wall > NEVER - now - 1)
		return NEVER - 1;
	return now + (uint32_t)(utc_s - wall);
}

uint64_t
schedule_utc(const struct part *p)
{
	uint32_t	 now = schedule_now(), due = p->in.heap.due_s;

	if (p->state != PART_DEFERRED)
		return 0;
	return (uint64_t)clock_wall() + (due > now ? due - now : 0);
}

static void
timer_arm(void)
{
	struct timeval	 tv = { 0, 0 };
	uint32_t	 now = schedule_now();

	if (n_heap == 0) {
		evtimer_del(timer);
		return;
	}
	if (heap[0]->in.heap.due_s > now)
		tv.tv_sec = (time_t)(heap[0]->in.heap.due_s - now);
	evtimer_add(timer, &tv);
}

void
schedule_due(void)
{
	uint32_t	 now = schedule_now();
	struct part	*p;

	for (int n = 0; n < DUE_TURN && n_heap != 0; n++) {
		p = heap[0];
		if (p->in.heap.due_s > now)
			break;
		heap_remove(p);
		queue_append(p);
	}
	timer_arm();
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what, (void)arg;
	schedule_due();
}

void
schedule_init(struct event_base *base, void (*fn)(struct route *))
{
	attend = fn;
	began_ms = clock_ms();
	if ((timer = evtimer_new(base, on_timer, NULL)) == NULL)
		fatal("schedule: no memory for its timer");
}

void
schedule_clear(void)
{
	event_free(timer);
	timer = NULL;
	free(heap);
	heap = NULL;
	n_heap = heap_size = 0;
}

/* ---- parts and messages ------------------------------------------------ */

void
schedule_part(struct part *p, uint32_t due_s)
{
	if (p->mail->flags & MAIL_HELD) {
		p->state = PART_HELD;
		return;
	}
	if (due_s <= schedule_now()) {
		queue_append(p);
		return;
	}
	defer(p, due_s);
}

void
schedule_mail(struct mail *m)
{
	for (struct part *p = m->parts; p != NULL; p = p->next)
		if (p->state == PART_STORING)
			schedule_part(p, p->in.heap.due_s);
}

void
schedule_take(struct part *p)
{
	if (p->state == PART_READY)
		queue_remove(p);
	else if (p->state == PART_DEFERRED)
		heap_remove(p);
	p->state = PART_ACTIVE;
}

void
schedule_take_rcpt(struct part *p, uint16_t rcpt)
{
	while (p != NULL && (p->state == PART_ACTIVE || !part_has(p, rcpt)))
		p = p->next;
	if (p == NULL)
		return;
	part_drop(p, rcpt);
	if (p->n == 0) {
		schedule_take(p);
		part_free(p);
	}
}

void
schedule_hold(struct mail *m)
{
	m->flags |= MAIL_HELD;
	for (struct part *p = m->parts; p != NULL; p = p->next) {
		if (p->state != PART_READY && p->state != PART_DEFERRED)
			continue;
		schedule_take(p);
		p->state = PART_HELD;
	}
}

void
schedule_release(struct mail *m)
{
	m->flags &= (uint8_t)~MAIL_HELD;
	for (struct part *p = m->parts; p != NULL; p = p->next)
		if (p->state == PART_HELD)
			queue_append(p);
}

void
schedule_retry(struct mail *m)
{
	for (struct part *p = m->parts; p != NULL; p = p->next) {
		if (p->state != PART_DEFERRED)
			continue;
		heap_remove(p);
		queue_append(p);
	}
}

size_t
schedule_deferred(void)
{
	return n_heap;
}
