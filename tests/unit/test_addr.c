/*
 * Paths and addresses: tables of good and bad ones, every octet in every
 * position, every truncation, print and parse again, xtext and unitext.
 */
#include "addr.h"

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))
#define X50	"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

struct path_case {
	struct str		 in;
	unsigned		 flags;
	enum addr_result	 result;
	const char		*printed;	/* canonical */
	size_t			 left;		/* octets behind the path */
};

static void
check_path(const struct path_case *c)
{
	char			store[ADDR_STORE_MAX];
	struct addr		a = { STR_NONE, STR_NONE };
	struct str		in = c->in;
	struct buf		out = BUF_INIT(ADDR_TEXT_MAX);
	enum addr_result	r = addr_parse_path(&in, c->flags, store, &a);

	if (r != c->result)
		fail_msg("%.*s: %s", STR_FMT(c->in), addr_result_text(r));
	if (r != ADDR_OK) {
		assert_int_equal(in.n, c->in.n);
		assert_true(addr_is_null(&a));
		return;
	}
	assert_int_equal(addr_put(&out, &a), 0);
	if (!str_equal(buf_str(&out), str_of(c->printed)))
		fail_msg("%.*s: %.*s", STR_FMT(c->in),
		    STR_FMT(buf_str(&out)));
	assert_int_equal(in.n, c->left);
	buf_clear(&out);
}

