/*
 * One step at a time, chosen anew after each:
 *
 *	open	no next segment is there: from a spare, or from a new file
 *	recycle	nothing needs the oldest segment: it becomes a spare, or is
 *		removed if it has failed, is of another size, or many are spare
 *	fill	fewer than SPARES_AHEAD are spare: a new one is written
 *
 * A segment is being recycled from the moment the step begins, though it
 * stays in the list, dead, until it ends.  After an error nothing is tried
 * for RETRY_MS.  After an error in recycling nothing is recycled until the
 * next start: the old segment may still be there, and while it is, the GONE
 * records behind it must be.
 */
#include "segment_back.h"

#include <sys/statfs.h>

#include <errno.h>
#include <string.h>

#include <event2/event.h>
#include <sodium.h>

#include "clock.h"
#include "disk.h"
#include "durable.h"
#include "log.h"
#include "work.h"

#define SPARES_AHEAD	1	/* with the next one two: room for results and
				 * cleaning while new mail is refused */
#define RETRY_MS	200

static struct {
	struct work	 work;
	int		 error;
	uint32_t	 number;	/* of the segment; recycle */
	unsigned	 spare;
	bool		 make;		/* open: the spare is made first */
	bool		 keep;		/* recycle: as a spare */
	bool		 aside;		/* recycle: into damaged/ */
	struct segment_header header;	/* open */
} step;

static struct {
	uint64_t	 size, reserve;
	void		(*ready)(int error);
	struct event	*retry;
	bool		 busy, stopped;
	bool		 waiting;	/* for the retry timer */
	bool		 stuck;		/* nothing is recycled any more */
	bool		 complained;	/* that nothing can be written ahead */
	unsigned	 spares[SPARES_MAX], n_spares;
	unsigned	 next_spare;	/* a name not yet used */
	uint32_t	 next_number;
	uint32_t	 life;
} back;

/* --- what threads do --- */

/* where so many octets stay free beside it */
static int
make_spare(uint64_t reserve)
{
	struct statfs	 fs;

	if (disk->statfs(spool_dirs.root, &fs) == -1)
		return errno;
	if ((uint64_t)fs.f_bavail * (uint64_t)fs.f_bsize <
	    reserve + back.size)
		return ENOSPC;
	return durable_spare(step.spare, back.size);
}

/* Wherever it is, nothing is in it; what cannot be removed now is harmless
 * and removed at the next start. */
static void
give_up_open(void)
{
	char	 name[SEGMENT_NAME_SIZE];

	_Static_assert(SEGMENT_NAME_SIZE == SPARE_NAME_SIZE, "one for both");
	spare_name(name, step.spare);
	disk->unlink(spool_dirs.root, name, 0);
	segment_name(name, step.header.number, "seg");
	disk->unlink(spool_dirs.log, name, 0);
}

static void
run_open(struct work *w)
{
	(void)w;
	step.error = step.make ? make_spare(0) : 0;
	if (step.error == 0)
		step.error = durable_segment(step.spare, &step.header);
	if (step.error != 0)
		give_up_open();
}

static void
run_recycle(struct work *w)
{
	(void)w;
	if (step.aside)
		step.error = durable_aside(step.number);
	else if (step.keep)
		step.error = durable_recycle(step.number, step.spare);
	else
		step.error = durable_remove(step.number);
}

static void
run_fill(struct work *w)
{
	(void)w;
	step.error = make_spare(back.reserve);
}

/* --- and what the loop does before and after --- */

static void
wait_a_little(void)
{
	struct timeval	 tv = { 0, RETRY_MS * 1000 };

	back.waiting = true;
	if (back.retry != NULL)
		evtimer_add(back.retry, &tv);
}

static void
on_retry(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what, (void)arg;
	back.waiting = false;
	segment_back_check();
}

