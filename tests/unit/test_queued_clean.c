/*
 * The cleaner when things change or fail under its hands: what it cannot read
 * stays where it is and is moved later, what ends meanwhile is not moved.
 */
#include "spool_driver.h"

#include <pthread.h>

#include "clock.h"
#include "disk.h"
#include "record.h"

#define RETRY_MS	11000	/* more than it waits after a failure */

/* ---- the first segment, on a disk that can be held --------------------- */

static pthread_mutex_t	 at_read = PTHREAD_MUTEX_INITIALIZER;
static struct disk	 bad;
static volatile int	 first_fd = -1;
static volatile unsigned n_opened, fail_open;	/* so many opens of it fail */
static volatile unsigned n_read, fail_read;
static volatile bool	 copying;	/* a read of records alone was begun */
static volatile bool	 flip;		/* an octet of what that reads, */
static volatile off_t	 flip_at;	/* there; -1: the last */


static int
bad_open(int dir, const char *name, int flags, mode_t mode)
{
	int	 fd;

	if (strcmp(name, "0000000000000001.seg") != 0 || flags != (O_RDONLY |
	    O_CLOEXEC | O_NOFOLLOW))
		return disk_real.open(dir, name, flags, mode);
	n_opened++;
	if (n_opened == fail_open) {
		errno = EACCES;
		return -1;
	}
	fd = disk_real.open(dir, name, flags, mode);
	first_fd = fd;
	return fd;
}

/* A scan reads whole blocks; records that are to be copied begin anywhere. */
static ssize_t
bad_read(int fd, void *p, size_t n, off_t at)
{
	uint8_t	*octets = p;
	ssize_t	 got;

	if (fd != first_fd || at % SPOOL_BLOCK == 0)
		return disk_real.read(fd, p, n, at);
	copying = true;
	pthread_mutex_lock(&at_read);
	pthread_mutex_unlock(&at_read);
	n_read++;
	if (fail_read != 0 && n_read >= fail_read) {
		errno = EACCES;
		return -1;
	}
	got = disk_real.read(fd, p, n, at);
	if (flip && got > RECORD_HEADER) {
		octets[flip_at == -1 ? got - 1 : flip_at] ^= 1;
		flip = false;
	}
	return got;
}

static int
set_up(void **state)
{
	bad = disk_real;
	bad.open = bad_open;
	bad.read = bad_read;
	disk = &bad;
	first_fd = -1;
	n_opened = fail_open = n_read = fail_read = 0;
	flip = copying = false;
	return drv_setup_fast(state);
}

static int
tear_down(void **state)
{
	clock_let_go();
	disk = &disk_real;
	return drv_teardown(state);
}

/* ---- making it work ---------------------------------------------------- */

static unsigned	 kept;		/* the first messages, which live on */
static unsigned	 next_k;

/* Some messages that come and go; each makes the cleaner look. */
static void
roll(unsigned n)
{
	for (; n != 0; n--, next_k++) {
		drv_store(next_k, 6000);
		drv_wait();
		drv_end(next_k);
	}
	drv_wait();
}

static bool
is_moved(void)
{
	for (unsigned k = 0; k < kept; k++)
		if (ledger->line[k].moves == 0 && !ledger->line[k].ending)
			return false;
	return true;
}

/* Time passes, and mail, until all that lives has moved. */
static void
wait_moved(void)
{
	for (unsigned i = 0; i < 60 && !is_moved(); i++) {
		clock_hold(clock_ms() + RETRY_MS, 1000000000);
		roll(4);
		work_wait();
	}
	clock_let_go();
	assert_true(is_moved());
}

/* The first segment has some that live, and is worth cleaning. */
static void
begin(size_t size)
{
	drv_open();
	kept = 4;
	next_k = 100;
	for (unsigned k = 0; k < kept; k++)
		drv_store(k, size);
	drv_wait();
}

/* What is told at a start is what lives, whole. */
static void
end(void)
{
	drv_close();
	drv_open();
	for (unsigned k = 0; k < kept; k++) {
		assert_int_equal(ledger->line[k].found,
		    !ledger->line[k].ending);
		assert_true(ledger->line[k].ending || drv_is_whole(k));
	}
	drv_close();
}

/* ---- what fails is done again ------------------------------------------ */

static void
test_not_opened(void **state)
{
	(void)state;
	/* for its index, for a scan, and for what is copied */
	for (fail_open = 1; fail_open <= 3; fail_open++) {
		begin(2000);
		n_opened = 0;
		roll(60);
		wait_moved();
		assert_true(n_opened > fail_open);
		end();
		assert_int_equal(system("rm -rf log spare-*"), 0);
		memset(ledger, 0, sizeof(*ledger));
	}
}

static void
test_not_read(void **state)
{
	(void)state;
	begin(2000);
	fail_read = 1;		/* scanned it is, and then not read */
	roll(60);
	work_wait();
	assert_false(is_moved());
	for (unsigned k = 0; k < kept; k++)
		assert_int_equal(ledger->line[k].place.segment, 1);
	fail_read = 0;
	wait_moved();
	end();
}

/* What is no more what was scanned is not copied: in the checksum, the
 * length, the type and the content of a record. */
static void
test_changed(void **state)
{
	static const off_t	 places[] = { 0, 12, 16, 18, -1 };

	(void)state;
	for (size_t i = 0; i < COUNT(places); i++) {
		begin(2000);
		flip_at = places[i];
		flip = true;
		roll(60);
		wait_moved();
		assert_false(flip);
		end();
		assert_int_equal(system("rm -rf log spare-*"), 0);
		memset(ledger, 0, sizeof(*ledger));
	}
}

/* ---- what changes meanwhile -------------------------------------------- */

/* It has ended when it was read: it is not copied, and the others are. */
static void
test_ends_while_read(void **state)
{
	(void)state;
	begin(2000);
	pthread_mutex_lock(&at_read);
	for (unsigned i = 0; i < 300 && !copying; i++)
		roll(1);
	assert_true(copying);
	drv_end(1);
	event_base_loop(drv_base, EVLOOP_NONBLOCK);
	pthread_mutex_unlock(&at_read);
	drv_wait();
	wait_moved();
	assert_int_equal(ledger->line[1].moves, 0);
	end();
}

/* ---- much of it -------------------------------------------------------- */

/* More than is copied at once, the last of it less than what was before. */
static void
test_pieces(void **state)
{
	(void)state;
	drv_limits.segment_size = 1 << 20;
	drv_open();
	kept = 8;
	next_k = 100;
	for (unsigned k = 0; k < kept; k++)
		drv_store(k, k == kept - 1 ? 2000 : 60000);
	drv_wait();
	for (unsigned i = 0; i < 200 && !is_moved(); i++) {
		for (unsigned n = 0; n < 8; n++, next_k++) {
			drv_store(next_k, 60000);
			drv_wait();
			drv_end(next_k);
		}
		drv_wait();
		work_wait();
	}
	assert_true(is_moved());
	end();
}

/* Who does not say what lives keeps all. */
static void
test_nobody_knows(void **state)
{
	(void)state;
	begin(2000);
	spool_on_clean(NULL);
	roll(60);
	spool_on_clean(drv_lives);
	spool_on_move(NULL);
	roll(20);
	assert_false(is_moved());
	spool_on_move(drv_moved);
	wait_moved();
	end();
}

#define TEST(fn)	cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		TEST(test_not_opened), TEST(test_not_read),
		TEST(test_changed), TEST(test_ends_while_read),
		TEST(test_pieces), TEST(test_nobody_knows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
