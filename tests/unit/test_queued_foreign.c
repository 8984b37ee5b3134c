/*
 * A start on a spool with what does not belong there, or cannot be read: it
 * is refused in so many words, or what is foreign is put aside and the rest
 * is there.
 */
#include "spool_driver.h"

#include <sys/stat.h>

#include <sodium.h>

#include "disk.h"
#include "durable.h"
#include "record.h"

#define MESSAGES_N	90	/* of 7,000 octets: a dozen segments */
#define FIRST		"log/0000000000000001.seg"
#define SECOND		"log/0000000000000002.seg"
#define INDEX		"log/0000000000000001.idx"

static void
live(void *arg)
{
	(void)arg;
	drv_open();
	for (unsigned k = 0; k < MESSAGES_N; k++) {
		drv_store(k, 7000);
		drv_wait();
	}
	while (access("log/0000000000000003.idx", F_OK) != 0)
		event_base_loop(drv_base, EVLOOP_ONCE);
	drv_close();
}

/* ---- a disk on which some calls fail ----------------------------------- */

static const char	*bad_name;	/* of a file, in open; NULL: none */
static int		 bad_error;
static unsigned		 bad_nth;	/* so many that fail are let through */
static const char	*bad_call;	/* of it: "open", "stat", "read" */
static int		 bad_fd = -1;	/* where it is open */
static off_t		 bad_at = -1;	/* of reads: that block; -1: all */

static bool
fails(const char *call)
{
	errno = bad_error;
	return bad_call != NULL && strcmp(call, bad_call) == 0;
}

static int
bad_open(int dir, const char *name, int flags, mode_t mode)
{
	bool	 is_bad = bad_name != NULL && strcmp(name, bad_name) == 0 &&
		    bad_nth-- == 0;
	int	 fd;

	if (is_bad)
		bad_nth = 0;
	if (is_bad && fails("open"))
		return -1;
	fd = disk_real.open(dir, name, flags, mode);
	if (is_bad)
		bad_fd = fd;
	else if (fd == bad_fd)
		bad_fd = -1;	/* another file has the number now */
	return fd;
}

static int
bad_stat(int fd, struct stat *st)
{
	return fd == bad_fd && fails("stat") ? -1 : disk_real.stat(fd, st);
}

static ssize_t
bad_read(int fd, void *p, size_t n, off_t at)
{
	return fd == bad_fd && (bad_at == -1 || (at <= bad_at &&
	    at + (off_t)n > bad_at)) && fails("read") ? -1 :
	    disk_real.read(fd, p, n, at);
}

/* ---- a start in a child ------------------------------------------------ */

static struct disk	 bad;

static void
start(void *arg)
{
	char	 why[256] = "";

	(void)arg;
	bad = disk_real;
	bad.open = bad_open;
	bad.stat = bad_stat;
	bad.read = bad_read;
	disk = &bad;
	if (drv_try_open(why, sizeof(why)) == -1) {
		snprintf(ledger->line[0].reply, sizeof(ledger->line[0].reply),
		    "%.31s", strstr(why, ": ") + 2);
		_exit(1);
	}
	disk = &disk_real;
	drv_close();
}

/* Reason: how it begins; NULL: it starts. */
static void
starts(const char *reason)
{
	int	 status = drv_in_child(start, NULL);

	assert_int_equal(status, reason != NULL);
	if (reason != NULL && strncmp(ledger->line[0].reply, reason,
	    strlen(reason)) != 0)
		fail_msg("refused with \"%s\"", ledger->line[0].reply);
}

static unsigned
found(void)
{
	unsigned	 n = 0;

	for (unsigned k = 0; k < MESSAGES_N; k++)
		n += ledger->line[k].found;
	return n;
}

static void
starts_with_all(void)
{
	starts(NULL);
	assert_int_equal(found(), MESSAGES_N);
}

static int
set_up(void **state)
{
	if (drv_setup_fast(state) == -1 || sodium_init() == -1)
		return -1;
	bad_name = bad_call = NULL;
	bad_error = EACCES;
	bad_nth = 0;
	bad_at = -1;
	return drv_in_child(live, NULL);
}

static void
make(const char *name, off_t size)
{
	int	 fd = open(name, O_WRONLY | O_CREAT, 0600);

	assert_int_not_equal(fd, -1);
	assert_int_equal(ftruncate(fd, size), 0);
	close(fd);
}

static void
put_octets(const char *name, off_t at, const void *p, size_t n)
{
	int	 fd = open(name, O_WRONLY);

	assert_int_equal(pwrite(fd, p, n, at), n);
	close(fd);
}

static void
get_octets(const char *name, off_t at, void *p, size_t n)
{
	int	 fd = open(name, O_RDONLY);

	assert_int_equal(pread(fd, p, n, at), n);
	close(fd);
}

/* ---- segments of others ------------------------------------------------ */

/* A header that is whole, and says that. */
static void
put_header(const char *name, uint32_t number, uint32_t version)
{
	struct segment_header	 h = { .number = number, .life = 1 };
	uint8_t			 block[SPOOL_BLOCK];

	segment_header_put(block, &h);
	for (size_t copy = 0; copy <= 2048; copy += 2048) {
		wire_set32(block + copy + 8, version);
		wire_set64(block + copy + 40, spool_sum(block + copy, 40,
		    h.key));
	}
	put_octets(name, 0, block, sizeof(block));
}

static void
test_later_version(void **state)
{
	(void)state;
	put_header(SECOND, 2, SPOOL_VERSION + 1);
	starts("log/0000000000000002.seg: its v");
	/* nothing was moved for that */
	assert_int_equal(access(SECOND, F_OK), 0);
}

