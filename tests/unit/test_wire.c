/*
 * wire: what is put is read again, every truncation and surplus is an error
 * that is kept; and the arena that decoders fill.
 */
#include "wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "arena.h"

static void
put_all(struct buf *b)
{
	wire_put_u8(b, 0xfe);
	wire_put_u16(b, 0xfedc);
	wire_put_u32(b, 0xfedcba98);
	wire_put_u64(b, UINT64_C(0xfedcba9876543210));
	wire_put_str(b, str_of("hello"));
	wire_put_str(b, STR_NONE);
}

static bool
read_all(struct wire *w)
{
	return wire_u8(w) == 0xfe && wire_u16(w) == 0xfedc &&
	    wire_u32(w) == 0xfedcba98 &&
	    wire_u64(w) == UINT64_C(0xfedcba9876543210) &&
	    str_equal(wire_str(w, 5), str_of("hello")) &&
	    wire_str(w, 5).n == 0;
}

static void
test_round_trip(void **state)
{
	struct buf	b = BUF_INIT(64);
	struct wire	w;

	(void)state;
	put_all(&b);
	assert_false(b.failed);
	assert_int_equal(b.len, 1 + 2 + 4 + 8 + 4 + 5 + 4);
	wire_init(&w, buf_data(&b), b.len);
	assert_true(read_all(&w));
	assert_int_equal(wire_done(&w), 0);
	assert_int_equal(wire_left(&w), 0);
	buf_clear(&b);
}

static void
test_layout(void **state)
{
	struct buf	b = BUF_INIT(64);

	(void)state;
	wire_put_u32(&b, 0x01020304);
	wire_put_str(&b, str_of("x"));
	assert_memory_equal(buf_data(&b), "\4\3\2\1\1\0\0\0x", 9);
	buf_clear(&b);
}

static void
test_truncated(void **state)
{
	struct buf	b = BUF_INIT(64);
	struct wire	w;
	char		*copy;

	(void)state;
	put_all(&b);
	for (size_t n = 0; n < b.len; n++) {
		copy = malloc(n + 1);
		memcpy(copy, buf_data(&b), n);
		wire_init(&w, copy, n);
		read_all(&w);
		assert_int_equal(wire_done(&w), -1);
		free(copy);
	}
	buf_putc(&b, 0);
	wire_init(&w, buf_data(&b), b.len);
	assert_true(read_all(&w));
	assert_int_equal(wire_left(&w), 1);
	assert_int_equal(wire_done(&w), -1);
	buf_clear(&b);
}

static void
test_error_is_kept(void **state)
{
	static const char	bytes[] = { 9, 0, 0, 0, 'a', 'b' };
	struct wire		w;

	(void)state;
	wire_init(&w, bytes, sizeof(bytes));
	assert_null(wire_str(&w, 64).p);
	assert_int_equal(wire_u8(&w), 0);
	assert_int_equal(wire_left(&w), 0);
	assert_int_equal(wire_done(&w), -1);
	wire_init(&w, bytes, sizeof(bytes));
	assert_null(wire_bytes(&w, SIZE_MAX));
	assert_int_equal(wire_u8(&w), 0);
	wire_init(&w, NULL, 0);
	assert_int_equal(wire_done(&w), 0);
	assert_int_equal(wire_u64(&w), 0);
	assert_int_equal(wire_done(&w), -1);
}

static void
test_longest_string(void **state)
{
	struct buf	b = BUF_INIT(64);
	struct wire	w;

	(void)state;
	wire_put_str(&b, str_of("hello"));
	wire_init(&w, buf_data(&b), b.len);
	assert_int_equal(wire_str(&w, 4).n, 0);
	assert_int_equal(wire_done(&w), -1);
	buf_clear(&b);
}

static void
test_full_buffer(void **state)
{
	struct buf	b = BUF_INIT(7);

	(void)state;
	wire_put_str(&b, str_of("hello"));
	assert_true(b.failed);
	buf_reset(&b);
	/* longer than its length can say: nothing of it is looked at */
	wire_put_str(&b, (struct str){ "x", (size_t)UINT32_MAX + 1 });
	assert_true(b.failed);
	assert_int_equal(b.len, 0);
	buf_clear(&b);
}

static void
test_fixed_places(void **state)
{
	uint8_t	p[9] = { 0 };

	(void)state;
	/* at an odd address */
	wire_set32(p + 1, 0x89abcdef);
	assert_int_equal(p[1], 0xef);
	assert_int_equal(wire_get32(p + 1), 0x89abcdef);
	wire_set64(p + 1, UINT64_MAX - 1);
	assert_true(wire_get64(p + 1) == UINT64_MAX - 1);
	assert_int_equal(p[0], 0);
}

static void
test_arena_gives_zeroes(void **state)
{
	struct arena	a = ARENA_INIT(100000);
	unsigned char	*p;

	(void)state;
	for (size_t n = 1; n < 300; n++) {
		p = arena_calloc(&a, n, 1);
		assert_non_null(p);
		assert_int_equal((uintptr_t)p % _Alignof(max_align_t), 0);
		for (size_t i = 0; i < n; i++)
			assert_int_equal(p[i], 0);
		memset(p, 0xff, n);
	}
	arena_reset(&a);
	p = arena_calloc(&a, 4096, 1);
	assert_non_null(p);
	for (size_t i = 0; i < 4096; i++)
		assert_int_equal(p[i], 0);
	arena_clear(&a);
}

static void
test_arena_limit(void **state)
{
	struct arena	a = ARENA_INIT(8192);

	(void)state;
	assert_null(arena_calloc(&a, 1, 8193));
	assert_null(arena_calloc(&a, SIZE_MAX / 2, 3));
	assert_non_null(arena_calloc(&a, 1, 8000));
	assert_null(arena_calloc(&a, 1, 193));
	assert_non_null(arena_calloc(&a, 1, 192));
	assert_null(arena_calloc(&a, 1, 1));
	arena_reset(&a);
	assert_int_equal(a.used, 0);
	assert_non_null(arena_calloc(&a, 1, 8192));
	arena_clear(&a);
	arena_clear(&a);
}

static void
test_arena_strings(void **state)
{
	struct arena	a = ARENA_INIT(100);
	struct str	s;

	(void)state;
	s = arena_str(&a, str_bytes("a\0b", 3));
	assert_memory_equal(s.p, "a\0b", 4);
	assert_int_equal(s.n, 3);
	s = arena_str(&a, STR_NONE);
	assert_non_null(s.p);
	assert_int_equal(s.n, 0);
	s = arena_str(&a, (struct str){ "", 100 });
	assert_null(s.p);
	arena_clear(&a);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_layout),
		cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_error_is_kept),
		cmocka_unit_test(test_longest_string),
		cmocka_unit_test(test_full_buffer),
		cmocka_unit_test(test_fixed_places),
		cmocka_unit_test(test_arena_gives_zeroes),
		cmocka_unit_test(test_arena_limit),
		cmocka_unit_test(test_arena_strings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
