/*
 * Address lists as header fields have them: what is found in them, where a
 * missing domain would stand, and that nothing strange is taken for one.
 */
#include "addrlist.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))
#define TEXT_MAX_LEN	2048

/* What is found, with blanks between; "!" where it stops being a list. */
static void
find(struct str text, struct buf *out)
{
	char			 store[ADDR_STORE_MAX];
	struct addrlist_item	 item;
	struct addrlist		 l;
	int			 r;

	addrlist_init(&l, text);
	while ((r = addrlist_next(&l, store, &item)) == 1) {
		if (out->len != 0)
			buf_putc(out, ' ');
		addr_put(out, &item.addr);
		assert_true(item.local_end <= text.n);
	}
	assert_true(l.at <= text.n);
	if (r == -1)
		buf_putc(out, '!');
	buf_putc(out, '\0');
}

static const struct {
	const char	*text, *found;
} lists[] = {
	{ "", "" },
	{ " \t\r\n ", "" },
	{ "a@b.test", "a@b.test" },
	{ "a@B.Test, c@d.test", "a@b.test c@d.test" },
	{ "root", "root" },
	{ ",, a@b.test , ,", "a@b.test" },
	{ "root (Cron Daemon)", "root" },
	{ "(one (two) three) a@b.test (four)", "a@b.test" },
	{ "a(x)@(y)b(z).test", "a@b.test" },
	{ "a . b @ c . test", "a.b@c.test" },
	{ "A. Name <a@b.test>", "a@b.test" },
	{ "\"Name, A.\" <a@b.test>, c@d.test", "a@b.test c@d.test" },
	{ "\"<x@y.test>\" <a@b.test>", "a@b.test" },
	{ "N\xc3\xa4me <a@b.test>", "a@b.test" },
	{ "<a@b.test>", "a@b.test" },
	{ "Name <root>", "root" },
	{ "Name <@x.test,@y.test:a@b.test>", "a@b.test" },
	{ "\"a b\"@c.test", "\"a b\"@c.test" },
	{ "\"a\\\"b\" @c.test", "\"a\\\"b\"@c.test" },
	{ "\"a\r\n b\"@c.test", "\"a b\"@c.test" },
	{ "a@[192.0.2.1]", "a@[192.0.2.1]" },
	{ "undisclosed-recipients:;", "" },
	{ "undisclosed recipients: ;, a@b.test", "a@b.test" },
	{ "us: a@b.test, Name <c@d.test>;, e@f.test",
	    "a@b.test c@d.test e@f.test" },
	{ "us: root; them: admin;", "root admin" },
	{ "us:a@b.test", "a@b.test" },		/* seen: the end is enough */
	{ "a..b@c.test", "\"a..b\"@c.test" },	/* lenient, like RCPT */
	{ "one@x.test,\r\n\ttwo@x.test", "one@x.test two@x.test" },
	/* what is none */
	{ "a b", "!" },
	{ "a@b.test c@d.test", "!" },
	{ "a@b.test, c d, e@f.test", "a@b.test!" },
	{ "Name <>", "!" },
	{ "<a@b.test", "!" },
	{ "a@b.test>", "!" },
	{ "a@", "!" },
	{ "@b.test", "!" },
	{ "a@b@c.test", "!" },
	{ "\"a@b.test", "!" },
	{ "(a@b.test", "!" },
	{ "a) b", "!" },
	{ "a\\b@c.test", "!" },
	{ "a@b.test;", "!" },
	{ "x: y: a@b.test;;", "!" },
	{ ": a@b.test", "!" },
	{ "\xc3\xa4@b.test", "\xc3\xa4@b.test" },	/* RFC 6531 3.3 */
	{ "\xc3@b.test", "!" },
	{ "a@-b.test", "!" },
	{ "a@[300.0.2.1]", "!" },
	{ "a\001b@c.test", "!" },
};

static void
test_lists(void **state)
{
	struct buf	 out = BUF_INIT(TEXT_MAX_LEN);

	(void)state;
	for (size_t i = 0; i < COUNT(lists); i++) {
		buf_reset(&out);
		find(str_of(lists[i].text), &out);
		assert_string_equal(buf_data(&out), lists[i].found);
	}
	buf_clear(&out);
}

/* No part of a list, and no list with an octet changed, does any harm. */
static void
test_damaged(void **state)
{
	static const char	 octets[] = "\"()<>@:;,.[]\\\r\0a\xff";
	struct buf		 out = BUF_INIT(TEXT_MAX_LEN);
	char			 text[128];
	size_t			 n;

	(void)state;
	for (size_t i = 0; i < COUNT(lists); i++) {
		n = strlen(lists[i].text);
		for (size_t cut = 0; cut < n; cut++) {
			buf_reset(&out);
			find(str_bytes(lists[i].text, cut), &out);
			for (size_t k = 0; k < sizeof(octets); k++) {
				memcpy(text, lists[i].text, n);
				text[cut] = octets[k];
				buf_reset(&out);
				find(str_bytes(text, n), &out);
			}
		}
	}
	buf_clear(&out);
}

static void
test_where_a_domain_goes(void **state)
{
	static const struct {
		const char	*text;
		size_t		 at;
	} cases[] = {
		{ "root", 4 },
		{ " root (Cron Daemon)", 5 },
		{ "Cron <root>", 10 },
		{ "\"a b\" (c)", 5 },
		{ "a . b (c)", 5 },
		{ "us: root ;", 8 },
	};
	char			 store[ADDR_STORE_MAX];
	struct addrlist_item	 item;
	struct addrlist		 l;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		addrlist_init(&l, str_of(cases[i].text));
		assert_int_equal(addrlist_next(&l, store, &item), 1);
		assert_int_equal(item.addr.domain.n, 0);
		assert_int_equal(item.local_end, cases[i].at);
	}
}


static void
test_long(void **state)
{
	struct buf		 text = BUF_INIT(1 << 20);
	char			 store[ADDR_STORE_MAX];
	struct addrlist_item	 item;
	struct addrlist		 l;
	size_t			 n = 0;

	(void)state;
	for (int i = 0; i < 100000; i++)
		buf_putc(&text, '(');
	buf_puts(&text, "x");
	for (int i = 0; i < 100000; i++)
		buf_putc(&text, ')');
	for (int i = 0; i < 10000; i++)
		buf_puts(&text, "user@example.test,");
	addrlist_init(&l, buf_str(&text));
	while (addrlist_next(&l, store, &item) == 1)
		n++;
	assert_int_equal(n, 10000);
	/* beyond any address: none, and nothing overflows */
	buf_reset(&text);
	for (int i = 0; i < 5000; i++)
		buf_puts(&text, "a.");
	addrlist_init(&l, buf_str(&text));
	assert_int_equal(addrlist_next(&l, store, &item), -1);
	/* as a name it may be any length */
	buf_puts(&text, "a <a@b.test>");
	addrlist_init(&l, buf_str(&text));
	assert_int_equal(addrlist_next(&l, store, &item), 1);
	buf_clear(&text);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_where_a_domain_goes),
		cmocka_unit_test(test_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
