/*
 * The spool with damage in it: octets flipped, files cut short, blocks lost,
 * and bodies that are made to look like records.  The service goes on with
 * what is whole; what is lost is at most what was hit, and is put aside.
 */
#include "spool_driver.h"

#include <sys/stat.h>

#include "disk.h"
#include "record.h"

#define MESSAGES_N	40
#define SEGMENT		65536u

static unsigned	 seed = 1;

/* the same in every run */
static unsigned
any(unsigned below)
{
	seed = seed * 1103515245 + 12345;
	return (seed >> 8) % below;
}

static void
live_in_order(void *arg)
{
	(void)arg;
	drv_open();
	for (unsigned k = 0; k < MESSAGES_N; k++) {
		drv_store(k, 3000 + k);
		if (k % 3 == 2)
			drv_wait();
	}
	drv_wait();
	for (unsigned k = 0; k < MESSAGES_N; k += 4)
		drv_end(k);
	drv_wait();
	drv_close();
}

/* the spool as it was before the damage */
static void
setup_original(void)
{
	assert_int_equal(drv_in_child(live_in_order, NULL), 0);
	assert_int_equal(system("mkdir ../x.$$ 2>/dev/null; rmdir ../x.$$;"
	    "mkdir original && cp -a log version original"), 0);
}

static void
restore(void)
{
	assert_int_equal(system("rm -rf log spare-* damaged && "
	    "cp -a original/log ."), 0);
}

static unsigned
look(void)
{
	assert_int_equal(drv_in_child(drv_look, NULL), 0);
	return drv_errors(MESSAGES_N, false);
}

static unsigned
is_put_aside(void)
{
	return access("damaged", F_OK) == 0 && rmdir("damaged") == -1;
}

/* --- octets --- */

/* a place in what is used of a segment of the original */
static void
flip(unsigned bits)
{
	static const char	*const names[] = {
		"log/0000000000000001.seg", "log/0000000000000002.seg",
		"log/0000000000000003.seg",
	};
	unsigned		 at = any(SEGMENT - 4096);
	uint8_t			 c;
	int			 fd;

	fd = open(names[any(COUNT(names))], O_RDWR);
	assert_int_not_equal(fd, -1);
	assert_int_equal(pread(fd, &c, 1, at), 1);
	c ^= (uint8_t)bits;
	assert_int_equal(pwrite(fd, &c, 1, at), 1);
	close(fd);
}

static void
test_flips(void **state)
{
	unsigned	 hits = 0, errors;
	const char	*n = getenv("SPOOL_TEST_FLIPS");

	(void)state;
	setup_original();
	assert_int_equal(look(), 0);
	for (int i = n != NULL ? atoi(n) : 40; i > 0; i--) {
		restore();
		flip(1u << any(8));
		errors = look();
		/* a flip hits one record at most, and what is lost is told */
		assert_true(errors <= 1);
		assert_true(errors == 0 || is_put_aside());
		hits += errors;
	}
	assert_true(hits > 0);
}

static void
test_many_flips(void **state)
{
	(void)state;
	setup_original();
	for (int i = 0; i < 10; i++) {
		restore();
		for (int j = 0; j < 10; j++)
			flip(0xff);
		assert_true(look() <= 10);
		/* again, over what the first start has left */
		assert_true(look() <= 10);
	}
}

/* --- blocks and files --- */

static void
test_cut_short(void **state)
{
	static const char	 name[] = "log/0000000000000002.seg";

	(void)state;
	setup_original();
	for (unsigned at = 0; at <= SEGMENT; at += 4096) {
		unsigned	 cut = at == 0 ? any(4096) : at;

		restore();
		assert_int_equal(truncate(name, cut), 0);
		/* messages of the others are all there */
		assert_true(look() <= MESSAGES_N / 2);
		restore();
		assert_int_equal(truncate(name, at + any(4096)), 0);
		look();
	}
}

static void
zero(const char *name, off_t at, size_t n)
{
	char	*zeros = calloc(1, n);
	int	 fd = open(name, O_RDWR);

	assert_int_equal(pwrite(fd, zeros, n, at), n);
	close(fd);
	free(zeros);
}

