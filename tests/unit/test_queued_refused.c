/*
 * The spool when it cannot take mail: what is said to who submits it, when
 * nothing more goes out, and that all goes on once the disk does.
 */
#include "spool_driver.h"

#include <sys/statfs.h>

#include <pthread.h>

#include "clock.h"
#include "disk.h"
#include "durable.h"
#include "flusher.h"
#include "segment_back.h"

#define RESERVE		(100u << 20)
#define BLOCK		4096

/* ---- a disk that is full, slow, or broken ------------------------------ */

static struct disk	 bad;
static struct statfs	 fs;		/* what statfs tells */
static int		 statfs_error;
static int		 sync_error;	/* of what batches are synced with */
static int		 new_error;	/* of making files */
static int		 rename_error;
static pthread_mutex_t	 at_sync = PTHREAD_MUTEX_INITIALIZER;

static int
bad_statfs(int fd, struct statfs *out)
{
	(void)fd;
	*out = fs;
	errno = statfs_error;
	return statfs_error != 0 ? -1 : 0;
}

static int
bad_datasync(int fd)
{
	int	 error;

	pthread_mutex_lock(&at_sync);
	error = sync_error;
	pthread_mutex_unlock(&at_sync);
	errno = error;
	return error != 0 ? -1 : disk_real.datasync(fd);
}

static int
bad_open(int dir, const char *name, int flags, mode_t mode)
{
	errno = new_error;
	return new_error != 0 && (flags & O_CREAT) != 0 ? -1 :
	    disk_real.open(dir, name, flags, mode);
}

static int
bad_rename(int from, const char *a, int to, const char *b)
{
	errno = rename_error;
	return rename_error != 0 && to == spool_dirs.root ? -1 :
	    disk_real.rename(from, a, to, b);
}

static int
set_up(void **state)
{
	bad = disk_real;
	bad.statfs = bad_statfs;
	bad.datasync = bad_datasync;
	bad.open = bad_open;
	bad.rename = bad_rename;
	disk = &bad;
	fs = (struct statfs){ .f_bsize = BLOCK, .f_bavail = 1 << 20,
	    .f_files = 1 << 20, .f_ffree = 1 << 20 };
	statfs_error = sync_error = new_error = rename_error = 0;
	if (drv_setup_fast(state) == -1)
		return -1;
	drv_limits.reserve = RESERVE;
	return 0;
}

static int
tear_down(void **state)
{
	clock_let_go();
	disk = &disk_real;
	return drv_teardown(state);
}

/* ---- no room ----------------------------------------------------------- */

/* What the spool says when it has looked, and what it does. */
static void
takes(enum store_result want)
{
	int	 error = statfs_error;

	statfs_error = 0;
	drv_open();
	statfs_error = error;
	spool_accepts();
	work_wait();
	assert_int_equal(spool_accepts(), want);
	drv_store(0, 100);
	drv_wait();
	assert_int_equal(ledger->line[0].result, want);
	/* mail on its way to others makes room */
	assert_true(spool_may_deliver());
	drv_close();
}

static void
test_room(void **state)
{
	(void)state;
	takes(STORE_OK);
	fs.f_bavail = RESERVE / BLOCK;
	takes(STORE_OK);
	fs.f_bavail = RESERVE / BLOCK - 1;
	takes(STORE_NO_SPACE);
}

static void
test_files(void **state)
{
	(void)state;
	fs.f_ffree = 999;
	takes(STORE_NO_SPACE);
	fs.f_files = fs.f_ffree = 0;	/* makes them as it needs them */
	takes(STORE_OK);
}

static void
test_room_unknown(void **state)
{
	(void)state;
	statfs_error = EIO;
	takes(STORE_NO_SPACE);
}

/* Segments that are there to be written when all has been done. */
static unsigned
ahead_with(uint64_t octets)
{
	unsigned	 n;

	fs.f_bavail = octets / BLOCK;
	drv_open();
	work_wait();
	n = segments_ahead();
	drv_close();
	return n;
}

/* What is to stay free is not taken for what is written ahead. */
static void
test_not_ahead(void **state)
{
	(void)state;
	assert_int_equal(ahead_with(RESERVE + drv_limits.segment_size - 1), 1);
	assert_int_equal(ahead_with(RESERVE + drv_limits.segment_size), 2);
}

