/*
 * Token buckets against a clock that stands still.
 */
#include "bucket.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "clock.h"

#define START_MS	1000000

static const struct {
	const char		*what;
	struct bucket_rate	 rate;
	uint32_t		 first;		/* taken at once */
	bool			 first_ok;
	uint32_t		 pause_ms;
	uint32_t		 second;
	uint32_t		 wait_ms;	/* before it could be taken */
} cases[] = {
	{ "no limit", { 0, 1000, 1 }, 1000000, true, 0, 1000000, 0 },
	{ "within the burst", { 1, 1000, 5 }, 3, true, 0, 2, 0 },
	{ "all of it", { 1, 1000, 5 }, 5, true, 0, 1, 1000 },
	{ "more than the burst", { 1, 1000, 5 }, 6, false, 0, 5, 0 },
	{ "never", { 1, 1000, 5 }, 0, true, 0, 6, UINT32_MAX },
	{ "one came back", { 1, 1000, 5 }, 5, true, 1000, 1, 0 },
	{ "two lack", { 1, 1000, 5 }, 5, true, 1000, 3, 2000 },
	{ "nearly", { 1, 1000, 5 }, 5, true, 999, 1, 1 },
	{ "no more than the burst", { 1, 1000, 5 }, 5, true, 100000, 5, 0 },
	{ "many in an interval", { 100, 1000, 10 }, 10, true, 0, 1, 10 },
	{ "thirds", { 3, 1000, 1 }, 1, true, 0, 1, 334 },
	{ "a day", { 150, 86400000, 150 }, 150, true, 0, 1, 576000 },
	{ "large numbers", { 1000000, 86400000, 4000000000u }, 4000000000u,
	    true, 0, 4000000000u, UINT32_MAX },
};

static void
check_case(size_t i)
{
	struct bucket	 b = { 0 };

	clock_hold(START_MS, 0);
	assert_true(bucket_is_full(&b));
	assert_int_equal(bucket_take(&b, &cases[i].rate, cases[i].first),
	    cases[i].first_ok);
	clock_hold(START_MS + cases[i].pause_ms, 0);
	assert_int_equal(bucket_wait_ms(&b, &cases[i].rate, cases[i].second),
	    cases[i].wait_ms);
	assert_int_equal(bucket_take(&b, &cases[i].rate, cases[i].second),
	    cases[i].wait_ms == 0);
}

static void
test_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		print_message("%s\n", cases[i].what);
		check_case(i);
	}
	clock_let_go();
}

/* What is refused costs nothing: the wait gets shorter while one asks. */
static void
test_refusals_are_free(void **state)
{
	const struct bucket_rate	 rate = { 1, 1000, 2 };
	struct bucket			 b = { 0 };
	unsigned			 taken = 0;

	(void)state;
	for (uint64_t ms = 0; ms <= 10000; ms += 100) {
		clock_hold(START_MS + ms, 0);
		taken += bucket_take(&b, &rate, 1);
	}
	assert_int_equal(taken, 2 + 10);
	assert_false(bucket_is_full(&b));
	clock_hold(START_MS + 20000, 0);
	assert_true(bucket_is_full(&b));
	clock_let_go();
}

/* Given back, it is as if it had not been taken; never more than that. */
static void
test_given_back(void **state)
{
	const struct bucket_rate	 rate = { 1, 1000, 2 }, any = { 0, 1, 1 };
	struct bucket			 b = { 0 };

	(void)state;
	clock_hold(START_MS, 0);
	assert_true(bucket_take(&b, &rate, 2));
	assert_false(bucket_take(&b, &rate, 1));
	bucket_give(&b, &rate, 1);
	assert_true(bucket_take(&b, &rate, 1));
	assert_false(bucket_take(&b, &rate, 1));
	for (int i = 0; i < 5; i++)
		bucket_give(&b, &rate, 2);
	assert_true(bucket_is_full(&b));
	assert_true(bucket_take(&b, &rate, 2));
	assert_false(bucket_take(&b, &rate, 1));
	bucket_give(&b, &any, 1);
	assert_false(bucket_take(&b, &rate, 1));
	clock_let_go();
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_refusals_are_free),
		cmocka_unit_test(test_given_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
