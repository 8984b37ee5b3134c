/*
 * The spool as the manager sees it: opening and closing, whether mail can be
 * taken, and taking it.  The durable steps are in durable.c; the format is
 * in record.h; how the parts are stacked:
 *
 *	spool, append		what the manager says, as records
 *	flusher, batch, settle	records gathered, written, synced, settled
 *	segment, segment_back	the log's files, and what lives in each
 *	segment_scan, _index	their records, and where something is wrong
 *	cache, load		reading again
 *	large			bodies in files
 *	recover, fold, tell	a start; damage: what it finds wrong;
 *				rewrite: what may not be on the disk
 *	claim			what may be said to be durable
 *	clean			the oldest segment copied forward
 *	durable, dirs, disk	every step that a power cut can show
 *	work			threads
 *
 * What is on the disk of one message, and what a start makes of it:
 *
 *	state			on the disk			a start
 *	S0 arriving		tmp/ file, or nothing		removes it
 *	S1 kept			large/ file, no record		removes it; in
 *								doubt, into
 *								damaged/
 *	S2 flying		MESSAGE, whole, torn or none	finds it
 *								whole, and
 *								makes it S5, or
 *								not at all
 *	S3 live			MESSAGE, synced			finds it
 *	S4 live, with results	MESSAGE, then RESULT, HOLD,	finds it, with
 *				ROUTE ...			the last of each
 *	S5 moved		MESSAGE, ..., MOVED, ...	the last copy
 *	S6 gone			MESSAGE, ..., GONE		ignores it
 *	S7 forgotten		nothing, or records without	ignores them
 *				their MESSAGE
 *	SX cancelled		MESSAGE or not, CANCEL		ignores it
 *
 * and the steps from each to the next:
 *
 *	S0-S1	file synced, then linked, then large/ synced
 *	S0-S2, S1-S2  its batch written to its place in the open segment
 *	S2-S3	that batch synced; only then is the client told 250
 *	S2-SX	that failed: CANCEL synced in another segment, then 4yz
 *	S3-S4	RESULT synced; only then is deliverd told to forget it
 *	-S5	MOVED synced, before the old segment is let go, or (at a
 *		start) before anybody is told that the message is there
 *	-S6	GONE synced; then the large/ file is unlinked
 *	S6-S7	the oldest segment, when nothing in it lives, leaves the
 *		log; log/ synced before its file is used again
 */
#include "spool.h"

#include <sys/statfs.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include "append.h"
#include "cache.h"
#include "clean.h"
#include "clock.h"
#include "disk.h"
#include "durable.h"
#include "flusher.h"
#include "large.h"
#include "load.h"
#include "log.h"
#include "recover.h"
#include "segment.h"
#include "segment_index.h"
#include "work.h"

#define SPACE_CHECK_MS	1000		/* at most so old when mail is taken */
#define FILES_RESERVE	1000		/* of those that the disk can hold */
#define BATCH_MAX	(1u << 20)	/* then the next batch begins */
/* Such a part of the last segment is kept for results of what is under way. */
#define RESULTS_PART	8
/* Records in memory that are not yet durable: a disk that slow cannot take
 * more mail. */
#define WAITING_MAX	(64u << 20)

static struct event_base	*base;
static struct spool_limits	 limits;
static bool			 is_open;

/* --- room on the disk --- */

static struct {
	struct work	 work;
	bool		 busy, full;
	uint64_t	 at_ms;		/* of the last answer */
	int		 error;
	struct statfs	 fs;
} space;

static void
run_space(struct work *w)
{
	(void)w;
	space.error = disk->statfs(spool_dirs.root, &space.fs) == -1 ?
	    errno : 0;
}

static void
done_space(struct work *w)
{
	const struct statfs	*fs = &space.fs;

	(void)w;
	space.busy = false;
	space.at_ms = clock_ms();
	space.full = space.error != 0 ||
	    (uint64_t)fs->f_bavail * (uint64_t)fs->f_bsize < limits.reserve ||
	    /* file systems without a fixed number of files say 0 */
	    (fs->f_files != 0 && fs->f_ffree < FILES_RESERVE);
}

