/*
 * The spool's headers and records: what is put is got, what is changed in
 * any octet is not.
 */
#include "record.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <sodium.h>

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))

static const uint8_t	 key[SEGMENT_KEY] = "0123456789abcde";
static const uint8_t	 other_key[SEGMENT_KEY] = "0123456789abcdf";

static const struct recipient	 rcpts[] = {
	{ .address = STR("a@example.org"), .notify = NOTIFY_DELAY,
	    .orcpt_type = STR("rfc822"), .orcpt = STR("A+@example.org") },
	{ .address = STR("b@example.org") },
};

static void
put_message(struct buf *b, struct str header, struct str body)
{
	const struct envelope		 e = { .id = { { 1, 2, 3 } },
	    .arrived = 77, .sender = str_of("s@example.net"),
	    .rcpts = rcpts, .n_rcpts = COUNT(rcpts) };
	const struct record_content	 c = { (uint32_t)header.n, body.n,
	    STR_NONE };
	size_t				 at;

	at = record_begin(b, RECORD_MESSAGE, 0, 41, 40);
	envelope_put(b, &e);
	record_content_put(b, &c);
	record_end(b, at, header, body);
	assert_false(b->failed);
	record_seal((uint8_t *)buf_data(b) + at, key);
}

static void
test_message(void **state)
{
	struct buf		 b = BUF_INIT(RECORD_MAX);
	struct arena		 a = ARENA_INIT(65536);
	struct record		 r;
	struct record_content	 c;
	struct envelope		 e;
	const uint8_t		*p;

	(void)state;
	put_message(&b, str_of("H: 1\r\n\r\n"), str_of("body\r\n"));
	p = (const uint8_t *)buf_data(&b);
	assert_int_equal(record_get(p, b.len, &r), 0);
	assert_int_equal(r.type, RECORD_MESSAGE);
	assert_int_equal(r.sequence, 41);
	assert_int_equal(r.order, 40);
	assert_int_equal(r.len, b.len);
	assert_true(record_is_true(p, &r, key));
	assert_true(record_content_is_true(&r, key));
	assert_false(record_is_true(p, &r, other_key));
	assert_false(record_content_is_true(&r, other_key));
	assert_int_equal(record_message(&r, &a, &e, &c), 0);
	assert_int_equal(e.arrived, 77);
	assert_int_equal(e.n_rcpts, 2);
	assert_true(str_equal(e.rcpts[0].orcpt, rcpts[0].orcpt));
	assert_int_equal(c.header_len, 8);
	assert_int_equal(c.body_len, 6);
	assert_memory_equal(r.content.p, "H: 1\r\n\r\nbody\r\n", 14);
	arena_clear(&a);
	buf_clear(&b);
}

static bool
is_true(const uint8_t *p, size_t n)
{
	struct record	 r;

	return record_get(p, n, &r) == 0 && record_is_true(p, &r, key) &&
	    record_content_is_true(&r, key);
}

