/*
 * Header sections: the end in all splits, fields, limits; what we write
 * keeps to the line lengths and lets nothing remote start a field.
 */
#include "header.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))

/* Where the header section ends by the plain rule; n if it does not. */
static size_t
model_end(const char *p, size_t n)
{
	if (n >= 2 && memcmp(p, "\r\n", 2) == 0)
		return 2;
	for (size_t i = 0; i + 4 <= n; i++)
		if (memcmp(p + i, "\r\n\r\n", 4) == 0)
			return i + 4;
	return n + 1;
}

static void
check_end(const char *p, size_t n)
{
	size_t			want = model_end(p, n), got;
	struct header_end	e;

	for (size_t cut = 0; cut <= n; cut++) {
		e = (struct header_end){ 0 };
		got = header_end_find(&e, str_bytes(p, cut));
		got += header_end_find(&e, str_bytes(p + cut, n - cut));
		assert_int_equal(e.found, want <= n);
		assert_int_equal(got, want <= n ? want : n);
	}
}

static void
test_end(void **state)
{
	static const char	alphabet[3] = "\r\nx";
	char			text[9];

	(void)state;
	for (size_t i = 0; i < 19683; i++) {
		size_t	v = i;

		for (size_t k = 0; k < sizeof(text); k++, v /= 3)
			text[k] = alphabet[v % 3];
		check_end(text, sizeof(text));
	}
}

static const struct str	block = STR(
    "Received: from a\r\n\tby b; date\r\n"
    "Subject : hello\r\n  world \r\n"
    "received:x\r\n"
    "Empty:\r\n"
    "no colon here\r\n"
    "Bad\003: x\r\n"
    "From: bare\nLF: no field\r\n"
    "X-Last: y\r\n"
    "\r\n"
    "Body: z\r\n");

static void
test_fields(void **state)
{
	static const struct {
		const char	*name, *value;
	} want[] = {
		{ "Received", " from a\r\n\tby b; date" },
		{ "Subject", " hello\r\n  world " },
		{ "received", "x" }, { "Empty", "" },
		{ "", "no colon here" }, { "", "Bad\003: x" },
		{ "From", " bare\nLF: no field" }, { "X-Last", " y" },
	};
	struct header_field	f;
	struct str		rest = block;
	size_t			raw = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(want); i++) {
		assert_true(header_next(&rest, &f));
		assert_true(str_equal(f.name, str_of(want[i].name)));
		assert_true(str_equal(f.value, str_of(want[i].value)));
		assert_ptr_equal(f.raw.p, block.p + raw);
		raw += f.raw.n;
	}
	assert_false(header_next(&rest, &f));
	assert_true(str_equal(rest, str_of("\r\nBody: z\r\n")));
}

static void
test_find_and_count(void **state)
{
	struct header_field	f;

	(void)state;
	assert_true(header_find(block, "SUBJECT", &f));
	assert_true(str_equal(f.name, str_of("Subject")));
	assert_false(header_find(block, "Body", &f));
	assert_int_equal(f.raw.n, 0);
	assert_int_equal(header_hops(block), 2);
	assert_int_equal(header_count(block, "X-Last"), 1);
	assert_int_equal(header_count(block, "LF"), 0);
	assert_int_equal(header_count(STR_NONE, "LF"), 0);
}

/* Each cut of a block gives fields whose raw parts are the cut. */
static void
test_truncations(void **state)
{
	struct header_field	f;
	struct str		rest;
	char			*copy;
	size_t			raw;

	(void)state;
	for (size_t n = 0; n <= block.n; n++) {
		copy = malloc(n + 1);
		memcpy(copy, block.p, n);
		rest = str_bytes(copy, n);
		raw = 0;
		while (header_next(&rest, &f)) {
			assert_true(f.raw.n != 0);
			raw += f.raw.n;
		}
		assert_int_equal(raw + rest.n, n);
		header_hops(str_bytes(copy, n));
		free(copy);
	}
}

static void
test_check(void **state)
{
	struct buf	b = BUF_INIT(HEADER_BLOCK_MAX + 1);

	(void)state;
	assert_int_equal(header_check(STR_NONE), HEADER_OK);
	assert_int_equal(header_check(block), HEADER_MALFORMED);
	for (int i = 0; i < HEADER_FIELDS_MAX; i++)
		buf_puts(&b, "a: b\r\n");
	assert_int_equal(header_check(buf_str(&b)), HEADER_OK);
	buf_puts(&b, "a: b\r\n");
	assert_int_equal(header_check(buf_str(&b)), HEADER_TOO_MANY);
	buf_reset(&b);
	buf_puts(&b, "a: ");
	while (b.len < HEADER_BLOCK_MAX - 2)
		buf_putc(&b, 'x');
	buf_puts(&b, "\r\n");
	assert_int_equal(header_check(buf_str(&b)), HEADER_OK);
	buf_putc(&b, 'x');
	assert_int_equal(header_check(buf_str(&b)), HEADER_TOO_LARGE);
	buf_clear(&b);
}

static void
test_unfold(void **state)
{
	static const struct {
		const char	*value, *want;
	} cases[] = {
		{ " a\r\n\tb\r\n  c \r\n", "a\tb  c" }, { "", "" },
		{ " \t\r\n ", "" }, { "a", "a" },
	};
	struct buf	b = BUF_INIT(64);

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		buf_reset(&b);
		assert_int_equal(header_unfold(&b, str_of(cases[i].value)),
		    0);
		assert_true(str_equal(buf_str(&b), str_of(cases[i].want)));
	}
	buf_clear(&b);
}

