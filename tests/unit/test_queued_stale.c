/*
 * Which state records the cleaner leaves behind: those of which everything
 * is said anew, and no other.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "arena.h"
#include "stale.h"

static struct stale	 stale;
static struct buf	 data = BUF_INIT(1 << 20);
static int		 facts[32], old[32];
static uint32_t		 n_items;

static void
on_old(uint32_t item)
{
	old[item]++;
}

static struct msgid
id_of(unsigned n)
{
	struct msgid	 id = { { 0 } };

	id.b[7] = (uint8_t)n;
	return id;
}

/* the record that was put into data */
static void
add(size_t at, uint64_t order)
{
	struct record	 r;

	record_end(&data, at, STR_NONE, STR_NONE);
	assert_int_equal(record_get((const uint8_t *)buf_data(&data) + at,
	    data.len - at, &r), 0);
	assert_int_equal(r.order, order);
	facts[n_items] = stale_add(&stale, &r, n_items);
	n_items++;
}

static void
result(unsigned message, uint64_t order, const char *rcpts)
{
	struct spool_rcpt	 list[8];
	struct record_result	 m = { id_of(message), list, 0 };
	size_t			 at;

	for (; *rcpts != '\0'; rcpts++)
		list[m.n_rcpts++] = (struct spool_rcpt){
		    .index = (uint16_t)(*rcpts - '0'), .tries = 1 };
	at = record_begin(&data, RECORD_RESULT, 0, n_items + 1, order);
	record_result_put(&data, &m);
	add(at, order);
}

static void
mark(unsigned message, uint64_t order, enum record_type type)
{
	struct record_mark	 m = { id_of(message) };
	size_t			 at;

	at = record_begin(&data, type, 0, n_items + 1, order);
	record_mark_put(&data, &m);
	add(at, order);
}

static void
route(unsigned message, uint64_t order, const char *rcpts, const char *via)
{
	struct rcpt_index	 list[8];
	struct record_route	 m = { id_of(message), list, 0,
	    str_of(via) };
	size_t			 at;

	for (; *rcpts != '\0'; rcpts++)
		list[m.n_rcpts++].index = (uint16_t)(*rcpts - '0');
	at = record_begin(&data, RECORD_ROUTE, 0, n_items + 1, order);
	record_route_put(&data, &m);
	add(at, order);
}

static void
test_stale(void **state)
{
	static const int	 want[] = { 1, 1, 2, 1, 0, 0, 1, 0, 1, 0, 1,
	    0, 0, 1, 2, 0, 0 };

	(void)state;
	result(1, 10, "0");		/* 0: said anew by 1 */
	result(1, 11, "0");		/* 1: by 2 */
	result(1, 12, "012");		/* 2: of two by others, not of one */
	result(1, 13, "1");		/* 3: by 4 */
	result(1, 20, "1");		/* 4 */
	result(2, 30, "0");		/* 5: another message */
	mark(1, 40, RECORD_HOLD);	/* 6: released by 7 */
	mark(1, 41, RECORD_RELEASE);	/* 7 */
	result(1, 9, "0");		/* 8: a copy of something older */
	result(1, 50, "0");		/* 9: the last word on 0 */
	mark(2, 60, RECORD_WARNED);	/* 10: repeated */
	mark(2, 61, RECORD_WARNED);
	mark(2, 62, RECORD_GONE);	/* says nothing that is replaced */
	route(1, 70, "01", "x");	/* 13: of one by 15 */
	route(1, 71, "23", "y");	/* 14: of both by 15, 16 */
	route(1, 72, "13", "");		/* 15: taken back, which counts */
	route(1, 73, "2", "x");		/* 16 */
	stale_tell(&stale, on_old);
	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++)
		if (old[i] != want[i])
			fail_msg("item %zu: %d of %d", i, old[i], facts[i]);
	assert_int_equal(facts[2], 3);
	assert_int_equal(facts[12], 0);
	assert_int_equal(facts[13], 2);
	stale_clear(&stale);
	buf_clear(&data);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(test_stale),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
