/*
 * Addresses and blocks: what parses, how it prints, and that the two
 * spellings of an IPv4 address are one address.
 */
#include "netaddr.h"

#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))

static struct netaddr
addr(const char *text)
{
	struct netaddr	a;

	if (netaddr_parse(&a, str_of(text)) == -1)
		fail_msg("'%s' does not parse", text);
	return a;
}

static void
test_parse_and_print(void **state)
{
	static const struct {
		const char	*text, *plain, *port, *literal;
	} cases[] = {
		{ "127.0.0.1", "127.0.0.1", "127.0.0.1:25", "[127.0.0.1]" },
		{ "255.255.255.255", "255.255.255.255", "255.255.255.255:25",
		    "[255.255.255.255]" },
		{ "::1", "::1", "[::1]:25", "[IPv6:::1]" },
		{ "2001:DB8:0::1", "2001:db8::1", "[2001:db8::1]:25",
		    "[IPv6:2001:db8::1]" },
		{ "::ffff:192.0.2.1", "192.0.2.1", "192.0.2.1:25",
		    "[192.0.2.1]" },
		{ "::ffff:c000:201", "192.0.2.1", "192.0.2.1:25",
		    "[192.0.2.1]" },
		{ "1111:2222:3333:4444:5555:6666:7777:8888",
		    "1111:2222:3333:4444:5555:6666:7777:8888",
		    "[1111:2222:3333:4444:5555:6666:7777:8888]:25",
		    "[IPv6:1111:2222:3333:4444:5555:6666:7777:8888]" },
	};
	char		text[NETADDR_TEXT_MAX];
	struct netaddr	a;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		a = addr(cases[i].text);
		assert_int_equal(a.port, 0);
		a.port = 25;
		assert_string_equal(netaddr_print(&a, text), cases[i].plain);
		assert_string_equal(netaddr_print_port(&a, text),
		    cases[i].port);
		assert_string_equal(netaddr_print_literal(&a, text),
		    cases[i].literal);
	}
	a.family = 0;
	assert_string_equal(netaddr_print(&a, text), "none");
}

static void
test_not_addresses(void **state)
{
	static const struct str	bad[] = {
		STR(""), STR(" "), STR("127.0.0.1 "), STR(" 127.0.0.1"),
		STR("127.1"), STR("127.0.0.01"), STR("127.0.0.256"),
		STR("1.2.3.4.5"), STR("1.2.3"), STR("0x7f.0.0.1"),
		STR("2130706433"), STR(":"), STR(":::"), STR("1::2::3"),
		STR("12345::"), STR("fe80::1%lo"), STR("[::1]"),
		STR("127.0.0.1\0"), STR("127.0.0.1\0x"), STR("::1\n"),
		STR("1:2:3:4:5:6:7:8:9"), STR("localhost"), STR("::g"),
		STR("1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa"),
	};
	struct netaddr	a;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		assert_int_equal(netaddr_parse(&a, bad[i]), -1);
		assert_int_equal(a.family, 0);
	}
	assert_int_equal(netaddr_parse(&a, STR_NONE), -1);
}

static void
test_sockaddr(void **state)
{
	static const char	*const texts[] = { "192.0.2.1", "2001:db8::1" };
	struct sockaddr_storage	 ss;
	struct netaddr		 a, b;
	socklen_t		 len;

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		a = addr(texts[i]);
		a.port = 2525;
		len = netaddr_to_sockaddr(&a, &ss);
		assert_int_equal(netaddr_from_sockaddr(&b,
		    (struct sockaddr *)&ss, len), 0);
		assert_true(netaddr_equal(&a, &b));
		assert_int_equal(b.port, 2525);
		assert_int_equal(netaddr_from_sockaddr(&b,
		    (struct sockaddr *)&ss, len - 1), -1);
		assert_int_equal(b.family, 0);
	}
	assert_int_equal(netaddr_from_sockaddr(&b, (struct sockaddr *)&ss, 0),
	    -1);
	ss.ss_family = AF_UNIX;
	assert_int_equal(netaddr_from_sockaddr(&b, (struct sockaddr *)&ss,
	    sizeof(ss)), -1);
	a.family = 0;
	assert_int_equal(netaddr_to_sockaddr(&a, &ss), 0);
	assert_false(netaddr_equal(&a, &a));
}

static void
test_mapped_sockaddr(void **state)
{
	struct sockaddr_in6	in6 = {
		.sin6_family = AF_INET6,
		.sin6_addr.s6_addr = { [10] = 0xff, 0xff, 127, 0, 0, 1 },
	};
	struct netaddr		a;

	(void)state;
	assert_int_equal(netaddr_from_sockaddr(&a, (struct sockaddr *)&in6,
	    sizeof(in6)), 0);
	assert_int_equal(a.family, 4);
	assert_true(netaddr_is_loopback(&a));
	assert_int_equal(netaddr_from_bytes(&a, 5, &in6.sin6_addr), -1);
}