static void
test_no_first_segment(void **state)
{
	char	 why[256] = "";

	(void)state;
	statfs_error = EIO;
	assert_int_equal(drv_try_open(why, sizeof(why)), -1);
	assert_non_null(strstr(why, "cannot open a segment"));
	event_base_free(drv_base);
}

/* ---- a disk that says so only when it is written to -------------------- */

static void
fails_with(int error, enum store_result told)
{
	drv_open();
	sync_error = error;
	drv_store(0, 100);
	drv_wait();
	assert_int_equal(ledger->line[0].result, told);
	assert_int_equal(flusher_error(), error);
	sync_error = 0;
	/* the next segment may do: so may the next message */
	if (spool_accepts() == STORE_OK) {
		drv_store(1, 100);
		drv_wait();
		assert_int_equal(ledger->line[1].result, STORE_OK);
	} else
		assert_int_equal(spool_accepts(), told);
	drv_close();
}

static void
test_no_space(void **state)
{
	(void)state;
	fails_with(ENOSPC, STORE_NO_SPACE);
}

static void
test_quota(void **state)
{
	(void)state;
	fails_with(EDQUOT, STORE_NO_SPACE);
}

static void
test_broken(void **state)
{
	(void)state;
	fails_with(EIO, STORE_IO_ERROR);
}

/* Ends it as a kill would: what waits for the disk is never told. */
static void
drop(void)
{
	spool_close();
	event_base_free(drv_base);
	drv_waiting = 0;
}

/* Segment after segment fails, and none can be made: nothing goes in, nor
 * out, as no result could be kept. */
static void
test_all_broken(void **state)
{
	unsigned	 k = 0;

	(void)state;
	drv_open();
	sync_error = EIO;
	new_error = EROFS;
	for (; k < 200 && (segment_current() != NULL ||
	    segments_ahead() != 0); k++) {
		drv_store(k, 100);
		drv_wait_ms(5);
		assert_int_not_equal(ledger->line[k].stored, TOLD_OK);
	}
	assert_null(segment_current());
	/* and again, with nothing that waits */
	flusher_ready(EROFS);
	flusher_ready(EROFS);
	assert_int_equal(spool_accepts(), STORE_IO_ERROR);
	assert_false(spool_may_deliver());
	drop();
	sync_error = new_error = 0;
	drv_open();
	assert_int_equal(spool_accepts(), STORE_OK);
	drv_close();
}

/* Several flushes of one segment are under way when it fails. */
static void
test_many_under_way(void **state)
{
	(void)state;
	drv_open();
	pthread_mutex_lock(&at_sync);
	drv_store(0, 100);
	event_base_loop(drv_base, EVLOOP_NONBLOCK);
	usleep(20000);		/* so slow that they overlap from then on */
	pthread_mutex_unlock(&at_sync);
	drv_wait();
	assert_int_equal(ledger->line[0].result, STORE_OK);
	pthread_mutex_lock(&at_sync);
	sync_error = EIO;
	for (unsigned k = 1; k < 4; k++) {
		drv_store(k, 100);
		event_base_loop(drv_base, EVLOOP_NONBLOCK);
	}
	assert_true(segment_current()->flying > 1);
	pthread_mutex_unlock(&at_sync);
	drv_wait();
	for (unsigned k = 1; k < 4; k++)
		assert_int_equal(ledger->line[k].result, STORE_IO_ERROR);
	sync_error = 0;
	drv_close();
}

/* ---- a disk that does not come back ------------------------------------ */

/* More waits for it than memory is for. */
static void
test_slow(void **state)
{
	static char	 body[BODY_SEGMENT_MAX];
	struct envelope	 e;
	unsigned	 k = 0;

	(void)state;
	drv_limits.segment_size = 8 << 20;
	drv_open();
	pthread_mutex_lock(&at_sync);
	for (; k < 100 && spool_accepts() == STORE_OK; k++) {
		e = drv_envelope(k);
		drv_waiting++;
		spool_store(&e, drv_header(k), str_bytes(body, sizeof(body)),
		    0, 0, drv_on_stored, &ledger->line[k]);
	}
	assert_in_range(k, 32, 99);
	assert_int_equal(spool_accepts(), STORE_TEMPORARY);
	drv_store(k, 10);
	assert_int_equal(ledger->line[k].result, STORE_TEMPORARY);
	pthread_mutex_unlock(&at_sync);
	drv_wait();
	for (unsigned i = 0; i < k; i++)
		assert_int_equal(ledger->line[i].result, STORE_OK);
	assert_int_equal(spool_accepts(), STORE_OK);
	drv_close();
}

