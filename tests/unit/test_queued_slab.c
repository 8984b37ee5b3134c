/*
 * Small structures side by side: none overlaps another, what comes back is
 * given out again empty, and a chunk with nothing in it goes back to the
 * system.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "slab.h"

#define N	20000		/* some chunks full */

void	 __asan_init(void) __attribute__((weak));

struct item {
	void		*first;
	uint64_t	 number;
	char		 rest[40];
};

static struct slab	 slab = SLAB_INIT(slab, struct item);
static struct item	*items[N];

static struct item *
take(uint64_t number)
{
	static const struct item	 empty;
	struct item			*i = slab_take(&slab);

	assert_non_null(i);
	assert_int_equal((uintptr_t)i % _Alignof(struct item), 0);
	assert_memory_equal(i, &empty, sizeof(empty));
	memset(i, 0xa5, sizeof(*i));
	i->number = number;
	return i;
}

static void
take_all(void)
{
	for (size_t i = 0; i < N; i++)
		items[i] = take(i);
}

static void
give(size_t i)
{
	slab_give(&slab, items[i]);
	items[i] = NULL;
}

static void
check_all(void)
{
	for (size_t i = 0; i < N; i++)
		if (items[i] != NULL)
			assert_int_equal(items[i]->number, i);
}

static void
test_each_is_its_own(void **state)
{
	(void)state;
	take_all();
	check_all();
	for (size_t i = 0; i < N; i += 3)
		give(i);
	check_all();
	for (size_t i = 0; i < N; i += 3)
		items[i] = take(i);
	check_all();
	for (size_t i = 0; i < N; i++)
		give(i);
}

/* What has come back is used before more is asked of the system. */
static void
test_is_used_again(void **state)
{
	size_t	 most;

	(void)state;
	take_all();
	most = slab.chunks;
	for (int round = 0; round < 5; round++) {
		for (size_t i = (size_t)round; i < N; i += 7)
			give(i);
		for (size_t i = (size_t)round; i < N; i += 7)
			items[i] = take(i);
	}
	check_all();
	assert_int_equal(slab.chunks, most);
	for (size_t i = 0; i < N; i++)
		give(i);
}

static void
test_goes_back(void **state)
{
	(void)state;
	take_all();
	if (__asan_init == NULL)
		assert_true(slab.chunks > 2);
	for (size_t i = N; i-- > 1;)
		give(i);
	assert_true(slab.chunks <= 2);
	check_all();
	give(0);
	assert_true(slab.chunks <= 1);
}

/* One that comes and goes alone does not cost a call of the system each time:
 * the last chunk stays. */
static void
test_last_chunk_stays(void **state)
{
	size_t	 chunks;

	(void)state;
	items[0] = take(0);
	chunks = slab.chunks;
	give(0);
	assert_int_equal(slab.chunks, chunks);
	items[0] = take(0);
	assert_int_equal(slab.chunks, chunks);
	give(0);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(test_each_is_its_own),
		cmocka_unit_test(test_is_used_again),
		cmocka_unit_test(test_goes_back),
		cmocka_unit_test(test_last_chunk_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
