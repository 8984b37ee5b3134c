/*
 * The durable steps, each with every one of its calls failing in turn: who
 * asked for the step is told the error, and what the step is about is still
 * there, as what it was or as what it was to become.
 */
#include "spool_driver.h"

#include <sys/stat.h>

#include "disk.h"
#include "durable.h"

#define SPARE_SIZE	((4u << 20) + 100)	/* synced twice, and a rest */
#define BODY_SIZE	70000u
#define BODY_NAME	"00000000000000000000000001"

/* ---- a disk on which one call fails ------------------------------------ */

static unsigned		 calls, fail_at;	/* 0: none */
static const char	*failed;		/* which it was */
static struct disk	 failing;

static bool
fails(const char *call)
{
	if (++calls != fail_at)
		return false;
	failed = call;
	errno = EROFS;
	return true;
}

static int
try_open(int dir, const char *name, int flags, mode_t mode)
{
	return fails("open") ? -1 : disk_real.open(dir, name, flags, mode);
}

static int
try_stat(int fd, struct stat *st)
{
	return fails("stat") ? -1 : disk_real.stat(fd, st);
}

static ssize_t
try_read(int fd, void *p, size_t n, off_t at)
{
	return fails("read") ? -1 : disk_real.read(fd, p, n, at);
}

static ssize_t
try_write(int fd, const void *p, size_t n, off_t at)
{
	return fails("write") ? -1 : disk_real.write(fd, p, n, at);
}

static int
try_datasync(int fd)
{
	return fails("datasync") ? -1 : disk_real.datasync(fd);
}

static int
try_sync(int fd)
{
	return fails("sync") ? -1 : disk_real.sync(fd);
}

static int
try_truncate(int fd, off_t n)
{
	return fails("truncate") ? -1 : disk_real.truncate(fd, n);
}

static int
try_rename(int from, const char *a, int to, const char *b)
{
	return fails("rename") ? -1 : disk_real.rename(from, a, to, b);
}

static int
try_link(int from, const char *a, int to, const char *b, int flags)
{
	return fails("link") ? -1 : disk_real.link(from, a, to, b, flags);
}

static int
try_unlink(int dir, const char *name, int flags)
{
	return fails("unlink") ? -1 : disk_real.unlink(dir, name, flags);
}

static int
set_up(void **state)
{
	char	 why[256];

	failing = disk_real;
	failing.open = try_open;
	failing.stat = try_stat;
	failing.read = try_read;
	failing.write = try_write;
	failing.datasync = try_datasync;
	failing.sync = try_sync;
	failing.truncate = try_truncate;
	failing.rename = try_rename;
	failing.link = try_link;
	failing.unlink = try_unlink;
	return drv_setup_fast(state) == 0 ? dirs_open(why, sizeof(why)) : -1;
}

static int
tear_down(void **state)
{
	dirs_close();
	return drv_teardown(state);
}

/* ---- the steps --------------------------------------------------------- */

struct step {
	const char	*name;
	const char	*was, *becomes;	/* one of them is there; or NULL */
	unsigned	 loose;		/* failed unlinks that may do no harm */
	void		(*prepare)(void);
	int		(*run)(void);
};

static void
make(const char *name, size_t size)
{
	int	 fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_int_not_equal(fd, -1);
	assert_int_equal(ftruncate(fd, (off_t)size), 0);
	close(fd);
}

static void
make_spare(void)
{
	make("spare-3", 3 * SPOOL_BLOCK);
}

static void
make_segment(void)
{
	make("log/0000000000000007.seg", 3 * SPOOL_BLOCK);
	make("log/0000000000000007.idx", 10);
}

static void
make_body(void)
{
	make("tmp/00000009", BODY_SIZE + 5);
}

static void
make_nothing(void)
{
}

static int
run_spare(void)
{
	return durable_spare(3, SPARE_SIZE);
}

static int
run_replace(void)
{
	return durable_replace("paused", "text\n", 5);
}

static void
make_paused(void)
{
	make("paused", 3);
}

static int
run_segment(void)
{
	static const struct segment_header	 h = { 7, 1, { 5 } };

	return durable_segment(3, &h);
}

static int
run_batch(void)
{
	static unsigned	 life;	/* another each time: the file is opened */

	return durable_batch(7, ++life, "octets", 6, SPOOL_BLOCK);
}

