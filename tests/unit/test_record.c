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

/* ---- what has true checksums and is wrong ------------------------------ */

/* A header whose words at these places are others, sealed again. */
static enum header_verdict
header_with(size_t at, uint32_t value)
{
	struct segment_header	 h = { .number = 12, .life = 7 }, found;
	uint8_t			 p[SPOOL_BLOCK];

	memcpy(h.key, key, sizeof(h.key));
	segment_header_put(p, &h);
	for (size_t copy = 0; copy <= 2048; copy += 2048) {
		wire_set32(p + copy + at, value);
		wire_set64(p + copy + 40, spool_sum(p + copy, 40, key));
	}
	return segment_header_get(p, &found);
}

static void
test_other_headers(void **state)
{
	(void)state;
	assert_int_equal(header_with(8, SPOOL_VERSION), HEADER_OK);
	assert_int_equal(header_with(8, SPOOL_VERSION + 1), HEADER_VERSION);
	assert_int_equal(header_with(16, UINT32_MAX), HEADER_OK);
	/* a number that no file name has */
	assert_int_equal(header_with(20, 1), HEADER_BAD);
}

static void
test_batch_too_short(void **state)
{
	struct batch_header	 in = { .offset = 4096,
	    .length = BATCH_HEADER }, out;
	uint8_t			 p[BATCH_HEADER];

	(void)state;
	batch_header_put(p, &in, key);
	assert_int_equal(batch_header_get(p, 4096, key, &out), 0);
	in.length--;
	batch_header_put(p, &in, key);
	assert_int_equal(batch_header_get(p, 4096, key, &out), -1);
}

/* A MESSAGE that says so of its content, and more or less of its fields. */
static int
message_with(uint8_t flags, const struct record_content *c, struct str content,
    size_t cut, size_t more)
{
	const struct envelope	 e = { .id = { { 1 } }, .arrived = 77,
	    .rcpts = rcpts, .n_rcpts = COUNT(rcpts) };
	struct buf		 b = BUF_INIT(RECORD_MAX);
	struct arena		 a = ARENA_INIT(65536);
	struct record_content	 out;
	struct envelope		 found;
	struct record		 r;
	int			 error;

	record_begin(&b, RECORD_MESSAGE, flags, 41, 40);
	envelope_put(&b, &e);
	record_content_put(&b, c);
	buf_truncate(&b, b.len - cut);
	for (; more != 0; more--)
		buf_putc(&b, 0);
	record_end(&b, 0, content, STR_NONE);
	assert_int_equal(record_get((uint8_t *)buf_data(&b), b.len, &r), 0);
	error = record_message(&r, &a, &found, &out);
	arena_clear(&a);
	buf_clear(&b);
	return error;
}

static void
test_wrong_messages(void **state)
{
	static uint8_t			 sum[LARGE_SUM];
	const struct str		 s = str_bytes(sum, sizeof(sum));
	const struct str		 text = STR("0123456789");
	const struct record_content	 good = { 4, 6, STR_NONE },
	    large = { 10, 99, s }, endless = { 10, UINT64_MAX, s },
	    no_sum = { 10, 99, STR_NONE }, sum_of_none = { 4, 6, s },
	    header = { HEADER_MAX + 1, 0, STR_NONE },
	    body = { 0, BODY_SEGMENT_MAX + 1, STR_NONE },
	    less = { 4, 5, STR_NONE };

	(void)state;
	assert_int_equal(message_with(0, &good, text, 0, 0), 0);
	assert_int_equal(message_with(RECORD_LARGE, &large, text, 0, 0), 0);
	assert_int_equal(message_with(RECORD_LARGE, &endless, text, 0, 0),
	    -1);
	assert_int_equal(message_with(RECORD_LARGE, &no_sum, text, 0, 0), -1);
	assert_int_equal(message_with(0, &sum_of_none, text, 0, 0), -1);
	assert_int_equal(message_with(0, &header, text, 0, 0), -1);
	assert_int_equal(message_with(0, &body, text, 0, 0), -1);
	assert_int_equal(message_with(0, &less, text, 0, 0), -1);
	/* fields that end early, in the envelope and behind it; and late */
	assert_int_equal(message_with(0, &good, text, 1, 0), -1);
	assert_int_equal(message_with(0, &good, text, 20, 0), -1);
	assert_int_equal(message_with(0, &good, text, 0, 1), -1);
}

/* No more than an id: enough for a mark, and not for what has fields. */
static void
test_only_an_id(void **state)
{
	struct buf		 b = BUF_INIT(RECORD_MAX);
	struct arena		 a = ARENA_INIT(65536);
	struct record_result	 result;
	struct record_void	 gap;
	struct record_route	 route;
	struct record		 r;
	struct msgid		 id;

	(void)state;
	record_begin(&b, RECORD_VOID, 0, 5, 5);
	buf_put(&b, key, MSGID_LEN);
	record_end(&b, 0, STR_NONE, STR_NONE);
	assert_int_equal(record_get((uint8_t *)buf_data(&b), b.len, &r), 0);
	assert_true(record_id(&r, &id));
	assert_int_equal(record_result(&r, &a, &result), -1);
	assert_int_equal(record_void(&r, &a, &gap), -1);
	assert_int_equal(record_route(&r, &a, &route), -1);
	/* and less is at hand than it says */
	assert_int_equal(record_get((uint8_t *)buf_data(&b), b.len - 1, &r),
	    0);
	assert_false(record_id(&r, &id));
	arena_clear(&a);
	buf_clear(&b);
}

/* A record that does not fit is none: nobody seals what is not there. */
static void
test_full_buffer(void **state)
{
	struct buf	 b = BUF_INIT(RECORD_HEADER + 10);

	(void)state;
	record_begin(&b, RECORD_GONE, 0, 5, 5);
	record_end(&b, 0, str_of("0123456789"), STR_NONE);
	assert_false(b.failed);
	buf_reset(&b);
	record_begin(&b, RECORD_GONE, 0, 5, 5);
	record_end(&b, 0, str_of("0123456789"), str_of("x"));
	assert_true(b.failed);
	buf_clear(&b);
}

static void
test_names(void **state)
{
	(void)state;
	assert_string_equal(record_type_name(RECORD_MESSAGE), "message");
	for (unsigned t = 0; t < RECORD_TYPE_N; t++)
		assert_non_null(record_type_name((enum record_type)t));
	assert_string_equal(record_type_name(RECORD_TYPE_N), "?");
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
		cmocka_unit_test(test_other_headers),
		cmocka_unit_test(test_batch_too_short),
		cmocka_unit_test(test_wrong_messages),
		cmocka_unit_test(test_only_an_id),
		cmocka_unit_test(test_full_buffer),
		cmocka_unit_test(test_names),
	};

	if (sodium_init() == -1)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
