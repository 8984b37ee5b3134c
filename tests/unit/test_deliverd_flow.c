/*
 * How many connections a destination and a host are good for: growth by
 * success, halving by refusal, and hosts that many routes share.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "clock.h"
#include "flow.h"
#include "host.h"

static void
test_grows_by_success(void **state)
{
	struct flow	 f = { 0 };
	unsigned	 n = 0;

	(void)state;
	assert_int_equal(flow_limit(&f, 20), FLOW_FIRST);
	for (; flow_limit(&f, 20) < 20; n++)
		flow_good(&f, 20);
	/* a round of mails for each connection more */
	assert_int_equal(n, (FLOW_FIRST + 19) * (20 - FLOW_FIRST) / 2);
	for (n = 0; n < 1000; n++)
		flow_good(&f, 20);
	assert_int_equal(flow_limit(&f, 20), 20);
}

static void
test_configured_limit_is_the_cap(void **state)
{
	struct flow	 f = { 0 };

	(void)state;
	assert_int_equal(flow_limit(&f, 2), 2);
	for (unsigned i = 0; i < 100; i++)
		flow_good(&f, 2);
	assert_int_equal(flow_limit(&f, 2), 2);
	assert_int_equal(flow_limit(&f, 1), 1);
}

static void
test_halved_by_refusal(void **state)
{
	static const uint32_t	 want[] = { 10, 5, 2, 1, 1 };
	struct flow		 f = { .limit = 20 };
	uint64_t		 now = 1000000;

	(void)state;
	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		flow_bad(&f, 20, now);
		assert_int_equal(flow_limit(&f, 20), want[i]);
		/* those that fail with it do not count again */
		flow_bad(&f, 20, now + FLOW_ONCE_MS - 1);
		assert_int_equal(flow_limit(&f, 20), want[i]);
		now += FLOW_ONCE_MS;
	}
	flow_good(&f, 20);
	assert_int_equal(flow_limit(&f, 20), 2);
}

static void
test_hosts_are_shared(void **state)
{
	struct netaddr	 a = { 4, { 192, 0, 2, 1 }, 25 }, b = a;
	struct host	*h[FLOW_FIRST], *other;

	(void)state;
	b.port = 2525;		/* another server */
	assert_false(host_is_full(&a, 20));
	for (unsigned i = 0; i < FLOW_FIRST; i++) {
		assert_false(host_is_full(&a, 20));
		assert_non_null(h[i] = host_use(&a));
	}
	assert_true(host_is_full(&a, 20));
	assert_false(host_is_full(&b, 20));
	assert_non_null(other = host_use(&b));
	host_leave(&other);
	host_leave(&h[0]);
	assert_null(h[0]);
	assert_false(host_is_full(&a, 20));
	assert_true(host_is_full(&a, 2));
	for (unsigned i = 1; i < FLOW_FIRST; i++)
		host_leave(&h[i]);
	host_leave(&h[0]);	/* none */
	assert_false(host_is_full(&a, 1));
}

/* What refused is remembered after its last connection, for a time. */
static void
test_refusals_are_remembered(void **state)
{
	struct netaddr	 a = { 4, { 192, 0, 2, 9 }, 25 };
	struct host	*h, *one;

	(void)state;
	clock_hold(1000000, 1000000000);
	h = host_use(&a);
	host_bad(h, 20);
	host_leave(&h);
	h = host_use(&a);
	one = host_use(&a);
	assert_true(host_is_full(&a, 20));	/* half of FLOW_FIRST */
	host_good(h, 20);
	host_good(h, 20);
	assert_false(host_is_full(&a, 20));
	host_leave(&one);
	host_leave(&h);
	clock_let_go();
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(test_grows_by_success),
		cmocka_unit_test(test_configured_limit_is_the_cap),
		cmocka_unit_test(test_halved_by_refusal),
		cmocka_unit_test(test_hosts_are_shared),
		cmocka_unit_test(test_refusals_are_remembered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
