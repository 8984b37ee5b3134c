/*
 * Next hops: what is one, how it is kept, and that what is kept is read as
 * the same again.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "nexthop.h"

static const struct {
	const char	*text, *kept;
} good[] = {
	{ "mx.Example.org", "smtp://mx.example.org" },
	{ "SMTP://mx.example.org:587", "smtp://mx.example.org:587" },
	{ "smtps://mx.example.org", "smtps://mx.example.org" },
	{ "192.0.2.1:25", "smtp://[192.0.2.1]:25" },
	{ "[192.0.2.1]", "smtp://[192.0.2.1]" },
	{ "[2001:DB8::1]:65535", "smtp://[IPv6:2001:db8::1]:65535" },
	{ "[IPv6:2001:db8::1]", "smtp://[IPv6:2001:db8::1]" },
	{ "lmtp:unix:/run/lmtp", "lmtp:unix:/run/lmtp" },
	{ "lmtp:Host.example:24", "lmtp:host.example:24" },
	{ "LMTP:[::1]:24", "lmtp:[IPv6:::1]:24" },
};

static const char *const	 bad[] = {
	"", "smtp://", "smtps://:25", "a..b", "a b", "host:", "host:0",
	"host:65536", "host:000025", "host:2x", "host:25:25", "[192.0.2.1",
	"[nothing]", "2001:db8::1", "http://host", "smtp://smtp://host",
	"lmtp:", "lmtp:host", "lmtp:unix:", "lmtp:unix:run", "lmtp:[::1]",
	"lmtp:smtp://host:24", "maildir:/var/mail",
};

static void
assert_kept(struct str text, const char *kept)
{
	struct buf	 b = BUF_INIT(NEXTHOP_TEXT_MAX);
	struct nexthop	 h;

	assert_int_equal(nexthop_parse(&h, text), 0);
	nexthop_print(&b, &h);
	assert_true(str_equal(buf_str(&b), str_of(kept)));
	buf_clear(&b);
}

static void
test_good(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_kept(str_of(good[i].text), good[i].kept);
		assert_kept(str_of(good[i].kept), good[i].kept);
	}
}

static void
test_bad(void **state)
{
	struct nexthop	 h;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (nexthop_parse(&h, str_of(bad[i])) != -1)
			fail_msg("%s", bad[i]);
}

/* `via' of the configuration knows no services. */
static void
test_via(void **state)
{
	struct nexthop	 h;

	(void)state;
	assert_int_equal(nexthop_via(&h, str_of("lmtp:host:24")), -1);
	assert_int_equal(nexthop_via(&h, str_of("smtps://host")), 0);
	assert_true(h.tls);
	assert_int_equal(h.port, 0);
}

/* The longest there is fits where it is kept. */
static void
test_longest(void **state)
{
	char		 text[NEXTHOP_TEXT_MAX + 64] = "smtps://";
	struct buf	 b = BUF_INIT(NEXTHOP_TEXT_MAX);
	size_t		 n = 8;
	struct nexthop	 h;

	(void)state;
	while (n < 8 + DOMAIN_MAX - 1) {
		text[n] = (n - 7) % 64 == 0 ? '.' : 'a';
		n++;
	}
	text[n++] = 'z';
	memcpy(text + n, ":65535", 6);
	if (nexthop_parse(&h, str_bytes(text, n + 6)) == 0)
		nexthop_print(&b, &h);
	assert_false(b.failed);
	buf_clear(&b);
	memset(text, '/', sizeof(text));
	memcpy(text, "lmtp:unix:", 10);
	assert_int_equal(nexthop_parse(&h, str_bytes(text,
	    5 + DOMAIN_MAX + 1)), -1);
	assert_int_equal(nexthop_parse(&h, str_bytes(text, 5 + DOMAIN_MAX)),
	    0);
	nexthop_print(&b, &h);
	assert_int_equal(b.len, 5 + DOMAIN_MAX);
	buf_clear(&b);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(test_good), cmocka_unit_test(test_bad),
		cmocka_unit_test(test_via), cmocka_unit_test(test_longest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