static void
test_other_number(void **state)
{
	(void)state;
	put_header(SECOND, 3, SPOOL_VERSION);
	starts(NULL);
	assert_int_equal(access("damaged/0000000000000002.seg", F_OK), 0);
	assert_in_range(found(), MESSAGES_N - 10, MESSAGES_N - 5);
}

static void
test_names(void **state)
{
	static const char	*const names[] = { "9999999999999999.seg",
	    "0000000000000000.seg", "1.seg", "0000000000000001.seg.old" };
	char			 path[64];

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		snprintf(path, sizeof(path), "log/%s", names[i]);
		make(path, 10);
	}
	starts_with_all();
	for (size_t i = 0; i < COUNT(names); i++) {
		snprintf(path, sizeof(path), "damaged/%s", names[i]);
		assert_int_equal(access(path, F_OK), 0);
	}
}

/* Of spares those are taken that are whole and nobody's; others go, but
 * what is only named so and cannot be opened is not touched. */
static void
test_spares(void **state)
{
	struct stat	 st;

	(void)state;
	make("spare-4x", 65536);
	make("spare-4294967295", 65536);
	make("spare-77", 65536 - 1);
	make("spare-78", 65536);
	make("other", 65536);
	assert_int_equal(link("other", "spare-79"), 0);
	assert_int_equal(symlink("other", "spare-80"), 0);
	starts_with_all();
	assert_int_equal(access("spare-4x", F_OK), -1);
	assert_int_equal(access("spare-4294967295", F_OK), -1);
	assert_int_equal(access("spare-77", F_OK), -1);
	assert_int_equal(access("spare-80", F_OK), 0);
	assert_int_equal(stat("other", &st), 0);
	assert_int_equal(st.st_nlink, 1);
	assert_int_equal(st.st_size, 65536);
}

/* Longer than a segment can be: what is behind it is not of the spool. */
static void
test_long_file(void **state)
{
	(void)state;
	assert_int_equal(truncate(FIRST, 5ll << 30), 0);
	starts_with_all();
}

/* ---- what cannot be read ----------------------------------------------- */

static void
test_no_list(void **state)
{
	(void)state;
	bad_name = ".";
	bad_call = "open";
	bad_nth = 1;		/* behind the spool's own directory */
	starts("log: Permission denied");
	bad_nth = 2;		/* spares are not needed */
	starts_with_all();
}

static void
test_no_segment(void **state)
{
	static const char	*const calls[] = { "open", "stat", "read" };

	(void)state;
	unlink(INDEX);
	bad_name = &FIRST[4];	/* in log/ */
	for (size_t i = 0; i < COUNT(calls); i++) {
		bad_call = calls[i];
		starts("0000000000000001.seg: Permissio");
	}
	bad_call = NULL;
	starts_with_all();
}

/* A block of one: the messages of the others are there, and those of it that
 * do not lie on the block; what is in it may come back. */
static void
test_no_block(void **state)
{
	(void)state;
	unlink(INDEX);
	bad_name = &FIRST[4];	/* in log/ */
	bad_call = "read";
	bad_at = 5 * SPOOL_BLOCK;
	starts(NULL);
	assert_in_range(found(), MESSAGES_N - 2, MESSAGES_N - 1);
	assert_int_equal(access(FIRST, F_OK), 0);
	bad_call = NULL;
	starts_with_all();
}

/* More than are of use to anybody. */
static void
test_many_spares(void **state)
{
	char	 name[32];

	(void)state;
	for (unsigned n = 100; n < 200; n++) {
		snprintf(name, sizeof(name), "spare-%u", n);
		make(name, 65536);
	}
	starts_with_all();
	assert_int_equal(system("test $(ls -d spare-* | wc -l) -lt 50"), 0);
}

/* ---- indexes that are not believed ------------------------------------- */

/* Any part of its header, and a flaw of the file: then the segment itself is
 * read. */
static void
test_index_header(void **state)
{
	static const unsigned	 parts[] = { 0, 8, 16, 24, 32, 40, 48, 56 };
	uint8_t			 c, changed;

	(void)state;
	for (size_t i = 0; i < COUNT(parts); i++) {
		get_octets(INDEX, parts[i], &c, 1);
		changed = c ^ 1;
		put_octets(INDEX, parts[i], &changed, 1);
		starts_with_all();
		put_octets(INDEX, parts[i], &c, 1);
	}
}

static void
test_index_file(void **state)
{
	static const char	*const calls[] = { "open", "stat", "read" };

	(void)state;
	bad_name = &INDEX[4];
	for (size_t i = 0; i < COUNT(calls); i++) {
		bad_call = calls[i];
		starts_with_all();
	}
	bad_call = NULL;
	assert_int_equal(truncate(INDEX, 300 << 20), 0);
	starts_with_all();
	assert_int_equal(truncate(INDEX, 63), 0);
	starts_with_all();
}

/* One of another segment, whole as it is. */
static void
test_index_of_another(void **state)
{
	(void)state;
	assert_int_equal(rename("log/0000000000000002.idx", INDEX), 0);
	starts_with_all();
}

#define TEST(fn)	\
	cmocka_unit_test_setup_teardown(fn, set_up, drv_teardown)

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		TEST(test_later_version), TEST(test_other_number),
		TEST(test_names), TEST(test_spares), TEST(test_long_file),
		TEST(test_many_spares), TEST(test_no_list),
		TEST(test_no_segment), TEST(test_no_block),
		TEST(test_index_header), TEST(test_index_file),
		TEST(test_index_of_another),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
