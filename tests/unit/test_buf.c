/*
 * buf against a plain array: the same operations, drawn by a fixed rule, on
 * both; and its hard maximum and sticky failure.
 */
#include "buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define MODEL_MAX	2000

static void
test_empty(void **state)
{
	struct buf	b = BUF_INIT(10);

	(void)state;
	assert_null(buf_data(&b));
	assert_int_equal(buf_str(&b).n, 0);
	assert_int_equal(buf_put(&b, NULL, 0), 0);
	assert_int_equal(buf_put_str(&b, STR_NONE), 0);
	buf_consume(&b, 0);
	buf_truncate(&b, 5);
	assert_int_equal(b.len, 0);
	buf_clear(&b);
	buf_clear(&b);
}

static void
test_put(void **state)
{
	struct buf	b = BUF_INIT(100);

	(void)state;
	assert_int_equal(buf_puts(&b, "one "), 0);
	assert_int_equal(buf_putc(&b, 0), 0);
	assert_int_equal(buf_put_str(&b, str_of("two")), 0);
	assert_int_equal(buf_printf(&b, " %d-%s", 3, "x"), 0);
	assert_true(str_equal(buf_str(&b), str_bytes("one \0two 3-x", 12)));
	buf_truncate(&b, 4);
	assert_true(str_equal(buf_str(&b), str_of("one ")));
	buf_consume(&b, 3);
	assert_true(str_equal(buf_str(&b), str_of(" ")));
	buf_clear(&b);
	assert_int_equal(b.max, 100);
}

static void
test_room(void **state)
{
	struct buf	b = BUF_INIT(100);
	char		*p;

	(void)state;
	p = buf_room(&b, 60);
	assert_non_null(p);
	memset(p, 'x', 60);
	assert_int_equal(b.len, 0);
	buf_added(&b, 60);
	assert_int_equal(b.len, 60);
	assert_non_null(buf_room(&b, 40));
	assert_null(buf_room(&b, 41));
	assert_true(b.failed);
	assert_int_equal(b.len, 60);
	buf_clear(&b);
}

static void
test_failure_is_kept(void **state)
{
	struct buf	b = BUF_INIT(4);

	(void)state;
	assert_int_equal(buf_puts(&b, "abcd"), 0);
	assert_int_equal(buf_putc(&b, 'e'), -1);
	assert_true(str_equal(buf_str(&b), str_of("abcd")));
	buf_consume(&b, 4);
	assert_int_equal(buf_putc(&b, 'e'), -1);
	assert_int_equal(buf_printf(&b, "x"), -1);
	buf_reset(&b);
	assert_int_equal(buf_puts(&b, "abc"), 0);
	assert_int_equal(buf_puts(&b, "de"), -1);
	assert_true(str_equal(buf_str(&b), str_of("abc")));
	buf_clear(&b);
	assert_false(b.failed);
	/* lengths whose sum would overflow */
	assert_int_equal(buf_puts(&b, "ab"), 0);
	assert_null(buf_room(&b, SIZE_MAX - 1));
	buf_clear(&b);
}

static unsigned
draw(unsigned *seed, unsigned below)
{
	*seed = *seed * 1103515245 + 12345;
	return (*seed >> 8) % below;
}

struct model {
	char	bytes[MODEL_MAX];
	size_t	len;
};

static void
step(struct buf *b, struct model *m, unsigned *seed)
{
	char	piece[300];
	size_t	n = draw(seed, sizeof(piece));
	int	r;

	switch (draw(seed, 4)) {
	case 0:
		n = m->len != 0 ? draw(seed, (unsigned)m->len + 1) : 0;
		memmove(m->bytes, m->bytes + n, m->len - n);
		m->len -= n;
		buf_consume(b, n);
		break;
	case 1:
		if (draw(seed, 8) == 0 && n < m->len)
			m->len = n;
		buf_truncate(b, m->len);
		break;
	default:
		memset(piece, (int)draw(seed, 256), n);
		r = buf_put(b, piece, n);
		assert_int_equal(r, m->len + n > MODEL_MAX ? -1 : 0);
		b->failed = false;
		if (r == -1)
			break;
		memcpy(m->bytes + m->len, piece, n);
		m->len += n;
	}
}

static void
test_as_a_queue(void **state)
{
	static struct model	m;
	struct buf		b = BUF_INIT(MODEL_MAX);
	unsigned		seed = 1;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		step(&b, &m, &seed);
		assert_true(str_equal(buf_str(&b),
		    str_bytes(m.bytes, m.len)));
		assert_true(b.size <= 2 * MODEL_MAX);
	}
	buf_clear(&b);
}

/* What was let go of is nowhere in the memory that is still ours. */
static void
test_secret(void **state)
{
	struct buf	b = BUF_INIT(4096);

	(void)state;
	b.secret = true;
	buf_room(&b, 1000);
	buf_puts(&b, "Sesam");
	buf_puts(&b, "Mutabor");
	buf_consume(&b, 5);
	assert_null(memmem(b.base, b.size, "Sesam", 5));
	buf_room(&b, b.size - b.len);		/* moves it to the front */
	assert_int_equal(b.off, 0);
	assert_memory_equal(buf_data(&b), "Mutabor", 7);
	assert_null(memmem(b.base + 1, b.size - 1, "Mutabor", 7));
	buf_truncate(&b, 3);
	assert_null(memmem(b.base, b.size, "abor", 4));
	buf_reset(&b);
	assert_null(memmem(b.base, b.size, "Mut", 3));
	buf_clear(&b);
	assert_true(b.secret);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_put),
		cmocka_unit_test(test_room),
		cmocka_unit_test(test_failure_is_kept),
		cmocka_unit_test(test_as_a_queue),
		cmocka_unit_test(test_secret),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
