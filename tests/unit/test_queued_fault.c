/*
 * The spool on a disk that fails, or in a process that is cut off: for every
 * n, the nth call that changes the disk goes wrong in one way or another.
 * Nothing acknowledged may be lost, nothing refused or ended may come back.
 *
 * SPOOL_TEST_STEP=1 in the environment tries every n; else it is some.
 */
#include "spool_driver.h"

#include <sys/stat.h>

#include <limits.h>
#include <stdatomic.h>

#include "disk.h"

enum fault {
	FAULT_NONE,
	FAULT_ONCE,		/* the nth call fails */
	FAULT_FULL,		/* the same, with ENOSPC */
	FAULT_DEAD,		/* and all after it */
	FAULT_CUT,		/* the process ends before it */
	FAULT_TORN,		/* a write is half done, then it ends */
	FAULT_N
};

static enum fault	 fault;
static unsigned		 fault_at;
static atomic_uint	 calls;

/* whether this call is to fail */
static bool
goes_wrong(void)
{
	unsigned	 n = atomic_fetch_add(&calls, 1) + 1;

	if (fault == FAULT_NONE || n < fault_at ||
	    (n > fault_at && fault != FAULT_DEAD))
		return false;
	if (fault == FAULT_CUT)
		_exit(0);
	errno = fault == FAULT_FULL ? ENOSPC : EIO;
	return true;
}

static ssize_t
bad_write(int fd, const void *p, size_t n, off_t at)
{
	if (!goes_wrong())
		return disk_real.write(fd, p, n, at);
	if (fault == FAULT_TORN) {
		disk_real.write(fd, p, n / 2, at);
		_exit(0);
	}
	return -1;
}

static int
bad_open(int dir, const char *name, int flags, mode_t mode)
{
	if ((flags & O_CREAT) != 0 && goes_wrong())
		return -1;
	return disk_real.open(dir, name, flags, mode);
}

static int
bad_datasync(int fd)
{
	return goes_wrong() ? -1 : disk_real.datasync(fd);
}

static int
bad_sync(int fd)
{
	return goes_wrong() ? -1 : disk_real.sync(fd);
}

static int
bad_rename(int from, const char *a, int to, const char *b)
{
	return goes_wrong() ? -1 : disk_real.rename(from, a, to, b);
}

static int
bad_link(int from, const char *a, int to, const char *b, int flags)
{
	return goes_wrong() ? -1 : disk_real.link(from, a, to, b, flags);
}

static int
bad_unlink(int dir, const char *name, int flags)
{
	return goes_wrong() ? -1 : disk_real.unlink(dir, name, flags);
}

/* --- what is done meanwhile --- */

#define MESSAGES_N	24	/* some segments of 64 KiB */
#define CLEANING_N	100	/* so many that the oldest is cleaned */

static unsigned	 messages_n = MESSAGES_N;

/* what becomes of message k once it is stored */
static void
go_on_with(unsigned k)
{
	if (messages_n == CLEANING_N ? k >= 4 : k % 3 != 2)
		drv_end(k);
	else
		drv_defer(k, 1, "later");
}

static void
live_a_little(void *arg)
{
	struct disk	 bad = disk_real;
	char		 why[256];
	int		 patience = fault == FAULT_DEAD ? 5 : 2000;

	(void)arg;
	bad.write = bad_write;
	bad.open = bad_open;
	bad.datasync = bad_datasync;
	bad.sync = bad_sync;
	bad.rename = bad_rename;
	bad.link = bad_link;
	bad.unlink = bad_unlink;
	disk = &bad;
	if (drv_try_open(why, sizeof(why)) == -1)
		_exit(0);
	for (unsigned k = 0; k < messages_n; k++) {
		drv_store(k, k == 7 ? 70000 : 7000 + k);
		if (k % 2 == 1)
			drv_wait_ms(patience);
		if (k >= 4 && ledger->line[k - 4].stored == TOLD_OK)
			go_on_with(k - 4);
	}
	drv_wait_ms(patience);
	if (drv_waiting != 0 && fault != FAULT_DEAD)
		_exit(2);
	/* what it wants to do in the background may be done, or not */
	ledger->line[LEDGER_MAX - 1].tries = atomic_load(&calls);
	_exit(0);
}

static void
wipe(void)
{
	if (system("rm -rf log large tmp damaged spare-* version* lock") != 0)
		fail();
	memset(ledger, 0, sizeof(*ledger));
}

