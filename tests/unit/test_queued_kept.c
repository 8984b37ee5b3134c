/*
 * Counters over restarts, kills and torn files.  Each life is a process of
 * its own, as the role has one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <sys/stat.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <glob.h>

#include <cmocka.h>
#include <event2/event.h>

#include "clock.h"

#include "disk.h"
#include "durable.h"
#include "state.h"
#include "work.h"

static const struct counter_name	 key = { STR("192.0.2.1"), { 0 },
    3600 };
static const struct counter_name	 other = { STR("other"), { 0 }, 3600 };
static struct disk	 faulty;
static unsigned		 n_syncs, n_fail;	/* the first so many fail */
static struct event_base *base;
static time_t		 now_s;

static void
pass(time_t s)
{
	now_s += s;
	clock_hold((uint64_t)now_s * 1000, now_s);
}

static int
maybe_sync(int fd)
{
	if (n_syncs++ >= n_fail)
		return disk_real.sync(fd);
	errno = EIO;
	return -1;
}

static void
stopped(void)
{
	_exit(0);
}

/* A life that ends orderly, after what fn does; its status. */
static int
live(int (*fn)(void), bool orderly)
{
	int	 status;
	pid_t	 pid = fork();

	if (pid != 0) {
		waitpid(pid, &status, 0);
		return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	}
	base = event_base_new();
	faulty = disk_real;
	faulty.sync = maybe_sync;
	disk = &faulty;
	work_start();
	state_begin(base);
	status = fn();
	if (status != 0 || !orderly)
		_exit(status);
	state_end(stopped);
	event_base_dispatch(base);
	_exit(99);
}

/* The octets of all files of that name. */
static off_t
octets(const char *name)
{
	struct stat	 st;
	glob_t		 g;
	off_t		 n = 0;

	if (glob(name, 0, NULL, &g) == 0)
		for (size_t i = 0; i < g.gl_pathc; i++)
			n += stat(g.gl_pathv[i], &st) == 0 ? st.st_size : 0;
	globfree(&g);
	return n;
}

/* Until the file of that name has grown. */
static void
wait_for(const char *name)
{
	off_t	 before = octets(name);

	while (octets(name) == before) {
		state_keep();
		event_base_loop(base, EVLOOP_ONCE);
	}
}

static int
set_up(void **state)
{
	char	 dir[] = "/tmp/postern-state-XXXXXX";

	(void)state;
	now_s = 1000000;
	pass(1);
	n_fail = 0;
	assert_non_null(mkdtemp(dir));
	return chdir(dir);
}

static int
tear_down(void **state)
{
	char	 dir[64], cmd[96];

	(void)state;
	assert_non_null(getcwd(dir, sizeof(dir)));
	snprintf(cmd, sizeof(cmd), "rm -rf %s", dir);
	return chdir("/") == 0 ? system(cmd) : -1;
}

/* ---- lives ------------------------------------------------------------- */

static int
count_five(void)
{
	return state_count(key, 5) == 5 ? 0 : 1;
}

static int
has_five(void)
{
	return state_count(key, 0) == 5 ? 0 : 1;
}

static int
has_none(void)
{
	return state_count(key, 0) == 0 ? 0 : 1;
}

/* What was taken back or forgiven stays so. */
static int
take_back(void)
{
	state_take_back(key);
	state_forget(other);
	return state_count(key, 0) == 4 ? 0 : 1;
}

static int
has_four(void)
{
	return state_count(key, 0) == 4 && state_count(other, 0) == 0 ? 0 : 1;
}

static int
count_and_wait(void)
{
	int	 r = count_five();

	wait_for("snapshot");
	return r;
}

/* The first write of a life is a snapshot, the second goes into the log. */
static int
count_twice(void)
{
	state_count(other, 1);
	wait_for("snapshot");
	state_count(key, 5);
	wait_for("log-*");
	return 0;
}