static void
test_kinds(void **state)
{
	enum { LOOP = 1, PRIV = 2, UNSPEC = 4, MULTI = 8 };
	static const struct {
		const char	*text;
		int		 kinds;
	} cases[] = {
		{ "127.0.0.1", LOOP }, { "127.255.255.255", LOOP },
		{ "128.0.0.1", 0 }, { "126.255.255.255", 0 },
		{ "::1", LOOP }, { "::2", 0 }, { "::ffff:127.0.0.1", LOOP },
		{ "10.1.2.3", PRIV }, { "11.0.0.0", 0 },
		{ "172.15.255.255", 0 }, { "172.16.0.0", PRIV },
		{ "172.31.255.255", PRIV }, { "172.32.0.0", 0 },
		{ "192.168.1.1", PRIV }, { "192.169.0.0", 0 },
		{ "169.254.1.1", PRIV }, { "100.64.0.1", PRIV },
		{ "100.128.0.1", 0 }, { "fc00::1", PRIV }, { "fdff::1", PRIV },
		{ "fe00::1", 0 }, { "fe80::1", PRIV }, { "fec0::1", 0 },
		{ "0.0.0.0", UNSPEC }, { "0.1.2.3", UNSPEC }, { "1.0.0.0", 0 },
		{ "::", UNSPEC }, { "224.0.0.1", MULTI },
		{ "255.255.255.255", MULTI }, { "223.255.255.255", 0 },
		{ "ff02::1", MULTI }, { "2001:db8::1", 0 },
	};
	struct netaddr	a;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		a = addr(cases[i].text);
		assert_int_equal(netaddr_is_loopback(&a) * LOOP |
		    netaddr_is_private(&a) * PRIV |
		    netaddr_is_unspecified(&a) * UNSPEC |
		    netaddr_is_multicast(&a) * MULTI, cases[i].kinds);
	}
}

static void
test_block_match(void **state)
{
	static const struct {
		const char	*block, *addr;
		bool		 match;
	} cases[] = {
		{ "192.0.2.0/24", "192.0.2.255", true },
		{ "192.0.2.0/24", "192.0.3.0", false },
		{ "192.0.2.0/24", "::ffff:192.0.2.7", true },
		{ "192.0.2.1", "192.0.2.1", true },
		{ "192.0.2.1", "192.0.2.2", false },
		{ "192.0.2.4/30", "192.0.2.7", true },
		{ "192.0.2.4/30", "192.0.2.8", false },
		{ "0.0.0.0/0", "203.0.113.9", true },
		{ "0.0.0.0/0", "2001:db8::1", false },
		{ "::/0", "2001:db8::1", true },
		{ "::/0", "192.0.2.1", false },
		{ "2001:db8::/33", "2001:db8:7fff::1", true },
		{ "2001:db8::/33", "2001:db8:8000::1", false },
		{ "2001:db8::1/128", "2001:db8::1", true },
		{ "2001:db8::1/128", "2001:db8::2", false },
	};
	struct netblock	b;
	struct netaddr	a;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(netblock_parse(&b, str_of(cases[i].block)),
		    0);
		a = addr(cases[i].addr);
		assert_int_equal(netblock_match(&b, &a), cases[i].match);
	}
	a.family = 0;
	assert_false(netblock_match(&b, &a));
}

static void
test_not_blocks(void **state)
{
	static const char	*const bad[] = {
		"", "/", "/24", "192.0.2.0/", "192.0.2.0/33", "192.0.2.0/-1",
		"192.0.2.0/+8", "192.0.2.0/024", "192.0.2.0/2 4",
		"192.0.2.0/24 ", "192.0.2.1/24", "192.0.2.0/24/24",
		"192.0.2/24", "2001:db8::/129", "2001:db8::1/64",
		"2001:db8::/1000", "::ffff:192.0.2.0/120", "0.0.0.1/0",
		"192.0.2.0/256", "192.0.2.0/4294967296",
	};
	struct netblock	b;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		if (netblock_parse(&b, str_of(bad[i])) != -1)
			fail_msg("'%s' parses", bad[i]);
		assert_int_equal(b.addr.family, 0);
	}
}

static void
test_block_print(void **state)
{
	char		text[NETADDR_TEXT_MAX];
	struct netblock	b;

	(void)state;
	assert_int_equal(netblock_parse(&b, str_of("192.0.2.0/24")), 0);
	assert_string_equal(netblock_print(&b, text), "192.0.2.0/24");
	assert_int_equal(netblock_parse(&b, str_of("2001:DB8::")), 0);
	assert_string_equal(netblock_print(&b, text), "2001:db8::/128");
}

static void
test_subscriber(void **state)
{
	static const struct {
		const char	*address, *who;
	} cases[] = {
		{ "192.0.2.1", "192.0.2.1/32" },
		{ "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64" },
		{ "::ffff:192.0.2.1", "192.0.2.1/32" },
	};
	char		 text[NETADDR_TEXT_MAX];
	struct netaddr	 a;
	struct netblock	 b;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		netaddr_parse(&a, str_of(cases[i].address));
		a.port = 25;
		b = netaddr_subscriber(&a);
		assert_string_equal(netblock_print(&b, text), cases[i].who);
		assert_int_equal(b.addr.port, 0);
	}
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_parse_and_print),
		cmocka_unit_test(test_not_addresses),
		cmocka_unit_test(test_sockaddr),
		cmocka_unit_test(test_mapped_sockaddr),
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_block_match),
		cmocka_unit_test(test_not_blocks),
		cmocka_unit_test(test_block_print),
		cmocka_unit_test(test_subscriber),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
