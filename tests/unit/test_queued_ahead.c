/*
 * Reading ahead: what is had from memory is what the file has, pieces in a
 * row cost few reads, and those that are not in a row none at all.
 */
#include <sys/uio.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "ahead.h"
#include "disk.h"

#define FILE_SIZE	(1u << 20)
#define STEP		1300u		/* from one piece to the next */

static int		 fd;
static unsigned		 reads;
static bool		 cold;		/* nothing is in the kernel's memory */
static struct disk	 counted;

static uint8_t
octet(uint64_t offset)
{
	return (uint8_t)(offset * 2654435761u >> 11);
}

static ssize_t
read_counted(int from, void *p, size_t n, off_t at)
{
	reads++;
	return pread(from, p, n, at);
}

static ssize_t
read_now_counted(int from, const struct iovec *iov, int n, off_t at,
    int flags)
{
	(void)flags;
	reads++;
	if (!cold)
		return preadv(from, iov, n, at);
	errno = EAGAIN;
	return -1;
}

static int
set_up(void **state)
{
	static uint8_t	 data[FILE_SIZE];
	char		 name[] = "/tmp/aheadXXXXXX";

	(void)state;
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = octet(i);
	if ((fd = mkstemp(name)) == -1 || unlink(name) == -1 ||
	    write(fd, data, sizeof(data)) != sizeof(data))
		return -1;
	counted = disk_real;
	counted.read = read_counted;
	counted.read_now = read_now_counted;
	disk = &counted;
	reads = 0;
	cold = false;
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	disk = &disk_real;
	return close(fd);
}

/* Every piece from one offset to another; how many were had. */
static unsigned
walk(struct ahead *a, uint64_t file, uint64_t from, uint64_t to)
{
	const uint8_t	*p;
	unsigned	 had = 0;
	size_t		 n;

	for (uint64_t at = from; at < to; at += STEP) {
		if ((p = ahead_get(a, file, fd, at, &n)) == NULL)
			continue;
		had++;
		assert_true(n != 0 && at + n <= FILE_SIZE);
		for (size_t i = 0; i < n; i++)
			assert_int_equal(p[i], octet(at + i));
	}
	return had;
}

static void
test_in_a_row(void **state)
{
	struct ahead	 a = { 0 };
	unsigned	 all = FILE_SIZE / STEP + 1;

	(void)state;
	assert_int_equal(walk(&a, 1, 0, FILE_SIZE), all - 1);
	assert_true(reads < all / 20);
	ahead_clear(&a);
}

static void
test_here_and_there(void **state)
{
	static const uint64_t	 at[] = { 4096, 500000, 9000, 900000, 100,
	    800000, 700000 };
	struct ahead		 a = { 0 };
	size_t			 n;

	(void)state;
	for (size_t i = 0; i < sizeof(at) / sizeof(at[0]); i++)
		assert_null(ahead_get(&a, 1, fd, at[i], &n));
	assert_int_equal(reads, 0);
	ahead_clear(&a);
}

/* What was read of one file is not taken for another's. */
static void
test_another_file(void **state)
{
	struct ahead	 a = { 0 };
	size_t		 n;

	(void)state;
	assert_true(walk(&a, 1, 0, 10 * STEP) != 0);
	assert_null(ahead_get(&a, 2, fd, 11 * STEP, &n));
	assert_non_null(ahead_get(&a, 2, fd, 12 * STEP, &n));
	assert_null(ahead_get(&a, 1, fd, 13 * STEP, &n));
	ahead_clear(&a);
}

/* It does not wait for the disk unless it may. */
static void
test_cold(void **state)
{
	struct ahead	 a = { 0 }, patient = { .patient = true };

	(void)state;
	cold = true;
	assert_int_equal(walk(&a, 1, 0, 50 * STEP), 0);
	assert_int_equal(walk(&patient, 1, 0, 50 * STEP), 49);
	ahead_clear(&a);
	ahead_clear(&patient);
	assert_true(patient.patient);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test_setup_teardown(test_in_a_row, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(test_here_and_there, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(test_another_file, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(test_cold, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
