/*
 * Segments made by hand, and what a scan tells of them: which records, and
 * what is said to be missing, where.
 */
#include "segment_scan.h"

#include <sys/mman.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <sodium.h>

#include "disk.h"

#define SEGMENT		(8u << 20)
#define WINDOW		(1u << 20)	/* what the scan reads at once */
#define META		32		/* octets of a record, unless it says */
#define FIRST		SPOOL_BLOCK	/* where batches begin */
#define UNREADABLE	(HOLES_MAX * SPOOL_BLOCK + 1)

static const uint8_t	 key[SEGMENT_KEY] = "0123456789abcde";

static uint8_t		 segment[SEGMENT];
static size_t		 at;		/* where the next record is put */
static struct scan	 scan;
static char		 told[4096];	/* "4 5 6-7(why) 8 ": what came */

static struct {
	uint64_t	 from, to;	/* octets that cannot be read */
} hole;

static ssize_t
read_around(int fd, void *p, size_t n, off_t offset)
{
	if ((uint64_t)offset < hole.to && (uint64_t)offset + n > hole.from) {
		errno = EBADF;	/* of all errors one that will not pass */
		return -1;
	}
	return disk_real.read(fd, p, n, offset);
}

/* ---- making ------------------------------------------------------------ */

static void
put_record(uint64_t sequence, size_t meta)
{
	struct buf	 b = BUF_INIT(RECORD_MAX);
	uint8_t		*p;

	record_begin(&b, RECORD_GONE, 0, sequence, sequence);
	memset(buf_room(&b, meta), 'm', meta);
	buf_added(&b, meta);
	record_end(&b, 0, STR_NONE, STR_NONE);
	p = (uint8_t *)buf_data(&b);
	record_seal(p, key);
	memcpy(segment + at, p, b.len);
	at += b.len;
	buf_clear(&b);
}

static void
begin_batch(size_t offset)
{
	at = offset + BATCH_HEADER;
}

/* A header that says so of what was put behind it. */
static void
end_batch(size_t offset, uint32_t n, uint64_t first)
{
	batch_header_put(segment + offset, &(struct batch_header){ .n = n,
	    .length = (uint32_t)(at - offset), .offset = (uint32_t)offset,
	    .first = first, .durable = first }, key);
}

/* One record for each sequence from first on, and their header. */
static void
put_batch(size_t offset, uint64_t first, uint32_t n)
{
	begin_batch(offset);
	for (uint32_t i = 0; i < n; i++)
		put_record(first + i, META);
	end_batch(offset, n, first);
}

/* ---- scanning ---------------------------------------------------------- */

static void
tell(const char *fmt, ...)
{
	size_t	 len = strlen(told);
	va_list	 ap;

	va_start(ap, fmt);
	vsnprintf(told + len, sizeof(told) - len, fmt, ap);
	va_end(ap);
}

static void
on_record(void *arg, const struct record *r, struct spool_place place)
{
	(void)arg;
	assert_int_equal(place.segment, 7);
	tell("%u ", (unsigned)r->sequence);
}

static void
on_damage(void *arg, const struct damage *d)
{
	(void)arg;
	tell("%u-%u(%s) ", (unsigned)d->first, (unsigned)d->last, d->what);
}

static int
scan_octets(size_t size)
{
	int	 r;

	scan.size = size;
	scan.fd = memfd_create("segment", MFD_CLOEXEC);
	assert_int_equal(pwrite(scan.fd, segment, size, 0), size);
	r = segment_scan(&scan);
	close(scan.fd);
	return r;
}

/* All of it, which can be done, tells that. */
static void
tells(size_t size, const char *what)
{
	assert_int_equal(scan_octets(size), 0);
	assert_string_equal(told, what);
}

static int
set_up(void **state)
{
	static struct disk	 around;

	(void)state;
	memset(segment, 0, sizeof(segment));
	memset(&hole, 0, sizeof(hole));
	told[0] = '\0';
	scan = (struct scan){ .number = 7, .key = key, .record = on_record,
	    .damage = on_damage, .next = 5 };
	around = disk_real;
	around.read = read_around;
	disk = &around;
	return sodium_init() == -1 ? -1 : 0;
}