static void
test_safe(void **state)
{
	static const struct {
		struct str	 in;
		size_t		 max;
		const char	*want;
	} cases[] = {
		{ STR("plain ~!"), 64, "plain ~!" },
		{ STR("a\r\nb\tc"), 64, "a  b c" },
		{ STR("\033[m\0\377\177"), 64, "\\x1B[m\\x00\\xFF\\x7F" },
		{ STR("123456"), 6, "123456" }, { STR("1234567"), 6, "123..." },
		{ STR("\1\1\1"), 11, "\\x01\\x01..." },
		{ STR("\1\1\1"), 10, "\\x01..." },
		{ STR("1234"), 3, "..." }, { STR("1234"), 2, "" },
		{ STR(""), 0, "" },
	};
	struct buf	b = BUF_INIT(64);

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		buf_reset(&b);
		assert_int_equal(header_put_safe(&b, cases[i].in,
		    cases[i].max), 0);
		assert_true(str_equal(buf_str(&b), str_of(cases[i].want)));
	}
	buf_clear(&b);
}

/* One field, whose lines keep to the limits and are not blank. */
static void
check_written(const struct buf *b, size_t longest)
{
	struct header_field	f;
	struct str		rest = buf_str(b), line;
	const char		*newline;

	assert_true(header_next(&rest, &f));
	assert_int_equal(rest.n, 0);
	for (rest = f.raw; rest.n != 0; rest = str_skip(rest, line.n + 2)) {
		newline = memchr(rest.p, '\r', rest.n);
		assert_non_null(newline);
		line = str_bytes(rest.p, (size_t)(newline - rest.p));
		assert_in_range(line.n, 1, longest);
		assert_true(strspn(line.p, " ") < line.n);
		for (size_t i = 0; i < line.n; i++)
			assert_in_range(line.p[i], ' ', '~');
	}
}

static void
test_put_field(void **state)
{
	static char	value[5000];
	struct buf	b = BUF_INIT(64 * 1024);

	(void)state;
	header_put_field(&b, "X-Test", str_of(" a\r\nb: c "));
	assert_true(str_equal(buf_str(&b), str_of("X-Test: a  b: c\r\n")));
	/* words of every length that fits, then none that does */
	for (size_t word = 1; word < 70; word++) {
		memset(value, 'w', sizeof(value));
		for (size_t i = word; i < sizeof(value); i += word + 1)
			value[i] = ' ';
		buf_reset(&b);
		header_put_field(&b, "X-Test", str_bytes(value, 5000));
		check_written(&b, HEADER_LINE_WISH);
	}
	memset(value, 'w', sizeof(value));
	buf_reset(&b);
	header_put_field(&b, "X-Test", str_bytes(value, 5000));
	check_written(&b, HEADER_LINE_MAX);
	memset(value + 1, ' ', sizeof(value) - 2);
	buf_reset(&b);
	header_put_field(&b, "X-Test", str_bytes(value, 5000));
	check_written(&b, HEADER_LINE_MAX);
	buf_clear(&b);
}

static void
test_no_octet_starts_a_field(void **state)
{
	char		value[] = "a?X-Evil: b";
	struct buf	b = BUF_INIT(256);

	(void)state;
	for (int c = 0; c < 256; c++) {
		value[1] = (char)c;
		buf_reset(&b);
		header_put_field(&b, "X-Test", str_bytes(value, 11));
		check_written(&b, HEADER_LINE_WISH);
	}
	buf_clear(&b);
}

static void
test_full_buffer(void **state)
{
	struct buf	b = BUF_INIT(8);

	(void)state;
	assert_int_equal(header_put_field(&b, "X-Test", str_of("abc")), -1);
	assert_int_equal(header_unfold(&b, str_of("a")), -1);
	assert_int_equal(header_put_safe(&b, str_of("a"), 9), -1);
	buf_clear(&b);
}

static void
test_dates(void **state)
{
	static const struct {
		time_t		 when;
		int		 offset;
		const char	*want;
	} cases[] = {
		{ 0, 0, "Thu, 1 Jan 1970 00:00:00 +0000" },
		{ 1795268390, 60, "Sat, 21 Nov 2026 14:39:50 +0100" },
		{ 1795268390, -570, "Sat, 21 Nov 2026 04:09:50 -0930" },
		{ 1709164800, 0, "Thu, 29 Feb 2024 00:00:00 +0000" },
		{ 4294967296, 0, "Sun, 7 Feb 2106 06:28:16 +0000" },
	};
	char		text[HEADER_DATE_MAX];
	struct buf	b = BUF_INIT(128);

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_string_equal(header_date(text, cases[i].when,
		    cases[i].offset), cases[i].want);
	header_put_message_id(&b, 1795268390, 0xabc, str_of("mx.example.org"));
	assert_true(str_equal(buf_str(&b),
	    str_of("<20261121133950.0000000000000ABC@mx.example.org>")));
	buf_clear(&b);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_end),
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_find_and_count),
		cmocka_unit_test(test_truncations),
		cmocka_unit_test(test_check),
		cmocka_unit_test(test_unfold),
		cmocka_unit_test(test_safe),
		cmocka_unit_test(test_put_field),
		cmocka_unit_test(test_no_octet_starts_a_field),
		cmocka_unit_test(test_full_buffer),
		cmocka_unit_test(test_dates),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