static void
look_at_space(void)
{
	if (space.busy || clock_ms() - space.at_ms < SPACE_CHECK_MS)
		return;
	space.busy = true;
	space.work.run = run_space;
	space.work.done = done_space;
	work_give(WORK_READ, &space.work);
}

enum store_result
spool_accepts(void)
{
	int	 error = flusher_error();

	if (!is_open)
		return STORE_TEMPORARY;
	look_at_space();
	if (space.full || error == ENOSPC || error == EDQUOT)
		return STORE_NO_SPACE;
	if (error != 0 && segment_current() == NULL)
		return STORE_IO_ERROR;
	return flusher_waiting() < WAITING_MAX ? STORE_OK : STORE_TEMPORARY;
}

bool
spool_may_deliver(void)
{
	const struct segment	*s = segment_current();

	return is_open && (segments_ahead() != 0 || (s != NULL &&
	    s->end + limits.segment_size / RESULTS_PART <= s->size));
}

/* --- taking mail --- */

void
spool_store(const struct envelope *envelope, struct str header,
    struct str body, uint32_t large, uint64_t large_size,
    spool_stored stored, void *arg)
{
	enum store_result	 r = spool_accepts();
	struct append_message	 m = {
		.envelope = envelope,
		.content.header_len = (uint32_t)header.n,
		.content.body_len = body.n,
		.header = header,
		.body = body,
	};

	if (header.n > HEADER_MAX || body.n > BODY_SEGMENT_MAX ||
	    large_size > MESSAGE_SIZE_MAX)
		r = STORE_TOO_LARGE;
	if (r != STORE_OK) {
		if (large != 0)
			spool_large_drop(large);
		stored(arg, r, NULL);
	} else if (large != 0)
		large_store(envelope, header, large, large_size, stored, arg);
	else
		append_message(&m, stored, arg);
}

/* --- start and stop --- */

void
spool_threads(void)
{
	if (sodium_init() == -1)
		fatal("libsodium cannot start");
	work_start();
}

static void
close_all(void)
{
	work_detach();
	clean_stop();
	index_clear();
	flusher_clear();
	segments_clear();
	cache_clear();
	load_clear();
	large_clear();
	batch_free_kept();
	dirs_close();
	is_open = false;
}

static int
make_ready(uint64_t next)
{
	size_t	 part = (size_t)limits.segment_size / 4;

	return flusher_init(base, next, part < BATCH_MAX ? part : BATCH_MAX);
}

static int
start(void (*found)(const struct spool_message *), char *why, size_t size)
{
	const struct recover_ops ops = { make_ready, found };
	uint64_t		 part = limits.segment_size / 4;
	int			 error;

	if (work_attach(base) == -1 || segments_init(base,
	    limits.segment_size, limits.reserve, flusher_ready) == -1) {
		snprintf(why, size, "spool: no memory");
		return -1;
	}
	large_init(part < BODY_SEGMENT_MAX ? part : BODY_SEGMENT_MAX);
	if (recover(limits.segment_size, &ops, why, size) == -1)
		return -1;
	if (segment_current() == NULL &&
	    (error = segment_open_first()) != 0) {
		snprintf(why, size, "spool: cannot open a segment: %s",
		    strerror(error));
		return -1;
	}
	return 0;
}

int
spool_open(struct event_base *b, const struct spool_limits *l,
    void (*found)(const struct spool_message *), char *why, size_t size)
{
	base = b;
	limits = *l;
	memset(&space, 0, sizeof(space));
	if (limits.segment_size % SPOOL_BLOCK != 0 ||
	    limits.segment_size < SPOOL_SEGMENT_MIN ||
	    limits.segment_size > SPOOL_SEGMENT_MAX) {
		snprintf(why, size, "spool: a segment of that size cannot be");
		return -1;
	}
	if (dirs_open(why, size) == -1)
		return -1;
	if (start(found, why, size) == -1) {
		close_all();
		return -1;
	}
	is_open = true;
	segments_begin();
	return 0;
}

void
spool_stop(void (*done)(void))
{
	is_open = false;
	flusher_stop(done);
}

void
spool_close(void)
{
	work_wait();
	close_all();
}
