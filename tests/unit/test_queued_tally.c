/*
 * Counts: exact while there are few values, and beyond that as wrong as they
 * say and no more.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tally.h"

static void
add(struct tally *t, const char *value, uint64_t size, uint64_t arrived,
    uint64_t n)
{
	tally_begin(t, size, arrived);
	tally_add(t, str_of(value), n);
}

static void
test_exact(void **state)
{
	struct tally		*t = tally_new();
	struct queue_counted	 m;

	(void)state;
	add(t, "a", 10, 500, 1);
	add(t, "b", 20, 400, 2);
	add(t, "b", 30, 600, 3);
	tally_begin(t, 7, 100);		/* one message, twice the same */
	tally_add(t, str_of("b"), 1);
	tally_add(t, str_of("b"), 1);
	tally_add(t, str_of(""), 1);
	tally_result(t, &m);
	assert_int_equal(m.messages, 4);
	assert_int_equal(m.recipients, 9);
	assert_int_equal(m.missed, 0);
	assert_int_equal(m.others.messages, 0);
	assert_int_equal(m.n_rows, 3);
	assert_true(str_equal(m.rows[0].value, str_of("b")));
	assert_int_equal(m.rows[0].messages, 3);
	assert_int_equal(m.rows[0].recipients, 7);
	assert_int_equal(m.rows[0].octets, 57);
	assert_int_equal(m.rows[0].oldest, 100);
	tally_free(t);
}

/* More values than rows: the rest is in one. */
static void
test_others(void **state)
{
	struct tally		*t = tally_new();
	struct queue_counted	 m;
	char			 name[16];

	(void)state;
	for (unsigned i = 0; i < COUNT_ROWS_MAX + 50; i++) {
		snprintf(name, sizeof(name), "v%u", i);
		add(t, name, 1, 1000 + i, 1);
		if (i < COUNT_ROWS_MAX)
			add(t, name, 1, 1000 + i, 1);
	}
	tally_result(t, &m);
	assert_int_equal(m.n_rows, COUNT_ROWS_MAX);
	for (size_t i = 0; i < m.n_rows; i++)
		assert_int_equal(m.rows[i].messages, 2);
	assert_int_equal(m.others.messages, 50);
	assert_int_equal(m.others.oldest, 1000 + COUNT_ROWS_MAX);
	tally_free(t);
}

/* A million senders, and one that comes late and often is still found. */
static void
test_bounded(void **state)
{
	struct tally		*t = tally_new();
	struct queue_counted	 m;
	uint64_t		 sum;
	char			 name[16];

	(void)state;
	for (unsigned i = 0; i < 400000; i++) {
		snprintf(name, sizeof(name), "v%u", i);
		add(t, name, 1, 1, 1);
		if (i > 200000 && i % 20 == 0)
			add(t, "often", 1, 1, 1);
	}
	tally_result(t, &m);
	assert_true(str_equal(m.rows[0].value, str_of("often")));
	assert_in_range(m.rows[0].messages, 9999 - m.missed, 9999);
	assert_in_range(m.missed, 1, 400);
	sum = m.others.messages;
	for (size_t i = 0; i < m.n_rows; i++)
		sum += m.rows[i].messages;
	assert_int_equal(sum, m.messages);
	tally_free(t);
}

static void
test_empty(void **state)
{
	struct tally		*t = tally_new();
	struct queue_counted	 m;

	(void)state;
	tally_result(t, &m);
	assert_int_equal(m.n_rows, 0);
	tally_free(t);
	tally_free(NULL);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(test_exact),
		cmocka_unit_test(test_others),
		cmocka_unit_test(test_bounded),
		cmocka_unit_test(test_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