static int
run_index(void)
{
	return durable_index(7, "octets", 6);
}

static int
run_recycle(void)
{
	return durable_recycle(7, 3);
}

static int
run_remove(void)
{
	return durable_remove(7);
}

static int
run_aside(void)
{
	return durable_aside(7);
}

static int
run_large(void)
{
	uint8_t	 sum[LARGE_SUM];

	return durable_large(9, BODY_NAME, BODY_SIZE, sum);
}

static const struct step	 steps[] = {
	{ "spare", NULL, NULL, 0, make_nothing, run_spare },
	{ "replace", "paused", "paused", 1, make_paused, run_replace },
	{ "segment", "spare-3", "log/0000000000000007.seg", 0, make_spare,
	    run_segment },
	{ "batch", "log/0000000000000007.seg", NULL, 0, make_segment,
	    run_batch },
	{ "index", "log/0000000000000007.seg", NULL, 0, make_segment,
	    run_index },
	{ "recycle", "log/0000000000000007.seg", "spare-3", 1, make_segment,
	    run_recycle },
	{ "remove", NULL, NULL, 1, make_segment, run_remove },
	{ "aside", "log/0000000000000007.seg",
	    "damaged/0000000000000007.seg", 1, make_segment, run_aside },
	{ "large", "tmp/00000009", "large/" BODY_NAME, 1, make_body,
	    run_large },
};

static void
prepare(const struct step *s)
{
	assert_int_equal(system("rm -f log/* tmp/* large/* damaged/* "
	    "spare-* paused replace.new"), 0);
	s->prepare();
	calls = 0;
	failed = NULL;
}

static void
is_there(const struct step *s)
{
	if (s->was != NULL && access(s->was, F_OK) == -1 &&
	    (s->becomes == NULL || access(s->becomes, F_OK) == -1))
		fail_msg("%s without its %s: it is gone", s->name, failed);
}

/* Every call of it: false when there was no such call any more. */
static bool
try_without(const struct step *s, unsigned call, unsigned *loose)
{
	int	 error;

	prepare(s);
	fail_at = call;
	disk = &failing;
	error = s->run();
	disk = &disk_real;
	is_there(s);
	if (failed == NULL) {
		assert_int_equal(error, 0);
		return false;
	}
	if (error == 0 && strcmp(failed, "unlink") == 0)
		++*loose;
	else if (error != EROFS)
		fail_msg("%s without its %s, call %u: %s", s->name, failed,
		    call, strerror(error));
	return true;
}

static void
test_each_call_counts(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(steps); i++) {
		unsigned	 call = 1, loose = 0;

		while (try_without(&steps[i], call, &loose))
			call++;
		assert_true(call > 2);
		assert_true(loose <= steps[i].loose);
	}
}

/* A spare that could not be filled does not take the room. */
static void
test_no_half_spare(void **state)
{
	(void)state;
	prepare(&steps[0]);
	fail_at = 5;
	disk = &failing;
	assert_int_equal(run_spare(), EROFS);
	disk = &disk_real;
	assert_string_equal(failed, "write");
	assert_int_equal(access("spare-3", F_OK), -1);
}

/* What smtpd says of the length of a body is a claim. */
static void
test_body_of_another_length(void **state)
{
	uint8_t	 sum[LARGE_SUM];
	int	 fd;

	(void)state;
	make("tmp/00000009", BODY_SIZE - 1);
	assert_int_equal(run_large(), EBADMSG);
	assert_int_equal(access("large/" BODY_NAME, F_OK), -1);
	fd = open("tmp/00000009", O_RDONLY);
	assert_int_equal(large_sum(fd, BODY_SIZE, sum), EBADMSG);
	assert_int_equal(large_sum(fd, BODY_SIZE - 2, sum), EBADMSG);
	assert_int_equal(large_sum(fd, BODY_SIZE - 1, sum), 0);
	close(fd);
	/* and the name is made once */
	make("tmp/00000009", BODY_SIZE);
	make("large/" BODY_NAME, 3);
	assert_int_equal(run_large(), EEXIST);
}

#define TEST(fn)	cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		TEST(test_each_call_counts), TEST(test_no_half_spare),
		TEST(test_body_of_another_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
