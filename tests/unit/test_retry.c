/*
 * Waiting times: growth, bounds, jitter, greylisting, and the end of a
 * message's time by both clocks.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "retry.h"

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))

static const struct retry	 usual = { 300, 14400, 432000 };

static void
test_delay_grows_to_the_maximum(void **state)
{
	static const uint32_t	 want[] = { 300, 600, 1200, 2400, 4800, 9600,
	    14400, 14400, 14400 };
	uint32_t		 low, high;

	(void)state;
	for (unsigned i = 0; i < COUNT(want); i++) {
		low = want[i] - want[i] * JITTER_PERCENT / 100;
		high = want[i] + want[i] * JITTER_PERCENT / 100;
		assert_int_equal(retry_delay(&usual, i + 1, 0), low);
		assert_int_equal(retry_delay(&usual, i + 1, high - low), high);
		for (uint32_t chance = 1; chance < 4000000000u;
		    chance += 97777777)
			assert_in_range(retry_delay(&usual, i + 1, chance),
			    low, high);
	}
}

static void
test_delay_at_the_edges(void **state)
{
	static const struct retry	 zero = { 0, 0, 0 };
	static const struct retry	 huge = { UINT32_MAX, UINT32_MAX, 1 };

	(void)state;
	assert_int_equal(retry_delay(&zero, 1, 0), 1);
	assert_true(retry_delay(&huge, 65535, UINT32_MAX) != 0);
	assert_true(retry_delay(&usual, UINT32_MAX, 5) <= 14400 * 6 / 5);
}

static void
test_greylisting(void **state)
{
	static const struct {
		unsigned	 tries, reply_code;
		const char	*status;
		bool		 want;
	} cases[] = {
		{ 0, 450, "4.2.0", true },
		{ 0, 451, "4.7.1", true },
		{ 0, 421, "4.7.1", true },
		{ 0, 421, "4.3.2", false },
		{ 1, 450, "4.2.0", false },	/* not the first try */
		{ 0, 0, "4.7.1", false },	/* our own words */
		{ 0, 550, "4.7.1", false },
		{ 0, 452, "", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(retry_is_greylisted(cases[i].tries,
		    cases[i].reply_code, cases[i].status,
		    (unsigned)strlen(cases[i].status)), cases[i].want);
}

static void
test_stated_delays(void **state)
{
	static const struct {
		const char	*reply;
		uint32_t	 want;
	} cases[] = {
		{ "4.7.1 Greylisted, please try again in 300 seconds", 300 },
		{ "Greylisting in action, please come back in 5 minutes",
		    300 },
		{ "try again after 1 minute.", 60 },
		{ "Retry in 30s", 30 },
		{ "retry in 30s.", 30 },
		{ "wait 10 min and TRY AGAIN IN 20 MINUTES", 600 },
		{ "deferred for 99999999999 seconds", 86400 },
		{ "try again in 0 seconds", 0 },
		{ "try again in a while", 0 },
		{ "logged in 12 times", 0 },
		{ "5 messages in 3 sessions", 0 },
		{ "again in5 seconds", 0 },
		{ "see https://example.org/within 5", 0 },
		{ "in ", 0 },
		{ "in 5", 0 },
		{ "", 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		if (retry_stated(cases[i].reply, strlen(cases[i].reply)) !=
		    cases[i].want)
			fail_msg("%s", cases[i].reply);
}

static void
test_stated_delay_is_bounded(void **state)
{
	static const char	 text[] = "come again in 30 seconds";
	static const char	 at_once[] = "come again in 1 second";

	(void)state;
	assert_int_equal(retry_sooner(300, 1, text, strlen(text)), 35);
	assert_int_equal(retry_sooner(300, STATED_TRIES, text, strlen(text)),
	    35);
	assert_int_equal(retry_sooner(300, STATED_TRIES + 1, text,
	    strlen(text)), 300);
	assert_int_equal(retry_sooner(20, 1, text, strlen(text)), 20);
	assert_int_equal(retry_sooner(300, 1, at_once, strlen(at_once)),
	    1 + STATED_MORE_S);
	assert_int_equal(retry_sooner(300, 1, "later", 5), 300);
}

static void
test_expiry_needs_both_clocks(void **state)
{
	static const struct {
		uint64_t	 wall_age;
		uint32_t	 here;
		bool		 found, want;
	} cases[] = {
		{ 431999, 431999, false, false },
		{ 432000, 432000, false, true },
		{ 432000, 431998, false, true },	/* rounding */
		/* the clock jumped by ten years */
		{ 315360000, 100, false, false },
		/* from an earlier life: the wall clock, after a grace */
		{ 432000, 599, true, true },
		{ 432000, 500, true, false },
		{ 400000, 900, true, false },
	};
	struct age	 a;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		a = (struct age){ 1000000, 1000000 + cases[i].wall_age,
		    cases[i].here, cases[i].found };
		assert_int_equal(retry_is_expired(&usual, &a), cases[i].want);
	}
	/* back by a day: older than never */
	a = (struct age){ 1000000, 900000, 500000, false };
	assert_false(retry_is_expired(&usual, &a));
}

static void
test_short_expiry_has_no_grace(void **state)
{
	static const struct retry	 quick = { 1, 2, 5 };
	struct age			 a = { 1000, 1005, 5, true };

	(void)state;
	assert_true(retry_is_expired(&quick, &a));
}

static void
test_last_try_comes_at_the_end(void **state)
{
	struct age	 a = { 1000, 1000 + 432000 - 100, 1, false };

	(void)state;
	assert_int_equal(retry_clamp(&usual, &a, 14400), 100);
	assert_int_equal(retry_clamp(&usual, &a, 50), 50);
	a.wall = 1000 + 432000;
	assert_int_equal(retry_clamp(&usual, &a, 14400), 14400);
	assert_int_equal(retry_clamp(&usual, &a, 0), 1);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(test_delay_grows_to_the_maximum),
		cmocka_unit_test(test_delay_at_the_edges),
		cmocka_unit_test(test_greylisting),
		cmocka_unit_test(test_stated_delays),
		cmocka_unit_test(test_stated_delay_is_bounded),
		cmocka_unit_test(test_expiry_needs_both_clocks),
		cmocka_unit_test(test_short_expiry_has_no_grace),
		cmocka_unit_test(test_last_try_comes_at_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
