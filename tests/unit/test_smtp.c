/*
 * Command lines, ESMTP parameters and EHLO keywords.
 */
#include "smtp.h"

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))

static void
test_split(void **state)
{
	static const struct {
		struct str	 line;
		const char	*verb, *arg;	/* NULL: refused */
	} cases[] = {
		{ STR("NOOP"), "NOOP", "" },
		{ STR("noop  "), "noop", "" },
		{ STR("EHLO mx.example.org"), "EHLO", "mx.example.org" },
		{ STR("MAIL \t FROM:<a@b> SIZE=1 \t "), "MAIL",
		    "FROM:<a@b> SIZE=1" },
		{ STR("RCPT\tTO:<a@b>"), "RCPT", "TO:<a@b>" },
		{ STR("X \303\274"), "X", "\303\274" },
		{ STR(""), NULL, NULL }, { STR(" NOOP"), NULL, NULL },
		{ STR("NO-OP"), NULL, NULL }, { STR("NOOP\r"), NULL, NULL },
		{ STR("NOOP\0"), NULL, NULL },
		{ STR("NOOP x\nQUIT"), NULL, NULL },
		{ STR("NOOP \033[m"), NULL, NULL },
		{ STR("NOOP \177"), NULL, NULL },
		{ STR("\303\274"), NULL, NULL }, { STR("   "), NULL, NULL },
	};
	struct str	verb, arg;
	int		r;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		r = smtp_command_split(cases[i].line, &verb, &arg);
		assert_int_equal(r, cases[i].verb == NULL ? -1 : 0);
		assert_true(str_equal(verb, str_of(cases[i].verb)));
		assert_true(str_equal(arg, str_of(cases[i].arg)));
	}
}

/* Parses all parameters; their sum as "key=value;", or "!" at an error. */
static void
check_params(const char *text, bool utf8, const char *want)
{
	struct smtp_param	p;
	struct str		rest = str_of(text);
	char			got[256] = "";
	int			r;

	while ((r = smtp_param_next(&rest, utf8, &p)) == 1) {
		strncat(got, p.key.p, p.key.n);
		if (p.has_value) {
			strcat(got, "=");
			strncat(got, p.value.p, p.value.n);
		}
		strcat(got, ";");
	}
	if (r == -1)
		strcat(got, "!");
	assert_string_equal(got, want);
}

static void
test_params(void **state)
{
	static const struct {
		const char	*text;
		bool		 utf8;
		const char	*want;
	} cases[] = {
		{ "", false, "" }, { "   ", false, "" },
		{ " SIZE=1", false, "SIZE=1;" },
		{ " SIZE=1  BODY=8BITMIME\tSMTPUTF8 ", false,
		    "SIZE=1;BODY=8BITMIME;SMTPUTF8;" },
		{ "A", false, "A;" }, { "1-a", false, "1-a;" },
		{ "A=", false, "!" }, { "=b", false, "!" },
		{ "A=b=c", false, "!" }, { "-a=b", false, "!" },
		{ "a_b=c", false, "!" }, { "ok=1 a<b", false, "ok=1;!" },
		{ "ORCPT=rfc822;a+2Bb@c", false, "ORCPT=rfc822;a+2Bb@c;" },
		{ "A=\303\274", false, "!" },
		{ "A=\303\274", true, "A=\303\274;" },
		{ "A=\303", true, "!" }, { "\303\274=a", true, "!" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		check_params(cases[i].text, cases[i].utf8, cases[i].want);
}

static void
test_every_octet_in_a_param(void **state)
{
	char			text[5];
	struct smtp_param	p;
	struct str		rest;
	bool			good;

	(void)state;
	for (int c = 0; c < 256; c++)
		for (size_t at = 0; at < sizeof(text); at += 2) {
			if (c == ' ' || c == '\t' || (at == 2 && c == '='))
				continue;	/* splits elsewhere */
			memcpy(text, "ab=cd", sizeof(text));
			text[at] = (char)c;
			rest = str_bytes(text, sizeof(text));
			if (at == 0)
				good = c < 128 && isalnum(c);
			else if (at == 2)	/* now one long keyword */
				good = c < 128 && (isalnum(c) || c == '-');
			else
				good = c > ' ' && c <= '~' && c != '=';
			assert_int_equal(smtp_param_next(&rest, false, &p),
			    good ? 1 : -1);
		}
}

static void
test_number(void **state)
{
	static const struct {
		const char	*text;
		int		 result;
		uint64_t	 number;
	} cases[] = {
		{ "0", 0, 0 }, { "007", 0, 7 }, { "10485760", 0, 10485760 },
		{ "18446744073709551615", 0, UINT64_MAX },
		{ "18446744073709551616", -1, 0 },
		{ "99999999999999999999999", -1, 0 }, { "", -1, 0 },
		{ "-1", -1, 0 }, { "+1", -1, 0 }, { "1 ", -1, 0 },
		{ "0x1", -1, 0 }, { "1e3", -1, 0 },
	};
	uint64_t	n;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(smtp_number(str_of(cases[i].text), &n),
		    cases[i].result);
		assert_int_equal(n, cases[i].number);
	}
}

static void
test_caps(void **state)
{
	static const struct str	reply = STR(
	    "mx.example.org PIPELINING is my name\n"
	    "PIPELINING\nsize 10485760\n8BITMIME\nENHANCEDSTATUSCODES\n"
	    "STARTTLS\nSMTPUTF8\nDSN\nCHUNKING\nBINARYMIME\nREQUIRETLS\n"
	    "AUTH PLAIN SCRAM-SHA-256 X-OWN\nAUTH=LOGIN\n"
	    "LIMITS RCPTMAX=50 MAILMAX=x RCPTDOMAINMAX=2 junk=\n"
	    "X-OWN stuff\n\nXCLIENT NAME ADDR");
	struct smtp_caps	caps;

	(void)state;
	smtp_caps_parse(&caps, reply);
	assert_int_equal(caps.flags, 0x1fff);
	assert_int_equal(caps.size, 10485760);
	assert_int_equal(caps.auth, SMTP_AUTH_PLAIN |
	    SMTP_AUTH_SCRAM_SHA_256 | SMTP_AUTH_LOGIN);
	assert_int_equal(caps.rcpt_max, 50);
	assert_int_equal(caps.mail_max, 0);
	assert_int_equal(caps.rcpt_domain_max, 2);
}

static void
test_poor_caps(void **state)
{
	static const struct {
		const char	*text;
		unsigned	 flags;
		uint64_t	 size;
	} cases[] = {
		{ "", 0, 0 }, { "PIPELINING", 0, 0 }, { "\nPIPELINING",
		    SMTP_CAP_PIPELINING, 0 },
		{ "x\nSIZE", SMTP_CAP_SIZE, 0 },
		{ "x\nSIZE 99999999999999999999", SMTP_CAP_SIZE, 0 },
		{ "x\nSIZE=5\nSIZES 5\nPIPELININGS", 0, 0 },
		{ "x\nSTARTTLS \t\r", SMTP_CAP_STARTTLS, 0 },
	};
	struct smtp_caps	caps;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		smtp_caps_parse(&caps, str_of(cases[i].text));
		assert_int_equal(caps.flags, cases[i].flags);
		assert_int_equal(caps.size, cases[i].size);
	}
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_split),
		cmocka_unit_test(test_params),
		cmocka_unit_test(test_every_octet_in_a_param),
		cmocka_unit_test(test_number),
		cmocka_unit_test(test_caps),
		cmocka_unit_test(test_poor_caps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