/* how many calls there were; 0: it was cut */
static unsigned
one_run(enum fault f, unsigned n)
{
	unsigned	 made;

	wipe();
	fault = f;
	fault_at = n;
	atomic_store(&calls, 0);
	if (drv_in_child(live_a_little, NULL) != 0)
		fail_msg("fault %d at call %u: hangs or dies", f, n);
	made = ledger->line[LEDGER_MAX - 1].tries;
	fault = FAULT_NONE;
	if (drv_in_child(drv_look, NULL) != 0)
		fail_msg("fault %d at call %u: does not start", f, n);
	if (drv_errors(messages_n, f == FAULT_DEAD) != 0)
		fail_msg("fault %d at call %u: messages wrong", f, n);
	return made;
}

static void
sweep(enum fault f, unsigned step)
{
	unsigned	 all = one_run(FAULT_NONE, 0);

	if (getenv("SPOOL_TEST_STEP") != NULL)
		step = (unsigned)atoi(getenv("SPOOL_TEST_STEP"));
	assert_true(all > 50);
	if (messages_n == CLEANING_N)
		assert_true(ledger->line[0].moves != 0);
	for (unsigned n = 1; n <= all + step; n += step)
		one_run(f, n);
}

static void
sweep_cleaning(enum fault f, unsigned step)
{
	messages_n = CLEANING_N;
	sweep(f, step);
	messages_n = MESSAGES_N;
}

static void
test_cleaning_once(void **state)
{
	(void)state;
	sweep_cleaning(FAULT_ONCE, 61);
}

static void
test_cleaning_cut(void **state)
{
	(void)state;
	sweep_cleaning(FAULT_CUT, 29);
}

static void
test_once(void **state)
{
	(void)state;
	sweep(FAULT_ONCE, 17);
}

static void
test_full(void **state)
{
	(void)state;
	sweep(FAULT_FULL, 31);
}

static void
test_dead(void **state)
{
	(void)state;
	sweep(FAULT_DEAD, 31);
}

static void
test_cut(void **state)
{
	(void)state;
	sweep(FAULT_CUT, 9);
}

static void
test_torn(void **state)
{
	(void)state;
	sweep(FAULT_TORN, 13);
}

/* --- a second start that is cut as well --- */

static void
test_cut_again(void **state)
{
	(void)state;
	for (unsigned n = 1; n < 40; n += 6) {
		one_run(FAULT_CUT, 60);
		fault = FAULT_CUT;
		fault_at = n;
		for (int i = 0; i < 2; i++) {
			atomic_store(&calls, 0);
			memset(&ledger->line[MESSAGES_N], 0,
			    sizeof(ledger->line[0]));
			assert_int_equal(drv_in_child(drv_look, NULL), 0);
		}
		fault = FAULT_NONE;
		assert_int_equal(drv_in_child(drv_look, NULL), 0);
		assert_int_equal(drv_errors(MESSAGES_N, false), 0);
	}
}

/* --- a start whose reading goes wrong --- */

/* from call at on, so many times; UINT_MAX: for ever */
static struct {
	unsigned	 at, times;
	int		 error;
} reading;

static bool
cannot_read(void)
{
	unsigned	 n = atomic_fetch_add(&calls, 1) + 1;

	if (n < reading.at || n - reading.at >= reading.times)
		return false;
	errno = reading.error;
	return true;
}

static ssize_t
blind_read(int fd, void *p, size_t n, off_t at)
{
	return cannot_read() ? -1 : disk_real.read(fd, p, n, at);
}

static int
blind_open(int dir, const char *name, int flags, mode_t mode)
{
	return cannot_read() ? -1 : disk_real.open(dir, name, flags, mode);
}

static int
blind_stat(int fd, struct stat *st)
{
	return cannot_read() ? -1 : disk_real.stat(fd, st);
}

static int
blind_datasync(int fd)
{
	return cannot_read() ? -1 : disk_real.datasync(fd);
}

static void
start_blindly(void *arg)
{
	struct disk	 bad = disk_real;
	char		 why[256] = "";

	(void)arg;
	bad.read = blind_read;
	bad.open = blind_open;
	bad.stat = blind_stat;
	bad.datasync = blind_datasync;
	disk = &bad;
	if (drv_try_open(why, sizeof(why)) == -1)
		_exit(why[0] != '\0' && strchr(why, '\n') == NULL ? 1 : 2);
	/* what the start did not find is cleaned away, if it ever is */
	drv_wait_ms(5);
	ledger->line[LEDGER_MAX - 1].tries = atomic_load(&calls);
}

