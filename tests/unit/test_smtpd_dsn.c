/*
 * The parameters of RFC 3461: what of them reaches queued, and what is
 * refused, by a table each.
 */
#include "smtpd_harness.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))

#define HI	"EHLO c.example\r\n"
#define DATA	"DATA\r\n.\r\n"
#define TEN	"0123456789"
#define HUNDRED	TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN

/* One message with these parameters; the dsn that queued got, or NULL. */
static const char *
submit(const char *mail, const char *rcpt)
{
	char	 says[4096];

	buf_reset(&fake.dsn);
	snprintf(says, sizeof(says), HI "MAIL FROM:<a@b.example>%s\r\n"
	    "RCPT TO:<ok@example.org>%s\r\n" DATA, mail, rcpt);
	harness_talk(str_of(says), 0);
	buf_putc(&fake.dsn, '\0');
	return fake.dsn.len > 1 ? buf_data(&fake.dsn) : NULL;
}

static void
test_kept(void **state)
{
	static const struct {
		const char	*mail, *rcpt, *kept;
	} cases[] = {
		{ "", "", "0 |0 ;" },
		{ " RET=FULL", " NOTIFY=NEVER", "1 |1 ;" },
		{ " ret=hdrs ENVID=QQ314159", " notify=success,DELAY",
		    "2 QQ314159|10 ;" },
		{ " ENVID=a+2Bb+20c", " NOTIFY=FAILURE", "0 a+b c|4 ;" },
		{ " ENVID=" HUNDRED, " NOTIFY=SUCCESS,FAILURE,DELAY",
		    "0 " HUNDRED "|14 ;" },
		{ "", " ORCPT=rfc822;Bob@Example.COM",
		    "0 |0 rfc822;Bob@Example.COM" },
		{ "", " NOTIFY=SUCCESS,SUCCESS ORCPT=x-a;+3Cb+2B+3E",
		    "0 |2 x-a;<b+>" },
		{ "", " ORCPT=rfc822;" HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED,
		    "0 |0 rfc822;" HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED },
	};
	const char	*got;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		got = submit(cases[i].mail, cases[i].rcpt);
		assert_non_null(got);
		assert_string_equal(got, cases[i].kept);
	}
}

static void
test_refused(void **state)
{
	static const struct {
		const char	*mail, *rcpt, *reply;
	} cases[] = {
		{ " RET=", "", "501 5.5.4 Bad parameter syntax" },
		{ " RET", "", "501 5.5.4 RET must be FULL or HDRS" },
		{ " RET=NONE", "", "501 5.5.4 RET must be FULL or HDRS" },
		{ " RET=FULL RET=FULL", "",
		    "501 5.5.4 A parameter was given twice" },
		{ " ENVID", "", "501 5.5.4 Bad ENVID" },
		{ " ENVID=a+0Ab", "", "501 5.5.4 Bad ENVID" },
		{ " ENVID=a+7Fb", "", "501 5.5.4 Bad ENVID" },
		{ " ENVID=a+FFb", "", "501 5.5.4 Bad ENVID" },
		{ " ENVID=a+00b", "", "501 5.5.4 Bad ENVID" },
		{ " ENVID=a+2bb", "", "501 5.5.4 Bad ENVID" },
		{ " ENVID=a+2", "", "501 5.5.4 Bad ENVID" },
		{ " ENVID=" HUNDRED "x", "", "501 5.5.4 Bad ENVID" },
		{ " NOTIFY=NEVER", "", "555 5.5.4 Unsupported parameter" },
		{ "", " RET=FULL", "555 5.5.4 Unsupported parameter" },
		{ "", " NOTIFY", "501 5.5.4 NOTIFY must be" },
		{ "", " NOTIFY=SUCCESS,", "501 5.5.4 NOTIFY must be" },
		{ "", " NOTIFY=,SUCCESS", "501 5.5.4 NOTIFY must be" },
		{ "", " NOTIFY=ALWAYS", "501 5.5.4 NOTIFY must be" },
		{ "", " NOTIFY=NEVER,SUCCESS", "501 5.5.4 NOTIFY must be" },
		{ "", " NOTIFY=FAILURE,NEVER", "501 5.5.4 NOTIFY must be" },
		{ "", " ORCPT", "501 5.5.4 ORCPT must be" },
		{ "", " ORCPT=a@b.example", "501 5.5.4 ORCPT must be" },
		{ "", " ORCPT=;a", "501 5.5.4 Bad ORCPT" },
		{ "", " ORCPT=rfc822;", "501 5.5.4 Bad ORCPT" },
		{ "", " ORCPT=rfc@822;a", "501 5.5.4 Bad ORCPT" },
		{ "", " ORCPT=" HUNDRED ";a", "501 5.5.4 Bad ORCPT" },
		{ "", " ORCPT=rfc822;a+0D+0ABcc:+20x", "501 5.5.4 Bad ORCPT" },
		{ "", " ORCPT=rfc822;x" HUNDRED HUNDRED HUNDRED HUNDRED
		    HUNDRED, "501 5.5.4 Bad ORCPT" },
	};
	const char	*dsn;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		dsn = submit(cases[i].mail, cases[i].rcpt);
		if (strstr(harness_told(), cases[i].reply) == NULL)
			print_message("%s%s\n", cases[i].mail, cases[i].rcpt);
		assert_non_null(strstr(harness_told(), cases[i].reply));
		assert_null(dsn);
	}
}

/* Each recipient keeps its own, also over those that are refused. */
static void
test_among_refused(void **state)
{
	(void)state;
	harness_talk(str_of(HI "MAIL FROM:<a@b.example> ENVID=e\r\n"
	    "RCPT TO:<no@example.org> NOTIFY=NEVER ORCPT=rfc822;gone\r\n"
	    "RCPT TO:<ok1@example.org> NOTIFY=SUCCESS ORCPT=rfc822;one\r\n"
	    "RCPT TO:<no@example.org> ORCPT=rfc822;gone\r\n"
	    "RCPT TO:<ok2@example.org>\r\n"
	    "RCPT TO:<ok3@example.org> ORCPT=utf-8;three\r\n" DATA), 0);
	assert_true(str_equal(buf_str(&fake.dsn),
	    str_of("0 e|2 rfc822;one|0 ;|0 utf-8;three")));
	assert_true(str_equal(buf_str(&fake.envelope), str_of("a@b.example|"
	    "ok1@example.org|ok2@example.org|ok3@example.org")));
}

/* None of it is left for the next message. */
static void
test_not_for_the_next(void **state)
{
	(void)state;
	harness_talk(str_of(HI "MAIL FROM:<a@b.example> RET=HDRS ENVID=e\r\n"
	    "RCPT TO:<ok@example.org> NOTIFY=NEVER ORCPT=rfc822;x\r\n" DATA
	    "MAIL FROM:<a@b.example>\r\nRCPT TO:<ok@example.org>\r\n" DATA),
	    0);
	assert_int_equal(fake.submits, 2);
	assert_true(str_equal(buf_str(&fake.dsn), str_of("0 |0 ;")));
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		HARNESS_TEST(test_kept),
		HARNESS_TEST(test_refused),
		HARNESS_TEST(test_among_refused),
		HARNESS_TEST(test_not_for_the_next),
	};

	return cmocka_run_group_tests(tests, harness_begin, NULL);
}
