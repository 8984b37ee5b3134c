/*
 * Headers on their way out: what is added, left out and qualified, whom -t
 * finds, and names that nobody should have chosen.
 */
#include "compose.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "phrase.h"

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))
#define OUT_MAX		(1 << 18)

#define ID	"<20261121123950.0000000000000ABC@mx.test>\r\n"
#define DATE	"Sat, 21 Nov 2026 13:39:50 +0100\r\n"
#define FROM	"From: root@mx.test\r\n"
#define ALL	"Message-ID: " ID "Date: " DATE FROM

static const struct writing	 writing = {
	.author = { STR("root"), STR("mx.test") },
	.host = STR("mx.test"),
	.now = 1795264790,
	.offset = 60,
	.unique = 0xabc,
};

static const struct {
	const char	*in, *out;
} headers[] = {
	{ "", ALL },
	{ "Subject: x\r\n", ALL "Subject: x\r\n" },
	{ "from: a@b.test\r\nDATE: x\r\nMessage-Id: <y>\r\n",
	    "from: a@b.test\r\nDATE: x\r\nMessage-Id: <y>\r\n" },
	{ "From: a@b.test\r\n",
	    "Message-ID: " ID "Date: " DATE "From: a@b.test\r\n" },
	{ "Bcc: a@b.test,\r\n c@d.test\r\nX: y\r\n", ALL "X: y\r\n" },
	/* what cron writes */
	{ "Date: x\r\nMessage-ID: <y>\r\nFrom: root (Cron Daemon)\r\n"
	    "To: root\r\nSubject: Cron <root@host> date\r\n",
	  "Date: x\r\nMessage-ID: <y>\r\nFrom: root@mx.test (Cron Daemon)\r\n"
	    "To: root@mx.test\r\nSubject: Cron <root@host> date\r\n" },
	{ "To: a, B <b>,\r\n\t\"c d\" <c@d.test>, us: e ;\r\n",
	  ALL "To: a@mx.test, B <b@mx.test>,\r\n\t\"c d\" <c@d.test>, "
	    "us: e@mx.test ;\r\n" },
	{ "Cc: a, what is this, b\r\n",
	  ALL "Cc: a@mx.test, what is this, b\r\n" },
	{ "X-To: root\r\n", ALL "X-To: root\r\n" },
	/* sent on: the message itself is somebody else's */
	{ "Resent-To: a@b.test\r\nSubject: x\r\nBcc: z@b.test\r\n",
	  "Resent-Message-ID: " ID "Resent-Date: " DATE "Resent-" FROM
	    "Resent-To: a@b.test\r\nSubject: x\r\n" },
	{ "Resent-From: a\r\nResent-Date: x\r\nResent-Message-ID: <y>\r\n"
	    "Resent-Bcc: z\r\n",
	  "Resent-From: a@mx.test\r\nResent-Date: x\r\n"
	    "Resent-Message-ID: <y>\r\n" },
};

static void
test_headers(void **state)
{
	struct buf	 out = BUF_INIT(OUT_MAX);

	(void)state;
	for (size_t i = 0; i < COUNT(headers); i++) {
		buf_reset(&out);
		assert_int_equal(compose_header(&out, str_of(headers[i].in),
		    &writing), 0);
		buf_putc(&out, '\0');
		assert_string_equal(buf_data(&out), headers[i].out);
	}
	buf_clear(&out);
}

static void
test_full_names(void **state)
{
	static const struct {
		const char	*name, *phrase;
	} names[] = {
		{ "Cron Daemon", "Cron Daemon" },
		{ "John Q. Public", "\"John Q. Public\"" },
		{ "a \"b\" \\c", "\"a \\\"b\\\" \\\\c\"" },
		{ "J\xc3\xbcrgen", "=?UTF-8?B?SsO8cmdlbg==?=" },
		{ "J\xfcrgen", "J?rgen" },
		{ "x\r\nBcc: y@z.test", "\"x  Bcc: y@z.test\"" },
		{ "\x7f\x01", "  " },
	};
	struct buf	 out = BUF_INIT(OUT_MAX);

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		buf_reset(&out);
		assert_int_equal(phrase_put(&out, str_of(names[i].name)), 0);
		buf_putc(&out, '\0');
		assert_string_equal(buf_data(&out), names[i].phrase);
	}
	buf_clear(&out);
}