/* One flush of a minute is forgotten after some of the usual kind. */
static void
test_one_slow_flush(void **state)
{
	(void)state;
	drv_limits.segment_size = 1 << 20;
	drv_open();
	clock_hold(1000, 1000);
	pthread_mutex_lock(&at_sync);
	drv_store(0, 100);
	event_base_loop(drv_base, EVLOOP_NONBLOCK);
	clock_hold(61000, 1060);
	pthread_mutex_unlock(&at_sync);
	drv_wait();
	for (unsigned k = 1; k < 60; k++) {
		drv_store(k, 100);
		drv_wait();
	}
	pthread_mutex_lock(&at_sync);
	for (unsigned k = 60; k < 63; k++) {
		drv_store(k, 100);
		event_base_loop(drv_base, EVLOOP_NONBLOCK);
	}
	/* again they gather while one is under way */
	assert_int_equal(segment_current()->flying, 1);
	pthread_mutex_unlock(&at_sync);
	drv_wait();
	drv_close();
}

/* ---- what is too long, and when there is no spool ---------------------- */

static enum store_result
submit(size_t header, size_t body, uint64_t large_size)
{
	static char	 octets[BODY_SEGMENT_MAX + 1];
	struct envelope	 e = drv_envelope(0);
	uint32_t	 large = 0;
	int		 fd;

	if (large_size != 0) {
		assert_int_not_equal(fd = spool_large_open(&large), -1);
		close(fd);
	}
	drv_waiting++;
	spool_store(&e, str_bytes(octets, header), str_bytes(octets, body),
	    large, large_size, drv_on_stored, &ledger->line[0]);
	drv_wait();
	return ledger->line[0].result;
}

static void
test_too_large(void **state)
{
	(void)state;
	drv_limits.segment_size = 8 << 20;
	drv_open();
	assert_int_equal(submit(HEADER_MAX, BODY_SEGMENT_MAX, 0), STORE_OK);
	assert_int_equal(submit(HEADER_MAX + 1, 0, 0), STORE_TOO_LARGE);
	assert_int_equal(submit(10, BODY_SEGMENT_MAX + 1, 0),
	    STORE_TOO_LARGE);
	assert_int_equal(submit(10, 0, MESSAGE_SIZE_MAX + 1ull),
	    STORE_TOO_LARGE);
	drv_close();
	/* and what had come of it is not kept */
	assert_int_equal(rmdir("tmp"), 0);
}

static void
test_not_open(void **state)
{
	(void)state;
	assert_int_equal(spool_accepts(), STORE_TEMPORARY);
	assert_false(spool_may_deliver());
	drv_open();
	/* a word that may wait is written at the stop at last */
	drv_store(0, 100);
	drv_wait();
	drv_mark(0, MARK_HOLD);
	drv_close();
	assert_int_equal(drv_waiting, 0);
	assert_int_equal(spool_accepts(), STORE_TEMPORARY);
	drv_open();
	assert_true(ledger->line[0].held);
	drv_close();
}

static void
refuses_size(uint64_t size)
{
	char	 why[256] = "";

	drv_limits.segment_size = size;
	assert_int_equal(drv_try_open(why, sizeof(why)), -1);
	assert_non_null(strstr(why, "size"));
	event_base_free(drv_base);
}

static void
test_segment_sizes(void **state)
{
	(void)state;
	refuses_size(SPOOL_SEGMENT_MIN - SPOOL_BLOCK);
	refuses_size(SPOOL_SEGMENT_MIN + 1);
	refuses_size((uint64_t)SPOOL_SEGMENT_MAX + SPOOL_BLOCK);
}

/* ---- segments that cannot be made or used again ------------------------ */

static void
roll(unsigned from, unsigned n)
{
	for (unsigned k = from; k < from + n; k++) {
		drv_store(k, 9000);
		drv_wait();
		drv_end(k);
	}
	drv_wait();
	work_wait();
}

