/*
 * Reply lines, enhanced status codes, and the collection of replies up to
 * and beyond their limits.
 */
#include "smtp_reply.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))

static void
test_lines(void **state)
{
	static const struct {
		const char	*line;
		int		 code;		/* 0: refused */
		bool		 more;
		const char	*enhanced, *text;
	} cases[] = {
		{ "250", 250, false, "2.0.0", "" },
		{ "250 ", 250, false, "2.0.0", "" },
		{ "250-", 250, true, "2.0.0", "" },
		{ "220 mx ESMTP", 220, false, "2.0.0", "mx ESMTP" },
		{ "354 go", 354, false, "3.0.0", "go" },
		{ "250 2.1.5 Ok", 250, false, "2.1.5", "Ok" },
		{ "250-2.1.5", 250, true, "2.1.5", "" },
		{ "550 5.1.1  no such user", 550, false, "5.1.1",
		    "no such user" },
		{ "452 4.123.999 x", 452, false, "4.123.999", "x" },
		{ "550 4.1.1 x", 550, false, "5.0.0", "4.1.1 x" },
		{ "550 5.1 x", 550, false, "5.0.0", "5.1 x" },
		{ "550 5.1.1x", 550, false, "5.0.0", "5.1.1x" },
		{ "550 5.1.1.1 x", 550, false, "5.0.0", "5.1.1.1 x" },
		{ "550 5.01.1 x", 550, false, "5.0.0", "5.01.1 x" },
		{ "550 5.1.1000 x", 550, false, "5.0.0", "5.1.1000 x" },
		{ "550 .1.1 x", 550, false, "5.0.0", ".1.1 x" },
		{ "559 \303\274\033", 559, false, "5.0.0", "\303\274\033" },
		{ "", 0, 0, 0, 0 }, { "2", 0, 0, 0, 0 }, { "25", 0, 0, 0, 0 },
		{ "150 x", 0, 0, 0, 0 }, { "650 x", 0, 0, 0, 0 },
		{ "260 x", 0, 0, 0, 0 }, { "25x y", 0, 0, 0, 0 },
		{ "2500", 0, 0, 0, 0 }, { "250_x", 0, 0, 0, 0 },
		{ " 250 x", 0, 0, 0, 0 }, { "250\tx", 0, 0, 0, 0 },
		{ "HTTP/1.1 400", 0, 0, 0, 0 },
	};
	struct smtp_reply_line	l;
	char			text[SMTP_ENHANCED_MAX];
	int			r;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		r = smtp_reply_line_parse(str_of(cases[i].line), &l);
		assert_int_equal(r, cases[i].code == 0 ? -1 : 0);
		assert_int_equal(l.status.code, cases[i].code);
		assert_int_equal(l.more, cases[i].more);
		if (r == -1)
			continue;
		assert_string_equal(smtp_enhanced_print(&l.status, text),
		    cases[i].enhanced);
		assert_true(str_equal(l.text, str_of(cases[i].text)));
	}
}

static void
test_enhanced(void **state)
{
	static const char	*const bad[] = {
		"", "5", "5.", "5.1", "5.1.", "5..1", "3.1.1", "0.0.0",
		"55.1.1", "5.1.1\t", "-5.1.1", " 5.1.1", "5,1,1",
	};
	struct smtp_status	s = { .code = 7 };
	struct str		text;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		text = str_of(bad[i]);
		assert_int_equal(smtp_enhanced_take(&text, &s), -1);
		assert_int_equal(text.n, strlen(bad[i]));
		assert_int_equal(s.class, 0);
	}
	text = str_of("2.0.0 rest");
	assert_int_equal(smtp_enhanced_take(&text, &s), 0);
	assert_true(str_equal(text, str_of("rest")));
	assert_int_equal(s.class, 2);
	assert_int_equal(s.code, 7);
}

static enum smtp_reply_state
add(struct smtp_reply *r, const char *line)
{
	return smtp_reply_add(r, str_of(line));
}

static void
test_collect(void **state)
{
	struct smtp_reply	r;
	char			text[SMTP_ENHANCED_MAX];

	(void)state;
	smtp_reply_init(&r);
	assert_int_equal(add(&r, "550-first"), SMTP_REPLY_MORE);
	assert_int_equal(add(&r, "550-5.7.1 second"), SMTP_REPLY_MORE);
	assert_int_equal(add(&r, "550-"), SMTP_REPLY_MORE);
	assert_int_equal(add(&r, "554 5.0.0 last"), SMTP_REPLY_DONE);
	assert_int_equal(r.status.code, 554);
	assert_true(smtp_status_is_permanent(&r.status));
	assert_string_equal(smtp_enhanced_print(&r.status, text), "5.7.1");
	assert_true(str_equal(buf_str(&r.text),
	    str_of("first\nsecond\n\nlast")));
	/* what is done stays done */
	assert_int_equal(add(&r, "220 x"), SMTP_REPLY_DONE);
	smtp_reply_reset(&r);
	assert_int_equal(add(&r, "220 x"), SMTP_REPLY_DONE);
	assert_int_equal(r.status.code, 220);
	assert_int_equal(r.status.class, 0);
	smtp_reply_clear(&r);
}

static void
test_bad_replies(void **state)
{
	static const struct {
		struct str	first, second;
	} cases[] = {
		{ STR("250-a"), STR("550 b") }, { STR("250-a"), STR("b") },
		{ STR("250-a"), STR("") }, { STR("250-a"), STR("250 b\nc") },
	};
	struct smtp_reply	r;

	(void)state;
	smtp_reply_init(&r);
	for (size_t i = 0; i < COUNT(cases); i++) {
		smtp_reply_reset(&r);
		assert_int_equal(smtp_reply_add(&r, cases[i].first),
		    SMTP_REPLY_MORE);
		assert_int_equal(smtp_reply_add(&r, cases[i].second),
		    SMTP_REPLY_BAD);
		assert_true(str_equal(buf_str(&r.text), str_of("a")));
	}
	smtp_reply_clear(&r);
}

static void
test_limits(void **state)
{
	static char		line[SMTP_REPLY_LINE_MAX];
	struct smtp_reply	r;

	(void)state;
	smtp_reply_init(&r);
	for (int i = 0; i < SMTP_REPLY_LINES_MAX; i++)
		assert_int_equal(add(&r, "250-x"), SMTP_REPLY_MORE);
	assert_int_equal(add(&r, "250 x"), SMTP_REPLY_TOO_LONG);

	memset(line, 'x', sizeof(line));
	memcpy(line, "250 ", 4);
	smtp_reply_reset(&r);
	assert_int_equal(smtp_reply_add(&r, str_bytes(line,
	    SMTP_REPLY_LINE_MAX - 2)), SMTP_REPLY_DONE);
	smtp_reply_reset(&r);
	assert_int_equal(smtp_reply_add(&r, str_bytes(line,
	    SMTP_REPLY_LINE_MAX - 1)), SMTP_REPLY_TOO_LONG);

	smtp_reply_reset(&r);
	line[3] = '-';
	while (smtp_reply_add(&r, str_bytes(line, 2000)) == SMTP_REPLY_MORE)
		assert_in_range(r.text.len, 1, SMTP_REPLY_TEXT_MAX);
	assert_int_equal(r.state, SMTP_REPLY_TOO_LONG);
	assert_int_equal(r.text.len, 8 * 1997 - 1);
	smtp_reply_clear(&r);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_enhanced),
		cmocka_unit_test(test_collect),
		cmocka_unit_test(test_bad_replies),
		cmocka_unit_test(test_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
