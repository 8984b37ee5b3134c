/*
 * Domain names, literals and EHLO arguments, by table and by every octet.
 */
#include "domain.h"

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))

#define L63	"abcdefghijklmnopqrstuvwxyz01234567" \
		"abcdefghijklmnopqrstuvwxyz012"

_Static_assert(sizeof(L63) - 1 == DOMAIN_LABEL_MAX, "a label of full length");

static void
test_good(void **state)
{
	static const struct {
		const char	*text, *name;
	} cases[] = {
		{ "example.org", "example.org" },
		{ "EXAMPLE.Org", "example.org" },
		{ "a", "a" }, { "1", "1" }, { "a.b.c.d.e", "a.b.c.d.e" },
		{ "xn--bcher-kva.example", "xn--bcher-kva.example" },
		{ "my_host._tcp.example", "my_host._tcp.example" },
		{ "127.0.0.1", "127.0.0.1" }, { "a--b.c", "a--b.c" },
		{ L63, L63 },
		{ L63 "." L63 "." L63 "." L63, L63 "." L63 "." L63 "." L63 },
	};
	char		store[DOMAIN_MAX];
	struct str	name;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(domain_parse(str_of(cases[i].text), 0, store,
		    &name), 0);
		assert_true(str_equal(name, str_of(cases[i].name)));
		assert_true(domain_is_valid(str_of(cases[i].text)));
	}
}

static void
test_bad(void **state)
{
	static const struct str	bad[] = {
		STR(""), STR("."), STR(".."), STR(".a"), STR("a."), STR("a..b"),
		STR("-a"), STR("a-"), STR("a.-b"), STR("a-.b"), STR("a b"),
		STR("a\0b"), STR("a\r\nb"), STR("a/b"), STR("a@b"), STR("[a]"),
		STR("a:b"), STR("b\303\274cher.example"), STR(L63 "x"),
		STR("a." L63 "x"), STR("x." L63 "." L63 "." L63 "." L63),
	};
	char		store[DOMAIN_MAX];
	struct str	name;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		assert_int_equal(domain_parse(bad[i], 0, store, &name), -1);
		assert_int_equal(name.n, 0);
	}
	assert_false(domain_is_valid(STR_NONE));
}

static void
test_final_dot(void **state)
{
	static const char	*const bad[] = { ".", "a..", ".a.", "" };
	char			 store[DOMAIN_MAX];
	struct str		 name;

	(void)state;
	assert_int_equal(domain_parse(str_of("Example.org."), DOMAIN_FINAL_DOT,
	    store, &name), 0);
	assert_true(str_equal(name, str_of("example.org")));
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_int_equal(domain_parse(str_of(bad[i]),
		    DOMAIN_FINAL_DOT, store, &name), -1);
}

static bool
expected_in_label(int c, bool at_end)
{
	return (c < 128 && isalnum(c)) || c == '_' || (c == '-' && !at_end);
}

static void
test_every_octet(void **state)
{
	char		text[3];
	struct str	s = { text, sizeof(text) };

	(void)state;
	for (int c = 0; c < 256; c++)
		for (size_t at = 0; at < sizeof(text); at++) {
			memcpy(text, "abc", sizeof(text));
			text[at] = (char)c;
			if (c == '.')
				assert_int_equal(domain_is_valid(s), at == 1);
			else
				assert_int_equal(domain_is_valid(s),
				    expected_in_label(c, at != 1));
		}
}

static void
test_literals(void **state)
{
	static const struct {
		const char	*text, *printed;	/* NULL: refused */
	} cases[] = {
		{ "[127.0.0.1]", "[127.0.0.1]" },
		{ "[IPv6:::1]", "[IPv6:::1]" },
		{ "[ipv6:2001:DB8::1]", "[IPv6:2001:db8::1]" },
		{ "[IPv6:::ffff:192.0.2.1]", "[192.0.2.1]" },
		{ "", NULL }, { "[", NULL }, { "]", NULL }, { "[]", NULL },
		{ "127.0.0.1", NULL }, { "[127.0.0.1", NULL },
		{ "127.0.0.1]", NULL }, { "[[127.0.0.1]]", NULL },
		{ "[::1]", NULL }, { "[IPv6:127.0.0.1]", NULL },
		{ "[IPv6:]", NULL }, { "[IPv6]", NULL }, { "[x:y]", NULL },
		{ "[127.0.0.1 ]", NULL }, { "[ 127.0.0.1]", NULL },
		{ "[example.org]", NULL }, { "[127.0.0.1]x", NULL },
	};
	char		text[NETADDR_TEXT_MAX];
	struct netaddr	a;
	int		r;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		r = domain_literal_parse(str_of(cases[i].text), &a);
		if (cases[i].printed == NULL) {
			assert_int_equal(r, -1);
			continue;
		}
		assert_int_equal(r, 0);
		assert_string_equal(netaddr_print_literal(&a, text),
		    cases[i].printed);
	}
}

static void
test_within(void **state)
{
	static const struct {
		const char	*name, *parent;
		bool		 within;
	} cases[] = {
		{ "example.org", "example.org", true },
		{ "a.Example.org", "example.ORG", true },
		{ "a.b.example.org", "example.org", true },
		{ "badexample.org", "example.org", false },
		{ "org", "example.org", false },
		{ "example.org", "", false }, { "", "", false },
		{ "", "org", false }, { "orgx", "org", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(domain_is_within(str_of(cases[i].name),
		    str_of(cases[i].parent)), cases[i].within);
}

static void
test_helo(void **state)
{
	static const struct {
		struct str		text;
		enum domain_helo	kind;
	} cases[] = {
		{ STR("mx.example.org"), HELO_NAME },
		{ STR("localhost"), HELO_NAME },
		{ STR("127.0.0.1"), HELO_NAME },
		{ STR("[192.0.2.1]"), HELO_LITERAL },
		{ STR("[IPv6:2001:db8::1]"), HELO_LITERAL },
		{ STR("[IPv6:junk]"), HELO_ODD }, { STR("a_b-"), HELO_ODD },
		{ STR("example.org."), HELO_ODD },
		{ STR("${run{x}}"), HELO_ODD },
		{ STR("-a"), HELO_ODD }, { STR(""), HELO_GARBAGE },
		{ STR("a b"), HELO_GARBAGE }, { STR("a\tb"), HELO_GARBAGE },
		{ STR("a\0"), HELO_GARBAGE }, { STR("a\033[m"), HELO_GARBAGE },
		{ STR("a\177"), HELO_GARBAGE },
		{ STR("\303\274"), HELO_GARBAGE },
		{ STR(L63 L63 L63 L63 "xyz"), HELO_ODD },
		{ STR(L63 L63 L63 L63 "wxyz"), HELO_GARBAGE },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(domain_helo_check(cases[i].text),
		    cases[i].kind);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_final_dot),
		cmocka_unit_test(test_every_octet),
		cmocka_unit_test(test_literals),
		cmocka_unit_test(test_within),
		cmocka_unit_test(test_helo),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
