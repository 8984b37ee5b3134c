/*
 * Counters within windows, and how they forget.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "clock.h"
#include "state.h"

static void
test_window(void **state)
{
	static const struct str	 key = STR("192.0.2.1");
	static const struct str	 other = STR("192.0.2.2");

	(void)state;
	clock_hold(1000000, 1);
	assert_int_equal(state_count(key, 1, 60), 1);
	assert_int_equal(state_count(key, 9, 60), 10);
	assert_int_equal(state_count(other, 1, 60), 1);
	assert_int_equal(state_count(key, 1, 3600), 1);	/* another window */
	clock_hold(1000000 + 60000, 1);
	assert_int_equal(state_count(key, 0, 60), 10);	/* all of it */
	clock_hold(1000000 + 90000, 1);
	assert_int_equal(state_count(key, 0, 60), 5);	/* half of it */
	clock_hold(1000000 + 500000, 1);
	assert_int_equal(state_count(key, 0, 60), 0);
}

static void
test_edges(void **state)
{
	static const struct str	 key = STR("edge");

	(void)state;
	assert_int_equal(state_count(key, 3, 0), 3);
	assert_int_equal(state_count(key, UINT32_MAX, 0), UINT32_MAX);
	assert_int_equal(state_count(STR_NONE, 1, UINT32_MAX), 1);
}

/* Any number of keys, and the one in use is not forgotten. */
static void
test_flood(void **state)
{
	static const struct str	 key = STR("steady");
	char			 text[16];

	(void)state;
	for (int i = 0; i < 4 * COUNTERS_MAX; i++) {
		clock_hold(2000000 + (uint64_t)i, 1);
		snprintf(text, sizeof(text), "%d", i);
		assert_int_equal(state_count(str_of(text), 1, 3600), 1);
		if (i % 4096 == 0)
			assert_int_equal(state_count(key, 1, 3600),
			    i / 4096 + 1);
	}
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(test_window),
		cmocka_unit_test(test_edges),
		cmocka_unit_test(test_flood),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