static void
prepare_open(void)
{
	step.make = back.n_spares == 0;
	step.spare = step.make ? back.next_spare++ :
	    back.spares[--back.n_spares];
	step.header.number = back.next_number++;
	step.header.life = back.life;
	randombytes_buf(step.header.key, sizeof(step.header.key));
}

static void
after_open(void)
{
	if (step.error == 0) {
		segment_opened(&step.header, back.size);
		return;
	}
	log_error("spool: cannot open a segment: %s", strerror(step.error));
	wait_a_little();
}

static void
done_open(struct work *w)
{
	(void)w;
	back.busy = false;
	after_open();
	back.ready(step.error);
	segment_back_check();
}

static void
done_recycle(struct work *w)
{
	(void)w;
	back.busy = false;
	if (step.error != 0) {
		log_error("spool: cannot recycle segment %u: %s", step.number,
		    strerror(step.error));
		back.stuck = true;
	} else {
		if (step.keep)
			back.spares[back.n_spares++] = step.spare;
		segment_recycled(step.number);
	}
	segment_back_check();
}

static void
done_fill(struct work *w)
{
	(void)w;
	back.busy = false;
	if (step.error != 0) {
		if (!back.complained)
			log_warn("spool: cannot write a segment ahead: %s",
			    strerror(step.error));
		back.complained = true;
		wait_a_little();
	} else {
		back.spares[back.n_spares++] = step.spare;
		back.complained = false;
	}
	segment_back_check();
}

static void
give(void (*run)(struct work *), void (*done)(struct work *))
{
	step.work.run = run;
	step.work.done = done;
	back.busy = true;
	work_give(WORK_BACK, &step.work);
}

static void
give_recycle(const struct segment *s)
{
	step.number = s->number;
	step.aside = s->aside;
	step.keep = !s->failed && !s->aside && s->size == back.size &&
	    back.n_spares < SPARES_MAX;
	step.spare = step.keep ? back.next_spare++ : 0;
	give(run_recycle, done_recycle);
}

void
segment_back_check(void)
{
	struct segment	*oldest;

	if (back.busy || back.stopped || back.waiting)
		return;
	if (segment_wants_next()) {
		prepare_open();
		give(run_open, done_open);
	} else if (!back.stuck && (oldest = segment_recyclable()) != NULL) {
		give_recycle(oldest);
	} else if (back.n_spares < SPARES_AHEAD) {
		step.spare = back.next_spare++;
		give(run_fill, done_fill);
	}
}

/* --- a start and an end --- */

int
segments_init(struct event_base *base, uint64_t size, uint64_t reserve,
    void (*ready)(int error))
{
	memset(&back, 0, sizeof(back));
	back.size = size;
	back.reserve = reserve;
	back.ready = ready;
	back.stopped = true;	/* until the first segment is open */
	back.retry = evtimer_new(base, on_retry, NULL);
	return back.retry != NULL ? 0 : -1;
}

bool
segment_spare_found(unsigned spare)
{
	if (back.n_spares == SPARES_MAX || spare == UINT32_MAX)
		return false;
	back.spares[back.n_spares++] = spare;
	if (spare >= back.next_spare)
		back.next_spare = spare + 1;
	return true;
}

int
segment_open_first(void)
{
	if (back.life == 0)
		back.life = segment_newest_life() + 1;
	back.next_number = segment_newest() + 1;
	prepare_open();
	run_open(&step.work);
	if (step.error != 0)
		return step.error;
	segment_opened(&step.header, back.size);
	segment_advance();
	return 0;
}

void
segments_begin(void)
{
	back.stopped = false;
	segment_back_check();
}

void
segment_back_remove(uint32_t number)
{
	int	 error;

	if ((error = durable_remove(number)) != 0)
		log_warn("spool: cannot remove segment %u: %s", number,
		    strerror(error));
}

unsigned
segment_spares(void)
{
	return back.n_spares;
}

void
segment_back_clear(void)
{
	back.stopped = true;
	if (back.retry != NULL)
		event_free(back.retry);
	back.retry = NULL;
}
