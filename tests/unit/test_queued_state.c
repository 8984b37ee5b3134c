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

static struct counter_name
name(const char *key, uint32_t window_s)
{
	return (struct counter_name){ str_of(key), STR_NONE, window_s };
}

static void
test_window(void **state)
{
	const struct counter_name	 key = name("192.0.2.1", 60);

	(void)state;
	clock_hold(1000000, 1);
	assert_int_equal(state_count(key, 1), 1);
	assert_int_equal(state_count(key, 9), 10);
	assert_int_equal(state_count(name("192.0.2.2", 60), 1), 1);
	/* another window */
	assert_int_equal(state_count(name("192.0.2.1", 3600), 1), 1);
	clock_hold(1000000 + 60000, 1);
	assert_int_equal(state_count(key, 0), 10);	/* all of it */
	clock_hold(1000000 + 90000, 1);
	assert_int_equal(state_count(key, 0), 5);	/* half of it */
	clock_hold(1000000 + 500000, 1);
	assert_int_equal(state_count(key, 0), 0);
}

static void
test_edges(void **state)
{
	(void)state;
	assert_int_equal(state_count(name("edge", 0), 3), 3);
	assert_int_equal(state_count(name("edge", 0), UINT32_MAX),
	    UINT32_MAX);
	assert_int_equal(state_count(name("", UINT32_MAX), 1), 1);
}

static void
test_taken_back(void **state)
{
	const struct counter_name	 key = name("back", 60);

	(void)state;
	clock_hold(1000000, 1);
	state_take_back(key);		/* nobody is there */
	assert_int_equal(state_count(key, 0), 0);
	assert_int_equal(state_count(key, 2), 2);
	state_take_back(key);
	assert_int_equal(state_count(key, 0), 1);
	/* the window has ended meanwhile */
	clock_hold(1000000 + 60000, 1);
	state_take_back(key);
	assert_int_equal(state_count(key, 0), 0);
	state_take_back(key);
	assert_int_equal(state_count(key, 0), 0);
	assert_int_equal(state_count(key, 7), 7);
	state_forget(key);
	assert_int_equal(state_count(key, 0), 0);
	state_forget(name("nobody", 60));
}

/* Any number of keys, and the ones in use are not forgotten. */
static void
test_flood(void **state)
{
	const struct counter_name	 steady = name("steady", 3600);
	const struct counter_name	 worst = name("worst", 3600);
	char				 text[16];

	(void)state;
	clock_hold(2000000, 1);
	assert_int_equal(state_count(worst, 2), 2);
	for (int i = 0; i < 16 * COUNTERS_MAX; i++) {
		clock_hold(2000000 + (uint64_t)i, 1);
		snprintf(text, sizeof(text), "%d", i);
		assert_int_equal(state_count(name(text, 3600), 1), 1);
		if (i % 4096 == 0)
			assert_int_equal(state_count(steady, 1),
			    i / 4096 + 1);
	}
	assert_int_equal(state_count(worst, 0), 2);
}

/* What is at home elsewhere is not in the way, and stays. */
static void
test_home(void **state)
{
	struct counter_name	 key = { STR("known"), STR("alice"), 3600 };
	struct counter_name	 other = { STR(""), STR("mallory"), 3600 };
	char			 text[16];

	(void)state;
	clock_hold(9000000, 1);
	assert_int_equal(state_count(key, 1), 1);
	for (int i = 0; i < 2 * COUNTERS_MAX; i++) {
		snprintf(text, sizeof(text), "%d", i);
		other.key = str_of(text);
		state_count(other, 1000);
		state_count(name(text, 60), 1000);
	}
	assert_int_equal(state_count(key, 0), 1);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(test_window),
		cmocka_unit_test(test_edges),
		cmocka_unit_test(test_taken_back),
		cmocka_unit_test(test_flood),
		cmocka_unit_test(test_home),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