static void
test_lost_blocks(void **state)
{
	(void)state;
	setup_original();
	for (unsigned at = 4096; at < SEGMENT; at += 4096 * 3) {
		restore();
		zero("log/0000000000000002.seg", at, 4096);
		/* a block is part of at most three messages of 3,000 octets,
		 * and its loss shows */
		assert_true(look() <= 3);
		assert_true(is_put_aside());
	}
}

static void
test_lost_header(void **state)
{
	(void)state;
	setup_original();
	restore();
	zero("log/0000000000000002.seg", 0, 2048);
	assert_int_equal(look(), 0);		/* there is a second one */
	restore();
	zero("log/0000000000000002.seg", 0, 4096);
	assert_true(look() > 0);
	assert_int_equal(access("damaged/0000000000000002.seg", F_OK), 0);
}

static void
test_lost_batch_header(void **state)
{
	(void)state;
	setup_original();
	restore();
	zero("log/0000000000000002.seg", 4096, BATCH_HEADER);
	assert_int_equal(look(), 0);
}

static void
test_false_version(void **state)
{
	static const struct segment_header	 h = { 2, 1, { 7 } };
	uint8_t	 block[SPOOL_BLOCK];
	int	 fd;

	(void)state;
	setup_original();
	segment_header_put(block, &h);
	block[8] = 2;
	block[2048 + 8] = 2;
	fd = open("log/0000000000000002.seg", O_RDWR);
	assert_int_equal(pwrite(fd, block, sizeof(block), 0), sizeof(block));
	close(fd);
	/* its checksum is wrong as well: so it is not believed */
	assert_int_equal(drv_in_child(drv_look, NULL), 0);
}

/* --- indexes --- */

#define MANY_N	90	/* of 7,000 octets: a dozen segments */

static void
live_long(void *arg)
{
	(void)arg;
	drv_open();
	for (unsigned k = 0; k < MANY_N; k++) {
		drv_store(k, 7000);
		drv_wait();
	}
	while (access("log/0000000000000003.idx", F_OK) != 0)
		event_base_loop(drv_base, EVLOOP_ONCE);
	drv_close();
}

static void
flip_in(const char *name, unsigned at)
{
	int	 fd = open(name, O_RDWR);
	uint8_t	 c;

	assert_int_equal(pread(fd, &c, 1, at), 1);
	c ^= 0x10;
	assert_int_equal(pwrite(fd, &c, 1, at), 1);
	close(fd);
}

/* --- each octet: of a few, or all with SPOOL_TEST_EACH --- */

#define FEW_N	24	/* of 10,000 octets: a segment with an index, and more */

static void
live_few(void *arg)
{
	(void)arg;
	drv_open();
	for (unsigned k = 0; k < FEW_N; k++) {
		drv_store(k, k == 0 ? 100 : 10000);
		drv_wait();
	}
	while (access("log/0000000000000001.idx", F_OK) != 0)
		event_base_loop(drv_base, EVLOOP_ONCE);
	drv_close();
}

/* The octets of the first batch, which is one record. */
static unsigned
batch_length(void)
{
	uint8_t	 head[BATCH_HEADER];
	int	 fd = open("log/0000000000000001.seg", O_RDONLY);

	assert_int_equal(pread(fd, head, sizeof(head), SPOOL_BLOCK),
	    sizeof(head));
	close(fd);
	return (unsigned)head[16] | (unsigned)head[17] << 8;
}

/* The index is made again where it was not believed. */
static void
test_spool_rot(void **state)
{
	static const char	 segment[] = "log/0000000000000001.seg";
	static const char	 name[] = "log/0000000000000001.idx";
	struct stat		 st;
	unsigned		 step = getenv("SPOOL_TEST_EACH") != NULL ?
				    1 : 13;
	unsigned		 n, tried = 0, lost = 0;

	(void)state;
	assert_int_equal(drv_in_child(live_few, NULL), 0);
	assert_int_equal(stat(name, &st), 0);
	for (unsigned at = 0; at < (unsigned)st.st_size; at += step) {
		flip_in(name, at);
		assert_int_equal(drv_in_child(drv_look, NULL), 0);
		assert_int_equal(drv_errors(FEW_N, false), 0);
		flip_in(name, at);
	}
	assert_int_equal(unlink(name), 0);
	n = batch_length();
	assert_in_range(n, BATCH_HEADER + RECORD_HEADER + 100, SPOOL_BLOCK);
	for (unsigned at = 0; at < n; at += step) {
		flip_in(segment, SPOOL_BLOCK + at);
		assert_int_equal(drv_in_child(drv_look, NULL), 0);
		assert_in_range(drv_errors(FEW_N, false), 0, 1);
		lost += drv_errors(FEW_N, false);
		tried++;
		flip_in(segment, SPOOL_BLOCK + at);
	}
	/* but for what says where the batch is, each octet is of the message */
	assert_in_range(lost, tried - BATCH_HEADER / step - 1, tried);
}