/* One that cannot be is left as it is: no other takes its place. */
static void
test_not_recycled(void **state)
{
	(void)state;
	drv_open();
	rename_error = EIO;
	roll(0, 40);
	assert_int_equal(access("log/0000000000000001.seg", F_OK), 0);
	rename_error = 0;
	roll(40, 40);
	assert_int_equal(access("log/0000000000000001.seg", F_OK), 0);
	drv_close();
	drv_open();
	roll(80, 10);
	drv_close();
	assert_int_equal(access("log/0000000000000001.seg", F_OK), -1);
}

static void
test_open_for_reading(void **state)
{
	struct segment	*s;
	unsigned	 open = 0;

	(void)state;
	for (uint32_t n = 1; n <= 70; n++)
		segment_add(&(struct segment_header){ .number = n }, 4096);
	for (uint32_t n = 1; n <= 70; n++) {
		s = segment_find(n);
		s->pins = n == 2;
		segment_keep_fd(s, dup(0));
		segment_keep_fd(s, dup(0));	/* another made one as well */
	}
	for (uint32_t n = 1; n <= 70; n++)
		open += segment_find(n)->fd != -1;
	assert_int_equal(open, 64);
	/* the oldest go first, but not while they are read */
	assert_int_equal(segment_find(1)->fd, -1);
	assert_int_not_equal(segment_find(2)->fd, -1);
	assert_int_equal(segment_find(3)->fd, -1);
	/* one more than may be, rather than one that is being read */
	for (uint32_t n = 1; n <= 70; n++)
		segment_find(n)->pins = 1;
	segment_keep_fd(segment_find(1), dup(0));
	assert_int_not_equal(segment_find(1)->fd, -1);
	assert_int_not_equal(segment_find(8)->fd, -1);
	segment_moved_to(segment_find(70));
	assert_true(segment_find(69)->states);
	assert_false(segment_find(70)->states);
	segment_recycled(99);		/* has gone by now */
	segments_clear();
	assert_null(segment_cleanable());
	assert_null(segment_recyclable());
}

/* The oldest, in each state in which it is needed. */
static void
test_still_needed(void **state)
{
	struct segment	*s;

	(void)state;
	drv_base = event_base_new();
	assert_int_equal(segments_init(drv_base, 65536, 0, flusher_ready),
	    0);
	s = segment_opened(&(struct segment_header){ .number = 1 }, 65536);
	assert_null(segment_cleanable());	/* it is the next one */
	assert_null(segment_recyclable());
	segment_advance();
	assert_null(segment_cleanable());	/* and now the current one */
	assert_null(segment_recyclable());
	segment_opened(&(struct segment_header){ .number = 2 }, 65536);
	segment_advance();
	assert_ptr_equal(segment_cleanable(), s);
	assert_ptr_equal(segment_recyclable(), s);
	s->flying = 1;
	assert_null(segment_cleanable());
	assert_null(segment_recyclable());
	s->flying = 0;
	segment_live(s, 100);
	assert_ptr_equal(segment_cleanable(), s);
	assert_null(segment_recyclable());
	segment_gone(1);		/* that nobody said would end */
	assert_int_equal(s->live, 0);
	assert_int_equal(s->ending, 0);
	segment_gone(1);		/* and what never lived there */
	assert_int_equal(s->live, 0);
	segment_moved_to(NULL);
	assert_null(segment_recyclable());
	segments_clear();
	event_base_free(drv_base);
}

/* Names of spares: no more than the list holds, and no number twice. */
static void
test_spares(void **state)
{
	unsigned	 n = 0;

	(void)state;
	drv_base = event_base_new();
	assert_int_equal(segments_init(drv_base, 65536, 0, flusher_ready),
	    0);
	assert_false(segment_spare_found(UINT32_MAX));
	while (n < 1000 && segment_spare_found(n))
		n++;
	assert_in_range(n, 1, 999);
	assert_int_equal(segment_spares(), n);
	segments_clear();
	event_base_free(drv_base);
}

#define TEST(fn)	cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		TEST(test_room), TEST(test_files), TEST(test_room_unknown),
		TEST(test_not_ahead), TEST(test_no_first_segment),
		TEST(test_no_space), TEST(test_quota),
		TEST(test_broken), TEST(test_all_broken),
		TEST(test_many_under_way), TEST(test_slow),
		TEST(test_one_slow_flush), TEST(test_too_large),
		TEST(test_not_open), TEST(test_segment_sizes),
		TEST(test_not_recycled), TEST(test_open_for_reading),
		TEST(test_still_needed), TEST(test_spares),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
