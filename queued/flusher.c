/*
 * The open batch, the closed ones, those flying; see flusher.h.
 */
#include "flusher.h"

#include <errno.h>
#include <string.h>

#include <event2/event.h>

#include "claim.h"
#include "clean.h"
#include "clock.h"
#include "durable.h"
#include "log.h"
#include "segment_index.h"
#include "settle.h"

/*
 * While a flush takes less than this, one at a time is best: the next batch
 * grows meanwhile.  When it takes longer they overlap.
 */
#define FAST_FLUSH_US	1000
#define AVERAGE_OF	8	/* flushes that the moving average looks at */

static struct {
	struct batch	*open;
	size_t		 begun;		/* of the record begun in it */
	size_t		 batch_max;
	uint64_t	 next;		/* sequence */
	struct batch_list closed;	/* awaiting a place */
	struct batch_list flying;	/* in the order of their places */
	unsigned	 n_flying;
	size_t		 waiting;
	unsigned	 average_us;
	unsigned	 life;
	int		 error;
	struct event	*kick, *late;
	void		(*stopped)(void);
	bool		 ended;		/* the last batch is on its way */
} fl;

static void	 done_flush(struct work *);

/* --- gathering --- */

static void
close_open(void)
{
	batch_list_put(&fl.closed, fl.open);
	fl.open = NULL;
}

/* the batch that takes a record of so many octets */
static struct batch *
open_batch(size_t about)
{
	if (fl.open != NULL && fl.open->n != 0 &&
	    fl.open->data.len + about > fl.batch_max)
		close_open();
	if (fl.open == NULL)
		fl.open = batch_new(fl.next);
	return fl.open;
}

struct buf *
flusher_begin(enum record_type type, uint8_t flags, uint64_t order,
    size_t about)
{
	struct batch	*b;

	if ((b = open_batch(about)) == NULL)
		return NULL;
	fl.begun = record_begin(&b->data, type, flags, fl.next,
	    order != 0 ? order : fl.next);
	return &b->data;
}

static void
wake(bool urgent)
{
	struct timeval	 tv = { 0, SPOOL_LATE_MS * 1000 };

	if (urgent)
		event_active(fl.kick, EV_TIMEOUT, 0);
	else if (!evtimer_pending(fl.late, NULL))
		evtimer_add(fl.late, &tv);
}

int
flusher_end(struct str header, struct str body, const struct entry *e,
    bool urgent)
{
	struct batch	*b = fl.open;

	record_end(&b->data, fl.begun, header, body);
	/* and room to fill up the last block, so that only this can fail */
	if (buf_room(&b->data, SPOOL_BLOCK) == NULL ||
	    batch_add(b, e, fl.begun) == -1) {
		buf_truncate(&b->data, fl.begun);
		b->data.failed = false;
		return -1;
	}
	fl.next++;
	fl.waiting += b->data.len - fl.begun;
	if (!b->urgent)
		wake(urgent);
	b->urgent |= urgent;
	return 0;
}

/* --- placing --- */

static unsigned
may_fly(void)
{
	return fl.average_us < FAST_FLUSH_US ? 1 : FLUSHERS;
}

static bool
fits(const struct segment *s, uint32_t octets)
{
	/* a batch that no segment could hold makes a new one longer */
	return s != NULL && (s->end == SPOOL_BLOCK ||
	    (uint64_t)s->end + octets <= s->size);
}

static bool
place(struct batch *b)
{
	uint32_t	 octets = batch_blocks(b);
	struct segment	*s = segment_current();

	if (!fits(s, octets) && (s = segment_advance()) == NULL)
		return false;
	b->segment = s;
	b->offset = s->end;
	s->end += octets;
	if (s->end > s->size)
		s->size = s->end;
	s->flying++;
	return true;
}

/* the batch to fly next; it stays where it is */
static struct batch *
candidate(void)
{
	if (fl.closed.head != NULL)
		return fl.closed.head;
	return fl.open != NULL && fl.open->urgent ? fl.open : NULL;
}

static void
run_flush(struct work *w)
{
	struct batch	*b = (struct batch *)w;

	batch_seal(b);
	b->error = durable_batch(b->segment->number, b->life,
	    buf_data(&b->data), b->data.len, b->offset);
}

/* with zeros; flusher_end has seen to the room */
static void
fill_up(struct batch *b)
{
	size_t	 pad = batch_blocks(b) - b->data.len;

	b->length = (uint32_t)b->data.len;
	memset(buf_room(&b->data, pad), 0, pad);
	buf_added(&b->data, pad);
}

static void
launch(struct batch *b)
{
	if (b == fl.open)
		fl.open = NULL;
	else
		batch_list_remove(&fl.closed, b);
	batch_list_put(&fl.flying, b);
	fl.n_flying++;
	b->durable = claim_of(fl.flying.head->first);
	b->life = fl.life;
	b->given_us = clock_us();
	b->work.run = run_flush;
	b->work.done = done_flush;
	fill_up(b);
	work_give(WORK_FLUSH, &b->work);
}