static void
test_good_paths(void **state)
{
	static const struct path_case	cases[] = {
		{ STR("<a@b>"), 0, ADDR_OK, "a@b", 0 },
		{ STR("<User@EXAMPLE.Org>"), 0, ADDR_OK,
		    "User@example.org", 0 },
		{ STR("<>"), ADDR_NULL, ADDR_OK, "", 0 },
		{ STR("<> BODY=8BITMIME"), ADDR_NULL, ADDR_OK, "", 14 },
		{ STR("<a@b> SIZE=1"), 0, ADDR_OK, "a@b", 7 },
		{ STR("<a@b>\tSIZE=1"), 0, ADDR_OK, "a@b", 7 },
		{ STR("<a.b.c@d>"), 0, ADDR_OK, "a.b.c@d", 0 },
		{ STR("<!#$%&'*+-/=?^_`{|}~@d>"), 0, ADDR_OK,
		    "!#$%&'*+-/=?^_`{|}~@d", 0 },
		{ STR("<\"a\"@b>"), 0, ADDR_OK, "a@b", 0 },
		{ STR("<\"a b\"@c>"), 0, ADDR_OK, "\"a b\"@c", 0 },
		{ STR("<\"\"@c>"), 0, ADDR_OK, "\"\"@c", 0 },
		{ STR("<\"a\\b\"@c>"), 0, ADDR_OK, "ab@c", 0 },
		{ STR("<\"a\\\\\\\"b\"@c>"), 0, ADDR_OK,
		    "\"a\\\\\\\"b\"@c", 0 },
		{ STR("<\"a@b>\"@c>"), 0, ADDR_OK, "\"a@b>\"@c", 0 },
		{ STR("<\".a\"@c>"), 0, ADDR_OK, "\".a\"@c", 0 },
		{ STR("<\"a..b\"@c>"), 0, ADDR_OK, "\"a..b\"@c", 0 },
		{ STR("<@x,@y.z:a@b>"), 0, ADDR_OK, "a@b", 0 },
		{ STR("<@x:\"a:b\"@c>"), 0, ADDR_OK, "\"a:b\"@c", 0 },
		{ STR("<@[IPv6:::1],@y:a@b>"), 0, ADDR_OK, "a@b", 0 },
		{ STR("<a@[127.0.0.1]>"), 0, ADDR_OK, "a@[127.0.0.1]", 0 },
		{ STR("<a@[ipv6:0:0::1]>"), 0, ADDR_OK, "a@[IPv6:::1]", 0 },
		{ STR("<Postmaster>"), ADDR_POSTMASTER, ADDR_OK,
		    "Postmaster", 0 },
		{ STR("<\"postmaster\">"), ADDR_POSTMASTER, ADDR_OK,
		    "postmaster", 0 },
		{ STR("<root>"), ADDR_BARE, ADDR_OK, "root", 0 },
		{ STR(" <a@b>"), ADDR_LENIENT, ADDR_OK, "a@b", 0 },
		{ STR("a@b"), ADDR_LENIENT, ADDR_OK, "a@b", 0 },
		{ STR(" \ta@b SIZE=1"), ADDR_LENIENT, ADDR_OK, "a@b", 7 },
		{ STR("a@[IPv6:::1] X"), ADDR_LENIENT, ADDR_OK,
		    "a@[IPv6:::1]", 2 },
		{ STR("<a..b.@c>"), ADDR_LENIENT, ADDR_OK, "\"a..b.\"@c", 0 },
		{ STR("<b\303\274@c>"), ADDR_UTF8, ADDR_OK,
		    "b\303\274@c", 0 },
		{ STR("<\"b \303\274\"@c>"), ADDR_UTF8, ADDR_OK,
		    "\"b \303\274\"@c", 0 },
		/* a return path of list software: longer than 64 octets */
		{ STR("<" X50 "=" X50 "@c>"), 0, ADDR_OK,
		    X50 "=" X50 "@c", 0 },
		{ STR("<" X50 X50 X50 X50 X50 "12@c>"), 0, ADDR_OK,
		    X50 X50 X50 X50 X50 "12@c", 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		check_path(&cases[i]);
}

static void
test_bad_paths(void **state)
{
	static const struct path_case	cases[] = {
		{ STR(""), 0, ADDR_BAD_SYNTAX, NULL, 0 },
		{ STR(""), ADDR_LENIENT | ADDR_NULL, ADDR_BAD_SYNTAX, NULL, 0 },
		{ STR("  "), ADDR_LENIENT, ADDR_BAD_SYNTAX, NULL, 0 },
		{ STR("<>"), 0, ADDR_BAD_SYNTAX, NULL, 0 },
		{ STR("<>x"), ADDR_NULL, ADDR_BAD_SYNTAX, NULL, 0 },
		{ STR("< >"), ADDR_NULL, ADDR_BAD_SYNTAX, NULL, 0 },
		{ STR(" <a@b>"), 0, ADDR_BAD_SYNTAX, NULL, 0 },
		{ STR("a@b"), 0, ADDR_BAD_SYNTAX, NULL, 0 },
		{ STR("<a@b"), 0, ADDR_BAD_SYNTAX, NULL, 0 },
		{ STR("<a@b"), ADDR_LENIENT, ADDR_BAD_SYNTAX, NULL, 0 },
		{ STR("a@b>"), ADDR_LENIENT, ADDR_BAD_SYNTAX, NULL, 0 },
		{ STR("<a@b>>"), 0, ADDR_BAD_SYNTAX, NULL, 0 },
		{ STR("<<a@b>>"), 0, ADDR_BAD_SYNTAX, NULL, 0 },
		{ STR("<a@b>SIZE=1"), 0, ADDR_BAD_SYNTAX, NULL, 0 },
		{ STR("<a@b >"), 0, ADDR_BAD_SYNTAX, NULL, 0 },
		{ STR("<a b@c>"), ADDR_LENIENT, ADDR_NO_DOMAIN, NULL, 0 },
		{ STR("<a>"), 0, ADDR_NO_DOMAIN, NULL, 0 },
		{ STR("<a>"), ADDR_POSTMASTER, ADDR_NO_DOMAIN, NULL, 0 },
		{ STR("<\"\">"), ADDR_BARE | ADDR_NULL, ADDR_NO_DOMAIN,
		    NULL, 0 },
		{ STR("<postmaster>"), 0, ADDR_NO_DOMAIN, NULL, 0 },
		{ STR("<a@>"), 0, ADDR_BAD_DOMAIN, NULL, 0 },
		{ STR("<@b>"), 0, ADDR_BAD_SYNTAX, NULL, 0 },
		{ STR("<@>"), 0, ADDR_BAD_DOMAIN, NULL, 0 },
		{ STR("<a@b@c>"), 0, ADDR_BAD_DOMAIN, NULL, 0 },
		{ STR("<a@b.>"), ADDR_LENIENT, ADDR_BAD_DOMAIN, NULL, 0 },
		{ STR("<a@-b>"), 0, ADDR_BAD_DOMAIN, NULL, 0 },
		{ STR("<a@b..c>"), 0, ADDR_BAD_DOMAIN, NULL, 0 },
		{ STR("<a@[127.0.0.1>"), 0, ADDR_BAD_DOMAIN, NULL, 0 },
		{ STR("<a@[127.0.0.1]b>"), 0, ADDR_BAD_SYNTAX, NULL, 0 },
		{ STR("<a@[x:y]>"), 0, ADDR_BAD_DOMAIN, NULL, 0 },
		{ STR("<.a@b>"), 0, ADDR_BAD_SYNTAX, NULL, 0 },
		{ STR("<a.@b>"), 0, ADDR_BAD_SYNTAX, NULL, 0 },
		{ STR("<a..b@c>"), 0, ADDR_BAD_SYNTAX, NULL, 0 },
		{ STR("<.@c>"), ADDR_LENIENT, ADDR_BAD_SYNTAX, NULL, 0 },
		{ STR("<\"a@b>"), 0, ADDR_BAD_SYNTAX, NULL, 0 },
		{ STR("<\"a\\"), 0, ADDR_BAD_SYNTAX, NULL, 0 },
		{ STR("<\"a\"b@c>"), 0, ADDR_BAD_SYNTAX, NULL, 0 },
		{ STR("<\"a\".b@c>"), 0, ADDR_BAD_SYNTAX, NULL, 0 },
		{ STR("<a@b,c>"), 0, ADDR_BAD_SYNTAX, NULL, 0 },
		{ STR("<@a,b:c@d>"), 0, ADDR_BAD_SYNTAX, NULL, 0 },
		{ STR("<@a,:c@d>"), 0, ADDR_BAD_SYNTAX, NULL, 0 },
		{ STR("<@a.:c@d>"), 0, ADDR_BAD_DOMAIN, NULL, 0 },
		{ STR("<@a:>"), ADDR_NULL, ADDR_BAD_SYNTAX, NULL, 0 },
		{ STR("<a\nb@c>"), 0, ADDR_BAD_OCTET, NULL, 0 },
		{ STR("<a@b\r\n>"), 0, ADDR_BAD_OCTET, NULL, 0 },
		{ STR("<a\0@b>"), 0, ADDR_BAD_OCTET, NULL, 0 },
		{ STR("<\"a\\\0\"@b>"), 0, ADDR_BAD_OCTET, NULL, 0 },
		{ STR("<\"\t\"@b>"), 0, ADDR_BAD_OCTET, NULL, 0 },
		{ STR("<b\303\274@c>"), 0, ADDR_BAD_OCTET, NULL, 0 },
		{ STR("<b\303@c>"), ADDR_UTF8, ADDR_BAD_OCTET, NULL, 0 },
		{ STR("<\"\355\240\200\"@c>"), ADDR_UTF8, ADDR_BAD_OCTET,
		    NULL, 0 },
		{ STR("<a@b\303\274>"), ADDR_UTF8, ADDR_BAD_OCTET, NULL, 0 },
		{ STR("<" X50 X50 X50 X50 X50 "123@c>"), 0,
		    ADDR_TOO_LONG, NULL, 0 },
		{ STR("<" X50 X50 X50 X50 X50 X50 "@c>"), 0,
		    ADDR_TOO_LONG, NULL, 0 },
		{ STR("<\"" X50 X50 X50 X50 X50 X50 "\"@c>"), 0,
		    ADDR_TOO_LONG, NULL, 0 },
		/* more than the store holds, were it not checked */
		{ STR("<" X50 X50 X50 X50 X50 X50 X50 X50 X50 X50 X50 X50
		    "@" X50 "." X50 "." X50 ">"), 0, ADDR_TOO_LONG, NULL, 0 },
		{ STR("<a@" X50 X50 X50 X50 X50 X50 ">"), 0,
		    ADDR_TOO_LONG, NULL, 0 },
		{ STR(X50 X50 X50 X50 X50 "123@c"), ADDR_LENIENT,
		    ADDR_TOO_LONG, NULL, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		check_path(&cases[i]);
}

static bool
is_atext(int c)
{
	return c != 0 && c < 128 &&
	    (isalnum(c) || strchr("!#$%&'*+-/=?^_`{|}~", c) != NULL);
}

/* A model of its own: may c replace the octet at this place of <ab@cd>? */
static bool
may_stand(int c, size_t at)
{
	switch (at) {
	case 0:
		return c == '<';
	case 1:
	case 2:
		return is_atext(c);
	case 3:
		return c == '@';
	case 6:
		return c == '>';
	default:
		return c < 128 && (isalnum(c) || c == '_');
	}
}

static void
test_every_octet_in_a_path(void **state)
{
	char		store[ADDR_STORE_MAX], text[7];
	struct addr	a;
	struct str	in;

	(void)state;
	for (int c = 0; c < 256; c++)
		for (size_t at = 0; at < sizeof(text); at++) {
			memcpy(text, "<ab@cd>", sizeof(text));
			text[at] = (char)c;
			in = str_bytes(text, sizeof(text));
			if ((addr_parse_path(&in, 0, store, &a) == ADDR_OK) !=
			    may_stand(c, at))
				fail_msg("octet %d at %zu", c, at);
		}
}

static void
test_every_octet_quoted(void **state)
{
	char		store[ADDR_STORE_MAX], text[] = "<\"a\\bc\"@d>";
	struct addr	a;
	struct str	in;
	bool		good;

	(void)state;
	for (int c = 0; c < 256; c++) {
		text[4] = (char)c;	/* behind the backslash */
		in = str_of(text);
		in.n = sizeof(text) - 1;
		good = c >= ' ' && c <= '~';
		assert_int_equal(addr_parse_path(&in, 0, store, &a) ==
		    ADDR_OK, good);
		if (good) {
			assert_int_equal(a.local.n, 3);
			assert_int_equal(a.local.p[1], c);
		}
	}
}

static void
test_truncations(void **state)
{
	static const char	path[] =
	    "<@a.b,@[127.0.0.1]:\"q \\\" q\"@[IPv6:2001:db8::1]>";
	char			store[ADDR_STORE_MAX], *copy;
	struct addr		a;
	struct str		in;

	(void)state;
	for (size_t n = 0; n < sizeof(path) - 1; n++) {
		/* a copy of its own, so that reading on is seen */
		copy = malloc(n + 1);
		memcpy(copy, path, n);
		in = str_bytes(copy, n);
		assert_int_not_equal(addr_parse_path(&in, 0, store, &a),
		    ADDR_OK);
		free(copy);
	}
	in = str_of(path);
	assert_int_equal(addr_parse_path(&in, 0, store, &a), ADDR_OK);
}

static void
test_table_addresses(void **state)
{
	static const struct {
		struct str		text;
		unsigned		flags;
		enum addr_result	result;
	} cases[] = {
		{ STR("a@b"), 0, ADDR_OK },
		{ STR("root"), ADDR_BARE, ADDR_OK },
		{ STR("root"), 0, ADDR_NO_DOMAIN },
		{ STR(""), ADDR_NULL, ADDR_OK },
		{ STR(""), 0, ADDR_BAD_SYNTAX },
		{ STR("a@b "), 0, ADDR_BAD_SYNTAX },
		{ STR("a b"), ADDR_BARE, ADDR_BAD_SYNTAX },
		{ STR("<a@b>"), ADDR_LENIENT, ADDR_BAD_SYNTAX },
		{ STR("a@b,c@d"), 0, ADDR_BAD_SYNTAX },
		{ STR("a@b\n"), 0, ADDR_BAD_OCTET },
	};
	char		store[ADDR_STORE_MAX];
	struct addr	a;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(addr_parse(cases[i].text, cases[i].flags,
		    store, &a), cases[i].result);
}

static void
test_print_parses_again(void **state)
{
	char		local[2], store[ADDR_STORE_MAX];
	struct addr	a = { { local, 2 }, STR("example.org") }, again;
	struct buf	out = BUF_INIT(ADDR_TEXT_MAX);

	(void)state;
	for (int c = ' '; c <= '~'; c++)
		for (int d = ' '; d <= '~'; d++) {
			local[0] = (char)c;
			local[1] = (char)d;
			buf_reset(&out);
			assert_int_equal(addr_put(&out, &a), 0);
			assert_int_equal(addr_parse(buf_str(&out), 0, store,
			    &again), ADDR_OK);
			assert_true(addr_equal(&a, &again));
		}
	buf_clear(&out);
}

static void
test_copy(void **state)
{
	struct arena	arena = ARENA_INIT(64), none = ARENA_INIT(0);
	struct addr	a = { STR("a"), STR("b.c") }, copy;

	(void)state;
	assert_int_equal(addr_copy(&copy, &a, &arena), 0);
	assert_true(addr_equal(&a, &copy));
	assert_ptr_not_equal(copy.local.p, a.local.p);
	assert_int_equal(addr_copy(&copy, &a, &none), -1);
	assert_true(addr_is_null(&copy));
	arena_clear(&arena);
}

static void
test_xtext_round_trip(void **state)
{
	char		all[256], pair[2];
	struct buf	coded = BUF_INIT(1024), plain = BUF_INIT(1024);

	(void)state;
	for (size_t i = 0; i < sizeof(all); i++)
		all[i] = (char)i;
	assert_int_equal(addr_xtext_put(&coded, str_bytes(all, 256)), 0);
	for (size_t i = 0; i < coded.len; i++)
		assert_in_range(buf_data(&coded)[i], '!', '~');
	assert_int_equal(addr_xtext_decode(&plain, buf_str(&coded)), 0);
	assert_true(str_equal(buf_str(&plain), str_bytes(all, 256)));
	for (int i = 0; i < 65536; i++) {
		pair[0] = (char)(i >> 8);
		pair[1] = (char)i;
		buf_reset(&coded);
		buf_reset(&plain);
		addr_xtext_put(&coded, str_bytes(pair, 2));
		assert_int_equal(addr_xtext_decode(&plain, buf_str(&coded)),
		    0);
		assert_true(str_equal(buf_str(&plain), str_bytes(pair, 2)));
	}
	buf_clear(&coded);
	buf_clear(&plain);
}

static void
test_bad_xtext(void **state)
{
	static const struct str	bad[] = {
		STR("+"), STR("+4"), STR("a+"), STR("+4g"), STR("+G0"),
		STR("+3d"), STR("a=b"), STR("a b"), STR("a\0"), STR("\377"),
		STR("+ 1"), STR("++2B"),
	};
	struct buf	out = BUF_INIT(64), tiny = BUF_INIT(1);

	(void)state;
	buf_puts(&out, "kept");
	for (size_t i = 0; i < COUNT(bad); i++) {
		assert_int_equal(addr_xtext_decode(&out, bad[i]), -1);
		assert_int_equal(out.len, 4);
	}
	assert_int_equal(addr_xtext_decode(&out, str_of("+2B+3D")), 0);
	assert_true(str_equal(buf_str(&out), str_of("kept+=")));
	assert_int_equal(addr_xtext_decode(&tiny, str_of("ab")), -1);
	assert_int_equal(tiny.len, 0);
	buf_clear(&out);
	buf_clear(&tiny);
}

static void
test_utf8(void **state)
{
	static const struct {
		struct str	s;
		size_t		n;
	} cases[] = {
		{ STR(""), 0 }, { STR("a"), 0 }, { STR("\177"), 0 },
		{ STR("\200"), 0 }, { STR("\301\200"), 0 },
		{ STR("\302\200x"), 2 }, { STR("\337\277"), 2 },
		{ STR("\302"), 0 }, { STR("\302x"), 0 },
		{ STR("\340\237\277"), 0 }, { STR("\340\240\200"), 3 },
		{ STR("\355\237\277"), 3 }, { STR("\355\240\200"), 0 },
		{ STR("\357\277\277"), 3 }, { STR("\340\240"), 0 },
		{ STR("\360\217\277\277"), 0 }, { STR("\360\220\200\200"), 4 },
		{ STR("\364\217\277\277"), 4 }, { STR("\364\220\200\200"), 0 },
		{ STR("\365\200\200\200"), 0 }, { STR("\360\220\200x"), 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(addr_utf8_char(cases[i].s), cases[i].n);
}

static void
test_u_labels(void **state)
{
	static const struct path_case	cases[] = {
		{ STR("<a@b\303\274.example>"), ADDR_UTF8, ADDR_BAD_OCTET,
		    NULL, 0 },
		{ STR("<a@b\303\274.Example> X"), ADDR_ULABEL, ADDR_OK,
		    "a@b\303\274.Example", 2 },
		{ STR("<\303\274@\347\222\260.example>"),
		    ADDR_UTF8 | ADDR_ULABEL, ADDR_OK,
		    "\303\274@\347\222\260.example", 0 },
		{ STR("<a@B.Example>"), ADDR_ULABEL, ADDR_OK, "a@b.example",
		    0 },
		{ STR("<a@b\303.example>"), ADDR_ULABEL, ADDR_BAD_OCTET, NULL,
		    0 },
		{ STR("<a@b\303\274\001>"), ADDR_ULABEL, ADDR_BAD_OCTET, NULL,
		    0 },
		{ STR("<a@[\303\274]>"), ADDR_ULABEL, ADDR_BAD_OCTET, NULL,
		    0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		check_path(&cases[i]);
}

static void
test_unitext(void **state)
{
	static const struct {
		struct str	plain, ascii, full;
	} cases[] = {
		{ STR("bob@b.example"), STR("bob@b.example"),
		    STR("bob@b.example") },
		{ STR("b\303\274b+x=\\@b"), STR("b\\x{FC}b\\x{2B}x\\x{3D}"
		    "\\x{5C}@b"), STR("b\303\274b\\x{2B}x\\x{3D}\\x{5C}@b") },
		{ STR("\347\222\260"), STR("\\x{74B0}"), STR("\347\222\260") },
		{ STR("\360\237\230\200"), STR("\\x{1F600}"),
		    STR("\360\237\230\200") },
	};
	struct buf	out = BUF_INIT(64);

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		buf_reset(&out);
		assert_int_equal(addr_unitext_put(&out, cases[i].plain, true),
		    0);
		assert_true(str_equal(buf_str(&out), cases[i].ascii));
		buf_reset(&out);
		addr_unitext_put(&out, cases[i].plain, false);
		assert_true(str_equal(buf_str(&out), cases[i].full));
		buf_reset(&out);
		assert_int_equal(addr_unitext_decode(&out, cases[i].ascii), 0);
		addr_unitext_decode(&out, cases[i].full);
		assert_int_equal(out.len, 2 * cases[i].plain.n);
		assert_memory_equal(buf_data(&out), cases[i].plain.p,
		    cases[i].plain.n);
	}
	buf_clear(&out);
}

static void
test_bad_unitext(void **state)
{
	static const struct str	bad[] = {
		STR("a+"), STR("a=b"), STR("a b"), STR("\\"), STR("a\\"),
		STR("\\x"), STR("\\x{"), STR("\\x{}"), STR("\\x{41"),
		STR("\\x{D}"), STR("\\x{20}"), STR("\\x{7F}"), STR("\\x{85}"),
		STR("\\x{D800}"), STR("\\x{110000}"), STR("\\x{0000041}"),
		STR("\\x{4g}"), STR("\\u{41}"), STR("\303"), STR("\377"),
	};
	struct buf	out = BUF_INIT(64);

	(void)state;
	buf_puts(&out, "kept");
	for (size_t i = 0; i < COUNT(bad); i++) {
		assert_int_equal(addr_unitext_decode(&out, bad[i]), -1);
		assert_int_equal(out.len, 4);
	}
	buf_clear(&out);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_good_paths),
		cmocka_unit_test(test_bad_paths),
		cmocka_unit_test(test_every_octet_in_a_path),
		cmocka_unit_test(test_every_octet_quoted),
		cmocka_unit_test(test_truncations),
		cmocka_unit_test(test_table_addresses),
		cmocka_unit_test(test_print_parses_again),
		cmocka_unit_test(test_copy),
		cmocka_unit_test(test_xtext_round_trip),
		cmocka_unit_test(test_bad_xtext),
		cmocka_unit_test(test_utf8),
		cmocka_unit_test(test_u_labels),
		cmocka_unit_test(test_unitext),
		cmocka_unit_test(test_bad_unitext),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