static void
test_index(void **state)
{
	static const char	 name[] = "log/0000000000000001.idx";
	struct stat		 st;

	(void)state;
	assert_int_equal(drv_in_child(live_long, NULL), 0);
	assert_int_equal(stat(name, &st), 0);
	assert_in_range(st.st_size, 500, 8000);
	for (off_t at = 0; at < st.st_size; at += st.st_size / 20 + 1) {
		flip_in(name, (unsigned)at);
		assert_int_equal(drv_in_child(drv_look, NULL), 0);
		assert_int_equal(drv_errors(MANY_N, false), 0);
		flip_in(name, (unsigned)at);
	}
	assert_int_equal(truncate(name, st.st_size - 1), 0);
	assert_int_equal(drv_in_child(drv_look, NULL), 0);
	assert_int_equal(drv_errors(MANY_N, false), 0);
}

/* A start believes the index, and a reader does not. */
static void
test_index_is_used(void **state)
{
	unsigned	 found = 0, whole = 0;

	(void)state;
	assert_int_equal(drv_in_child(live_long, NULL), 0);
	zero("log/0000000000000002.seg", 8192, SEGMENT - 8192);
	assert_int_equal(drv_in_child(drv_look, NULL), 0);
	for (unsigned k = 0; k < MANY_N; k++) {
		found += ledger->line[k].found;
		whole += ledger->line[k].whole;
	}
	assert_int_equal(found, MANY_N);
	assert_in_range(whole, MANY_N - 10, MANY_N - 5);
}

/* --- forgery --- */

/* a body of which every block of the segment is a batch of another one */
static void
live_with_forgery(void *arg)
{
	int	 fd = open("original/log/0000000000000001.seg", O_RDONLY);

	(void)arg;
	drv_open();
	drv_body(0, 1);
	if (pread(fd, drv_memory, SEGMENT - 8192, 8192) != SEGMENT - 8192)
		_exit(1);
	drv_store(DRV_OWN_BODY, SEGMENT - 8192);
	drv_wait();
	drv_close();
}

/* moves the body to where its forged batches say that they are */
static void
align(const char *name)
{
	char	*body = malloc(SEGMENT);
	int	 fd = open(name, O_RDWR);
	int	 from = open("original/log/0000000000000001.seg", O_RDONLY);

	assert_int_equal(pread(from, body, SEGMENT - 8192, 8192),
	    SEGMENT - 8192);
	assert_int_equal(pwrite(fd, body, SEGMENT - 8192, 8192),
	    SEGMENT - 8192);
	close(from);
	close(fd);
	free(body);
}

static void
test_spool_forge(void **state)
{
	char	 name[64];

	(void)state;
	setup_original();
	assert_int_equal(system("rm -rf log spare-*"), 0);
	memset(ledger, 0, sizeof(*ledger));
	assert_int_equal(drv_in_child(live_with_forgery, NULL), 0);
	assert_int_equal(ledger->line[DRV_OWN_BODY].stored, TOLD_OK);
	snprintf(name, sizeof(name), "log/%016u.seg",
	    ledger->line[DRV_OWN_BODY].place.segment);
	align(name);
	zero(name, 4096, 4096);		/* its own batch header is lost */
	assert_int_equal(drv_in_child(drv_look, NULL), 0);
	for (unsigned k = 0; k < LEDGER_MAX; k++)
		assert_int_equal(ledger->line[k].found, 0);
}

#define TEST(fn)	\
	cmocka_unit_test_setup_teardown(fn, drv_setup_fast, drv_teardown)

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		TEST(test_flips), TEST(test_many_flips), TEST(test_cut_short),
		TEST(test_lost_blocks), TEST(test_lost_header),
		TEST(test_lost_batch_header), TEST(test_false_version),
		TEST(test_spool_rot), TEST(test_index), TEST(test_index_is_used), TEST(test_spool_forge),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