static void
dispatch(void)
{
	struct batch	*b;

	while (fl.n_flying < may_fly() && (b = candidate()) != NULL &&
	    place(b))
		launch(b);
}

/* --- settling --- */

static void
end_if_idle(void)
{
	void	(*stopped)(void) = fl.stopped;

	if (stopped == NULL || fl.open != NULL || fl.closed.head != NULL ||
	    fl.n_flying != 0)
		return;
	if (!fl.ended && fl.error == 0 &&
	    (fl.open = batch_new(fl.next)) != NULL) {
		fl.ended = true;
		fl.open->urgent = true;
		event_active(fl.kick, EV_TIMEOUT, 0);
		return;
	}
	fl.stopped = NULL;
	stopped();
}

static void
note_time(const struct batch *b)
{
	uint64_t	 us = clock_us() - b->given_us;

	if (us > 1000000)
		us = 1000000;	/* one bad second is soon forgotten */
	fl.average_us = (unsigned)((fl.average_us * (AVERAGE_OF - 1) + us) /
	    AVERAGE_OF);
}

static enum store_result
result_of(int error)
{
	return error == ENOSPC || error == EDQUOT ? STORE_NO_SPACE :
	    STORE_IO_ERROR;
}

static void
note_error(const struct batch *b)
{
	if (b->error == 0)
		return;
	fl.error = b->error;
	if (!b->segment->failed)
		log_error("spool: cannot write segment %u: %s",
		    b->segment->number, strerror(b->error));
	segment_fail(b->segment);
}

/* All records below it have been settled. */
static uint64_t
settled_below(void)
{
	const struct batch	*b = fl.flying.head != NULL ? fl.flying.head :
				    fl.closed.head != NULL ? fl.closed.head :
				    fl.open;

	return b != NULL ? b->first : fl.next;
}

static void
done_flush(struct work *w)
{
	struct batch	*b = (struct batch *)w;

	batch_list_remove(&fl.flying, b);
	fl.n_flying--;
	fl.waiting -= b->length - BATCH_HEADER;
	b->segment->flying--;
	note_time(b);
	note_error(b);
	if (b->segment->failed) {
		settle_failed(b, result_of(fl.error), true);
	} else {
		fl.error = 0;
		settle_durable(b);
		claim_settled(settled_below());
	}
	dispatch();
	segments_check();
	if (fl.stopped == NULL) {
		clean_check();
		index_check();
	}
	end_if_idle();
}

/*
 * No segment can be had: what has no place is refused now, before a client
 * gives up waiting.  Other records wait on.
 */
static void
refuse_waiting(void)
{
	struct batch	*b, *list;

	if (fl.open != NULL)
		close_open();
	list = fl.closed.head;
	fl.closed.head = NULL;
	while ((b = list) != NULL) {
		list = b->next;
		b->length = (uint32_t)b->data.len;
		fl.waiting -= b->length - BATCH_HEADER;
		settle_failed(b, result_of(fl.error), false);
	}
}

void
flusher_ready(int error)
{
	if (error != 0) {
		fl.error = error;
		if (segment_current() == NULL || fl.closed.head != NULL)
			refuse_waiting();
		return;
	}
	dispatch();
}

bool
flusher_drain(void)
{
	if (fl.open != NULL)
		fl.open->urgent = true;
	for (dispatch(); fl.n_flying != 0; dispatch())
		work_wait();
	return candidate() == NULL;
}

int
flusher_seal(void)
{
	if (fl.open == NULL)
		fl.open = batch_new(fl.next);
	return fl.open != NULL ? 0 : -1;
}

uint64_t
flusher_next(void)
{
	return fl.next;
}

size_t
flusher_waiting(void)
{
	return fl.waiting;
}

int
flusher_error(void)
{
	return fl.error;
}

/* --- a start and an end --- */

static void
on_kick(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what, (void)arg;
	dispatch();
	end_if_idle();
}

static void
on_late(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what, (void)arg;
	if (fl.open != NULL)
		fl.open->urgent = true;
	dispatch();
}

int
flusher_init(struct event_base *base, uint64_t next, size_t batch_max)
{
	unsigned	 life = fl.life + 1;

	memset(&fl, 0, sizeof(fl));
	fl.life = life;
	fl.next = next;
	fl.batch_max = batch_max;
	fl.kick = event_new(base, -1, 0, on_kick, NULL);
	fl.late = evtimer_new(base, on_late, NULL);
	return fl.kick != NULL && fl.late != NULL ? 0 : -1;
}

void
flusher_stop(void (*done)(void))
{
	fl.stopped = done;
	if (fl.open != NULL)
		fl.open->urgent = true;
	event_active(fl.kick, EV_TIMEOUT, 0);
}

void
flusher_clear(void)
{
	if (fl.open != NULL)
		batch_free(fl.open);
	fl.open = NULL;
	batch_list_free(&fl.closed);
	batch_list_free(&fl.flying);
	if (fl.kick != NULL)
		event_free(fl.kick);
	if (fl.late != NULL)
		event_free(fl.late);
	fl.kick = fl.late = NULL;
}