/* whether it was refused */
static bool
start_with(unsigned at, unsigned times, int error)
{
	int	 status;

	reading.at = at;
	reading.times = times;
	reading.error = error;
	atomic_store(&calls, 0);
	if (system("rm -rf now && mkdir now && "
	    "cp -a log large tmp damaged spare-* version lock now") != 0 ||
	    chdir("now") != 0)
		fail();
	status = drv_in_child(start_blindly, NULL);
	if (status != 0 && status != 1)
		fail_msg("%s at call %u: status %d", strerror(error), at,
		    status);
	for (unsigned k = 0; k < MESSAGES_N && status == 0; k++)
		if (ledger->line[k].stored == TOLD_OK &&
		    !ledger->line[k].ending && ledger->line[k].found != 1)
			fail_msg("%s at call %u: message %u is not there",
			    strerror(error), at, k);
	if (drv_in_child(drv_look, NULL) != 0 ||
	    drv_errors(MESSAGES_N, false) != 0)
		fail_msg("%s at call %u: lost at the next start",
		    strerror(error), at);
	assert_int_equal(chdir(".."), 0);
	return status == 1;
}

static void
test_start_cannot_read(void **state)
{
	static const struct {
		int		 error;
		unsigned	 times;
		unsigned	 step;
	} faults[] = {
		{ EIO, 1, 7 }, { ENFILE, 1, 23 }, { ENOMEM, 1, 29 },
		{ EIO, UINT_MAX, 31 }, { ENFILE, UINT_MAX, 43 },
	};
	unsigned	 all, refused;

	(void)state;
	one_run(FAULT_NONE, 0);
	assert_false(start_with(0, 0, 0));
	all = ledger->line[LEDGER_MAX - 1].tries;
	assert_true(all > 20);
	for (size_t i = 0; i < COUNT(faults); i++) {
		refused = 0;
		for (unsigned n = 1; n <= all; n += faults[i].step)
			refused += start_with(n, faults[i].times,
			    faults[i].error);
		if (faults[i].times == UINT_MAX)
			assert_true(refused != 0);
	}
}

/* --- killed, and in use --- */

static void
be_killed(void *arg)
{
	(void)arg;
	drv_open();
	for (unsigned k = 0; k < 200; k++) {
		drv_store(k, k * 37);
		if (k % 3 == 0)
			drv_wait();
		if (k % 4 == 0)
			drv_end(k);
	}
	drv_wait_ms(2);
}

static void
test_killed(void **state)
{
	(void)state;
	assert_int_equal(drv_in_child(be_killed, NULL), 0);
	for (int again = 0; again < 2; again++) {
		assert_int_equal(drv_in_child(drv_look, NULL), 0);
		assert_int_equal(drv_errors(200, false), 0);
	}
}

static void
try_in_use(void *arg)
{
	char	 why[256];

	(void)arg;
	if (drv_try_open(why, sizeof(why)) != -1 ||
	    strstr(why, "in use") == NULL)
		_exit(1);
}

static void
test_in_use(void **state)
{
	int	 status, ready[2];
	pid_t	 pid;
	char	 c;

	(void)state;
	assert_int_equal(pipe(ready), 0);
	if ((pid = fork()) == 0) {
		drv_open();
		if (write(ready[1], "x", 1) == 1)
			pause();
		_exit(1);
	}
	assert_int_equal(read(ready[0], &c, 1), 1);
	assert_int_equal(drv_in_child(try_in_use, NULL), 0);
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	assert_int_equal(drv_in_child(drv_look, NULL), 0);
	close(ready[0]);
	close(ready[1]);
}

#define TEST(fn)	\
	cmocka_unit_test_setup_teardown(fn, drv_setup_fast, drv_teardown)

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		TEST(test_once), TEST(test_full), TEST(test_dead),
		TEST(test_cut), TEST(test_torn), TEST(test_cut_again),
		TEST(test_start_cannot_read),
		TEST(test_killed), TEST(test_in_use),
		TEST(test_cleaning_once), TEST(test_cleaning_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