/* ---- batches that are not as they should be ---------------------------- */

static void
test_in_order(void **state)
{
	(void)state;
	put_batch(FIRST, 5, 3);
	put_batch(2 * FIRST, 8, 2);
	tells(4 * FIRST, "5 6 7 8 9 ");
	assert_int_equal(scan.next, 10);
	assert_int_equal(scan.end, 3 * FIRST);
	assert_int_equal(scan.durable, 8);
}

static void
test_batch_missing(void **state)
{
	(void)state;
	put_batch(FIRST, 5, 2);
	put_batch(3 * FIRST, 9, 1);
	tells(4 * FIRST, "5 6 7-8(a batch is missing) 9 ");
}

static void
test_records_missing(void **state)
{
	(void)state;
	begin_batch(FIRST);
	put_record(5, META);
	put_record(7, META);
	end_batch(FIRST, 3, 5);
	tells(2 * FIRST, "5 6-6(records are missing) 7 ");
}

static void
test_cut_short(void **state)
{
	(void)state;
	begin_batch(FIRST);
	put_record(5, META);
	end_batch(FIRST, 3, 5);
	tells(2 * FIRST, "5 6-7(a batch is cut short) ");
}

/* What the header did not count is not of this batch. */
static void
test_more_than_counted(void **state)
{
	(void)state;
	begin_batch(FIRST);
	put_record(5, META);
	put_record(6, META);
	end_batch(FIRST, 1, 5);
	tells(2 * FIRST, "5 ");
}

/* True records whose sequence is not one of the batch: old, and to come. */
static void
test_not_of_this_batch(void **state)
{
	(void)state;
	begin_batch(FIRST);
	put_record(5, META);
	put_record(4, META);
	put_record(9, META);
	put_record(6, META);
	end_batch(FIRST, 2, 5);
	/* stepped over, and no sequence is missing for it */
	tells(2 * FIRST, "5 6 ");
}

static void
test_bad_record(void **state)
{
	size_t	 second;

	(void)state;
	begin_batch(FIRST);
	put_record(5, META);
	second = at;
	put_record(6, META);
	put_record(7, META);
	end_batch(FIRST, 3, 5);
	segment[second + RECORD_HEADER] ^= 1;
	tells(2 * FIRST, "5 6-6(the checksum of a record is wrong) 7 ");
}

/* ---- records without the header of their batch ------------------------- */

static void
test_salvage(void **state)
{
	(void)state;
	begin_batch(FIRST);
	put_record(5, META);
	put_record(6, META);
	put_batch(2 * FIRST, 7, 1);
	tells(3 * FIRST, "5 6 5-6(a batch header is wrong (records behind it "
	    "were found)) 7 ");
}

/* The last of them ends where the segment does. */
static void
test_salvage_to_the_end(void **state)
{
	(void)state;
	begin_batch(FIRST);
	put_record(5, SPOOL_BLOCK - BATCH_HEADER - RECORD_HEADER);
	assert_int_equal(at, 2 * FIRST);
	tells(2 * FIRST, "5 5-5(a batch header is wrong (records behind it "
	    "were found)) ");
}

static void
test_salvage_in_a_large_segment(void **state)
{
	(void)state;
	assert_true(RECORD_MAX < SEGMENT - FIRST);
	begin_batch(FIRST);
	put_record(5, META);
	tells(SEGMENT, "5 5-5(a batch header is wrong (records behind it "
	    "were found)) ");
}

/* One whose own header says more than a block, and more than there is. */
static void
test_salvage_long(void **state)
{
	(void)state;
	begin_batch(FIRST);
	put_record(5, 3 * SPOOL_BLOCK);
	tells(5 * FIRST, "5 5-5(a batch header is wrong (records behind it "
	    "were found)) ");
	told[0] = '\0';
	scan.next = 5;
	tells(4 * FIRST, "");
}

/* What an earlier use of the file has left is not taken for anything. */
static void
test_old_records(void **state)
{
	(void)state;
	begin_batch(FIRST);
	put_record(4, META);
	begin_batch(2 * FIRST);
	put_record(5, META);
	segment[at - 1] ^= 1;
	tells(4 * FIRST, "");
	assert_int_equal(scan.end, FIRST);
}