/* However long the name, the field is one, in lines as they must be. */
static void
test_long_name(void **state)
{
	struct buf		 out = BUF_INIT(OUT_MAX);
	struct buf		 name = BUF_INIT(OUT_MAX);
	struct writing		 w = writing;
	struct header_field	 f;
	struct str		 block;

	(void)state;
	for (int i = 0; i < 2000; i++)
		buf_puts(&name, "\xc3\xa4\"\n");
	w.name = buf_str(&name);
	assert_int_equal(compose_header(&out, STR_NONE, &w), 0);
	block = buf_str(&out);
	assert_int_equal(header_check(block), HEADER_OK);
	assert_int_equal(header_count(block, "From"), 1);
	assert_true(header_find(block, "From", &f));
	for (const char *p = f.raw.p, *lf; p < f.raw.p + f.raw.n; p = lf + 1) {
		lf = memchr(p, '\n', f.raw.n);
		assert_true(lf != NULL && lf - p < HEADER_LINE_WISH + 2);
	}
	buf_clear(&out);
	buf_clear(&name);
}

static const struct {
	const char	*block;
	const char	*found;		/* after the host was put in */
	bool		 bad;
} rcpts[] = {
	{ "Subject: x\r\n", "", false },
	{ "To: a@b.test\r\nCC: c\r\nBcc: d@e.test\r\nTo: f@g.test\r\n",
	    "a@b.test c@mx.test d@e.test f@g.test", false },
	{ "To: a\r\nCc: a@mx.test, A@MX.TEST, a@MX.test\r\n",
	    "a@mx.test A@mx.test", false },
	{ "To: a@b.test\r\nResent-To: c@d.test\r\nResent-Bcc: e@f.test\r\n",
	    "c@d.test e@f.test", false },
	{ "To: a@b.test\r\nResent-From: c@d.test\r\n", "", false },
	{ "To: a@b.test, c d\r\n", "", true },
	{ "To: undisclosed-recipients:;\r\nBcc: a@b.test\r\n", "a@b.test",
	    false },
	{ "Reply-To: a@b.test\r\nFrom: c@d.test\r\n", "", false },
};

static void
test_recipients(void **state)
{
	struct buf		 out = BUF_INIT(OUT_MAX);
	struct header_field	 f;
	struct recipients	 r;

	(void)state;
	for (size_t i = 0; i < COUNT(rcpts); i++) {
		recipients_init(&r);
		buf_reset(&out);
		assert_int_equal(compose_recipients(str_of(rcpts[i].block),
		    &r, &f), rcpts[i].bad ? RECIPIENTS_BAD : RECIPIENTS_OK);
		for (int again = 0; again < 2; again++)
			assert_int_equal(recipients_settle(&r, writing.host),
			    0);
		for (size_t k = 0; k < r.n && !rcpts[i].bad; k++) {
			if (r.list[k].fate == FATE_TWICE)
				continue;
			if (out.len != 0)
				buf_putc(&out, ' ');
			addr_put(&out, &r.list[k].addr);
		}
		buf_putc(&out, '\0');
		assert_string_equal(buf_data(&out), rcpts[i].found);
		recipients_clear(&r);
	}
	buf_clear(&out);
}

static void
test_too_many(void **state)
{
	struct recipients	 r;
	char			 text[32];

	(void)state;
	recipients_init(&r);
	for (int i = 0; i < RECIPIENTS_MAX; i++) {
		snprintf(text, sizeof(text), "user%d@b.test", i);
		assert_int_equal(recipients_add(&r, str_of(text)),
		    RECIPIENTS_OK);
	}
	assert_int_equal(recipients_add(&r, str_of("one@more.test")),
	    RECIPIENTS_TOO_MANY);
	assert_int_equal(recipients_count(&r, FATE_WAITS), RECIPIENTS_MAX);
	recipients_clear(&r);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(test_headers),
		cmocka_unit_test(test_full_names),
		cmocka_unit_test(test_long_name),
		cmocka_unit_test(test_recipients),
		cmocka_unit_test(test_too_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