/* What has come to nothing is not in the snapshot, but counts again. */
static int
count_from_nothing(void)
{
	state_count(key, 1);
	state_take_back(key);
	state_count(other, 1);
	wait_for("snapshot");
	state_count(key, 5);
	wait_for("log-*");
	return 0;
}

static int
count_ten(void)
{
	state_count(key, 5);
	return state_count(key, 5) == 10 ? 0 : 1;
}

/* ---- tests ------------------------------------------------------------- */

static void
test_over_an_end(void **state)
{
	(void)state;
	assert_int_equal(live(has_none, true), 0);
	assert_int_equal(live(count_five, true), 0);
	assert_int_equal(live(has_five, true), 0);
	pass(3600);			/* half of its window */
	assert_int_equal(live(has_five, true), 0);
	pass(7200);
	assert_int_equal(live(has_none, true), 0);
}

static void
test_over_a_kill(void **state)
{
	(void)state;
	assert_int_equal(live(count_and_wait, false), 0);
	assert_int_equal(live(has_five, false), 0);
}

static void
test_log(void **state)
{
	(void)state;
	assert_int_equal(live(count_twice, false), 0);
	assert_int_equal(live(has_five, false), 0);
}

static void
test_taken_back(void **state)
{
	(void)state;
	assert_int_equal(live(count_twice, true), 0);
	assert_int_equal(live(take_back, true), 0);
	assert_int_equal(live(has_four, true), 0);
}

static void
test_from_nothing(void **state)
{
	(void)state;
	assert_int_equal(live(count_from_nothing, false), 0);
	assert_int_equal(live(has_five, false), 0);
}

static void
test_torn_log(void **state)
{
	off_t	 n;

	(void)state;
	assert_int_equal(live(count_twice, false), 0);
	n = octets("log-1");
	assert_int_equal(truncate("log-1", n - 1), 0);
	assert_int_equal(live(has_none, false), 0);
}

/* Whatever octet is wrong, nothing is believed that was not written. */
static void
test_damaged(void **state)
{
	uint8_t	 octet;
	int	 fd;

	(void)state;
	assert_int_equal(live(count_five, true), 0);
	fd = open("snapshot", O_RDWR);
	for (off_t i = 0; i < octets("snapshot"); i += 7) {
		assert_int_equal(pread(fd, &octet, 1, i), 1);
		octet ^= 0x10;
		assert_int_equal(pwrite(fd, &octet, 1, i), 1);
		assert_int_equal(live(has_none, false) == 0 ||
		    live(has_five, false) == 0, 1);
		octet ^= 0x10;
		assert_int_equal(pwrite(fd, &octet, 1, i), 1);
		/* put aside, if the octet made a difference */
		(void)rename("damaged", "snapshot");
	}
	close(fd);
	assert_int_equal(live(has_five, false), 0);
	assert_int_equal(truncate("snapshot", 20), 0);
	assert_int_equal(live(has_none, false), 0);
	assert_int_equal(octets("damaged"), 20);
	assert_int_equal(live(count_five, true), 0);
	assert_int_equal(live(has_five, true), 0);
}

static void
test_errors(void **state)
{
	(void)state;
	n_fail = 1;		/* the snapshot's own sync: later again */
	assert_int_equal(live(count_and_wait, false), 0);
	n_fail = 0;
	assert_int_equal(live(has_five, false), 0);
	n_fail = 100;
	assert_int_equal(live(count_ten, true), 1);	/* 15 by now */
	assert_int_equal(live(has_five, false), 0);
}

/* The clock was ahead when it was written: time stands still until then. */
static void
test_clock_put_back(void **state)
{
	(void)state;
	pass(7200);
	assert_int_equal(live(count_five, true), 0);
	clock_hold((uint64_t)now_s * 1000, now_s - 7200);
	assert_int_equal(live(has_five, true), 0);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test_setup_teardown(test_over_an_end, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(test_over_a_kill, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(test_log, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_taken_back, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(test_from_nothing, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(test_torn_log, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(test_damaged, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(test_errors, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(test_clock_put_back, set_up,
		    tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