/* ---- what cannot be read ----------------------------------------------- */

static void
test_a_block(void **state)
{
	(void)state;
	put_batch(FIRST, 5, 1);
	put_batch(2 * FIRST, 6, 1);
	put_batch(3 * FIRST, 7, 1);
	hole.from = 2 * FIRST + 100;
	hole.to = hole.from + 1;
	tells(4 * FIRST, "5 6-6(a batch is missing) 7 ");
	assert_int_equal(scan.unreadable, 1);
}

/* The last block of a file that was cut somewhere. */
static void
test_a_part_of_a_block(void **state)
{
	(void)state;
	put_batch(FIRST, 5, 1);
	hole.from = hole.to = 2 * FIRST + 90;
	hole.to++;
	tells(2 * FIRST + 100, "5 ");
	assert_int_equal(scan.unreadable, 1);
}

/* From there on so much cannot be that it is no matter of some blocks. */
static void
refuses(uint64_t from, const char *what)
{
	hole.from = from;
	hole.to = from + UNREADABLE;
	assert_int_equal(scan_octets(SEGMENT), -1);
	assert_int_equal(scan.error, EBADF);
	assert_string_equal(told, what);
}

static void
test_too_many_blocks(void **state)
{
	(void)state;
	put_batch(FIRST, 5, 1);
	refuses(FIRST, "");
}

static void
test_too_many_later(void **state)
{
	(void)state;
	put_batch(FIRST, 5, 1);
	refuses(FIRST + WINDOW, "5 ");
}

/* In the middle of a batch that is longer than what is read at once. */
static void
test_too_many_in_a_batch(void **state)
{
	(void)state;
	begin_batch(FIRST);
	for (uint64_t i = 0; at < FIRST + WINDOW + UNREADABLE; i++)
		put_record(5 + i, 9000);
	end_batch(FIRST, 1000, 5);
	refuses(FIRST + WINDOW, "");
}

/* The same, but its header is wrong: first when it is looked at ... */
static void
test_too_many_behind_no_header(void **state)
{
	(void)state;
	put_batch(FIRST, 5, 1);
	begin_batch(FIRST + WINDOW - SPOOL_BLOCK);
	put_record(6, 2 * SPOOL_BLOCK);
	refuses(FIRST + WINDOW, "5 ");
}

/* ... and then when the rest of it is read. */
static void
test_too_many_to_salvage(void **state)
{
	(void)state;
	begin_batch(FIRST);
	put_record(5, META);
	refuses(FIRST + WINDOW, "");
}

/* ---- from one life to the next ----------------------------------------- */

static void
test_border(void **state)
{
	struct damage	 synced = { .first = 6 }, doubtful = { .first = 9 };
	uint64_t	 durable;

	(void)state;
	assert_true(scan_begin_life(&scan, 1, &durable));
	assert_false(scan_begin_life(&scan, 1, &durable));
	scan_claim(&scan, 9);
	assert_true(scan_begin_life(&scan, 2, &durable));
	assert_int_equal(durable, 9);
	/* what the former life had not synced was written again in this */
	assert_false(scan_was_rewritten(&scan, &synced));
	assert_true(scan_was_rewritten(&scan, &doubtful));
	put_batch(FIRST, 20, 1);
	tells(2 * FIRST, "5-19(a batch is missing) 20 ");
	assert_false(scan_was_rewritten(&scan, &doubtful));
}

#define TEST(fn)	cmocka_unit_test_setup(fn, set_up)

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		TEST(test_in_order), TEST(test_batch_missing),
		TEST(test_records_missing), TEST(test_cut_short),
		TEST(test_more_than_counted), TEST(test_not_of_this_batch),
		TEST(test_bad_record), TEST(test_salvage),
		TEST(test_salvage_to_the_end),
		TEST(test_salvage_in_a_large_segment),
		TEST(test_salvage_long), TEST(test_old_records),
		TEST(test_a_block), TEST(test_a_part_of_a_block),
		TEST(test_too_many_blocks), TEST(test_too_many_later),
		TEST(test_too_many_in_a_batch),
		TEST(test_too_many_behind_no_header),
		TEST(test_too_many_to_salvage), TEST(test_border),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