static void
test_every_bit(void **state)
{
	struct buf	 b = BUF_INIT(RECORD_MAX);
	uint8_t		*p;

	(void)state;
	put_message(&b, str_of("H: 1\r\n\r\n"), str_of("body\r\n"));
	p = (uint8_t *)buf_data(&b);
	for (size_t bit = 0; bit < b.len * 8; bit++) {
		p[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_false(is_true(p, b.len));
		p[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	for (size_t n = 0; n < b.len; n++)
		assert_false(is_true(p, n));
	assert_true(is_true(p, b.len));
	buf_clear(&b);
}

static void
test_cut_content(void **state)
{
	struct buf		 b = BUF_INIT(RECORD_MAX);
	struct arena		 a = ARENA_INIT(65536);
	struct record		 r;
	struct record_content	 c;
	struct envelope		 e;

	(void)state;
	/* the envelope can be read where content is not at hand */
	put_message(&b, str_of("H: 1\r\n\r\n"), str_of("body\r\n"));
	assert_int_equal(record_get((uint8_t *)buf_data(&b), b.len - 14, &r),
	    0);
	assert_int_equal(r.content.n, 0);
	assert_int_equal(record_message(&r, &a, &e, &c), 0);
	assert_int_equal(c.body_len, 6);
	arena_clear(&a);
	buf_clear(&b);
}

static void
test_result(void **state)
{
	static const struct spool_rcpt	 states[] = {
		{ .index = 1, .state = SPOOL_WAITING, .tries = 3,
		    .next_try = 99, .code = STR("4.2.1"),
		    .reply = STR("450 later") },
		{ .index = 0, .state = SPOOL_DONE },
	};
	struct record_result	 in = { .id = { { 9 } }, .rcpts = states,
	    .n_rcpts = COUNT(states) }, out;
	struct buf		 b = BUF_INIT(RECORD_MAX);
	struct arena		 a = ARENA_INIT(65536);
	struct record		 r;
	struct msgid		 id;

	(void)state;
	assert_int_equal(record_begin(&b, RECORD_RESULT, RECORD_LAST, 5, 5),
	    0);
	record_result_put(&b, &in);
	record_end(&b, 0, STR_NONE, STR_NONE);
	record_seal((uint8_t *)buf_data(&b), key);
	assert_true(is_true((uint8_t *)buf_data(&b), b.len));
	record_get((uint8_t *)buf_data(&b), b.len, &r);
	assert_int_equal(r.flags, RECORD_LAST);
	assert_true(record_id(&r, &id) && msgid_equal(&id, &in.id));
	assert_int_equal(record_result(&r, &a, &out), 0);
	assert_int_equal(out.n_rcpts, 2);
	assert_int_equal(out.rcpts[0].next_try, 99);
	assert_true(str_equal(out.rcpts[0].reply, states[0].reply));
	arena_clear(&a);
	buf_clear(&b);
}

static void
test_copy(void **state)
{
	struct buf	 b = BUF_INIT(RECORD_MAX);
	struct record	 r, again;
	size_t		 at;

	(void)state;
	put_message(&b, str_of("H: 1\r\n\r\n"), str_of("body\r\n"));
	record_get((uint8_t *)buf_data(&b), b.len, &r);
	buf_room(&b, 4096);	/* so that r stays where it is */
	record_get((uint8_t *)buf_data(&b), b.len, &r);
	at = record_copy(&b, &r, RECORD_MOVED, 100);
	record_seal((uint8_t *)buf_data(&b) + at, other_key);
	record_get((uint8_t *)buf_data(&b) + at, b.len - at, &again);
	assert_int_equal(again.type, RECORD_MOVED);
	assert_int_equal(again.sequence, 100);
	assert_int_equal(again.order, 40);
	assert_true(str_equal(again.meta, r.meta));
	assert_true(str_equal(again.content, r.content));
	assert_true(record_content_is_true(&again, other_key));
	buf_clear(&b);
}

static void
test_batch_header(void **state)
{
	const struct batch_header	 in = { 3, 500, 8192, 17, 12 };
	struct batch_header		 out;
	uint8_t				 p[BATCH_HEADER];

	(void)state;
	batch_header_put(p, &in, key);
	assert_int_equal(batch_header_get(p, 8192, key, &out), 0);
	assert_int_equal(out.n, in.n);
	assert_int_equal(out.length, in.length);
	assert_int_equal(out.offset, in.offset);
	assert_int_equal(out.first, in.first);
	assert_int_equal(out.durable, in.durable);
	assert_int_equal(batch_header_get(p, 4096, key, &out), -1);
	assert_int_equal(batch_header_get(p, 8192, other_key, &out), -1);
	for (size_t bit = 0; bit < sizeof(p) * 8; bit++) {
		p[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_equal(batch_header_get(p, 8192, key, &out), -1);
		p[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
}

static void
test_segment_header(void **state)
{
	struct segment_header	 h = { .number = 12, .life = 7 }, found;
	uint8_t			 p[SPOOL_BLOCK];

	(void)state;
	memcpy(h.key, key, sizeof(h.key));
	segment_header_put(p, &h);
	for (size_t bit = 0; bit < sizeof(p) * 8; bit++) {
		p[bit / 8] ^= (uint8_t)(1 << bit % 8);
		/* either of the two does */
		assert_int_equal(segment_header_get(p, &found), HEADER_OK);
		assert_memory_equal(&found, &h, sizeof(h));
		p[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	p[20] ^= 1;
	p[2048 + 20] ^= 1;
	assert_int_equal(segment_header_get(p, &found), HEADER_BAD);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(test_message),
		cmocka_unit_test(test_every_bit),
		cmocka_unit_test(test_cut_content),
		cmocka_unit_test(test_result), cmocka_unit_test(test_copy),
		cmocka_unit_test(test_batch_header),
		cmocka_unit_test(test_segment_header),
	};

	if (sodium_init() == -1)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
