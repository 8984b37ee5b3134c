/*
 * Dialogues: what a client says and what it is told, command by command,
 * however the octets arrive; what reaches queued; and what happens when
 * queued goes away in the middle.
 */
#include "smtpd_harness.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))

#define BANNER	"220 mx.example.org ESMTP postern\r\n"
#define HELO	"250 mx.example.org\r\n"
#define EHLO	"250-mx.example.org\r\n250-PIPELINING\r\n" \
		"250-SIZE 1048576\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n" \
		"250-ENHANCEDSTATUSCODES\r\n250-DSN\r\n" \
		"250-LIMITS RCPTMAX=5\r\n250 HELP\r\n"
#define OK	"250 2.0.0 Ok\r\n"
#define MAIL_OK	"250 2.1.0 Ok\r\n"
#define RCPT_OK_REPLY "250 2.1.5 Ok\r\n"
#define GO_ON	"354 End data with <CR><LF>.<CR><LF>\r\n"
#define QUEUED	"250 2.0.0 Ok: queued as ID\r\n"
#define BYE	"221 2.0.0 Bye\r\n"
#define HI	"HELO c.example\r\n"
#define FROM	"MAIL FROM:<a@b.example>\r\n"
#define TO	"RCPT TO:<ok@example.org>\r\n"
#define NOT_UTF8 "553 5.6.7 Not ASCII, and SMTPUTF8 was not asked for\r\n"
#define NO_USER	"550 5.1.1 <no@example.org>: " \
		"Recipient refused: user unknown\r\n"

static const struct dialogue {
	const char	*says;
	const char	*told;		/* behind the banner */
} dialogues[] = {
	{ "QUIT\r\n", BYE },
	{ "quit  \t\r\n", BYE },
	{ "NOOP\r\nNoOp x y\r\nRSET\r\n", OK OK OK },
	{ "", "" },
	{ "EHLO c.example\r\n",
	    EHLO },
	{ "HELO\r\nEHLO \r\nHELO a\303\274\r\n",
	    "501 5.5.4 Syntax: HELO your.host.name\r\n"
	    "501 5.5.4 Syntax: EHLO your.host.name\r\n"
	    "501 5.5.4 That is no host name\r\n" },
	{ FROM TO "DATA\r\n",
	    "503 5.5.1 Say EHLO or HELO first\r\n"
	    "503 5.5.1 Say EHLO or HELO first\r\n"
	    "503 5.5.1 Say EHLO or HELO first\r\n" },
	{ HI TO "DATA\r\n" FROM "DATA\r\n" FROM,
	    HELO "503 5.5.1 Need MAIL before that\r\n"
	    "503 5.5.1 Need MAIL and RCPT before DATA\r\n" MAIL_OK
	    "503 5.5.1 Need MAIL and RCPT before DATA\r\n"
	    "503 5.5.1 A transaction is open already\r\n" },
	/* RFC 2920 3.1: all of it was sent before any reply */
	{ HI FROM "RCPT TO:<no@example.org>\r\nDATA\r\nRSET\r\nDATA\r\n",
	    HELO MAIL_OK NO_USER "554 5.5.1 No valid recipients\r\n" OK
	    "503 5.5.1 Need MAIL and RCPT before DATA\r\n" },
	{ HI FROM TO "RCPT TO:<no@example.org>\r\n"
	    "RCPT TO:<relay@x.example>\r\nRCPT TO:<tmp@example.org>\r\n"
	    "RCPT TO:<full@example.org>\r\n" TO,
	    HELO MAIL_OK RCPT_OK_REPLY NO_USER
	    "554 5.7.1 <relay@x.example>: "
	    "Recipient refused: relaying denied\r\n"
	    "451 4.3.0 <tmp@example.org>: "
	    "Cannot check the recipient now, try again later\r\n"
	    "452 4.3.1 <full@example.org>: "
	    "Not enough storage now, try again later\r\n" RCPT_OK_REPLY },
	/* EHLO and RSET end a transaction */
	{ HI FROM TO HI TO, HELO MAIL_OK RCPT_OK_REPLY HELO
	    "503 5.5.1 Need MAIL before that\r\n" },
	{ HI FROM TO "RSET\r\nDATA\r\n" FROM,
	    HELO MAIL_OK RCPT_OK_REPLY OK
	    "503 5.5.1 Need MAIL and RCPT before DATA\r\n" MAIL_OK },
	/* others leave it as it is */
	{ HI FROM TO "NOOP\r\nVRFY x\r\nEXPN x\r\nHELP DATA\r\nSAML x\r\n"
	    "FOO\r\nDATA\r\nA: b\r\n\r\n.\r\n",
	    HELO MAIL_OK RCPT_OK_REPLY OK
	    "252 2.0.0 Not verified; send mail to it and it will be tried\r\n"
	    "502 5.5.1 Command not implemented\r\n214 2.0.0 DATA\r\n"
	    "502 5.5.1 Command not implemented\r\n"
	    "500 5.5.2 Command not recognized\r\n" GO_ON QUEUED },
	{ "RSET x\r\nQUIT x\r\nVRFY\r\n", "501 5.5.4 Syntax: RSET\r\n"
	    "501 5.5.4 Syntax: QUIT\r\n501 5.5.4 Syntax: VRFY address\r\n" },
	{ "\r\n MAIL\r\nNO-OP\r\nNOOP\ra\r\n",
	    "500 5.5.2 Bad command syntax\r\n500 5.5.2 Bad command syntax\r\n"
	    "500 5.5.2 Bad command syntax\r\n"
	    "500 5.5.2 Bad command syntax\r\n" },
	/* MAIL and its parameters */
	{ HI "MAIL FROM:<> SIZE=1048576 body=8bitmime\r\n", HELO MAIL_OK },
	{ HI "mail from:<a@b.example> Size=1048577\r\n" FROM,
	    HELO "552 5.3.4 Message too large\r\n" MAIL_OK },
	{ HI "MAIL FROM:<a@b.example> SIZE=1 SIZE=1\r\n"
	    "MAIL FROM:<a@b.example> SIZE=99999999999999999999\r\n"
	    "MAIL FROM:<a@b.example> SIZE=\r\n"
	    "MAIL FROM:<a@b.example> BODY=BINARYMIME\r\n"
	    "MAIL FROM:<a@b.example> FOO=1\r\n" FROM,
	    HELO "501 5.5.4 A parameter was given twice\r\n"
	    "501 5.5.4 Bad SIZE\r\n501 5.5.4 Bad parameter syntax\r\n"
	    "501 5.5.4 BODY must be 7BIT or 8BITMIME\r\n"
	    "555 5.5.4 Unsupported parameter\r\n" MAIL_OK },
	{ HI "MAIL <a@b.example>\r\nMAIL FROM: <a@b.example>\r\n"
	    "MAIL FROM:<a>\r\n",
	    HELO "501 5.5.4 Syntax: MAIL FROM:<address>\r\n"
	    "501 5.1.7 Error: bad address syntax\r\n"
	    "553 5.1.7 Error: address lacks a domain\r\n" },
	{ HI FROM "RCPT TO:<>\r\nRCPT TO:<a..b@c.example>\r\n"
	    "RCPT TO:<a@b.example> X=Y\r\nRCPT <a@b.example>\r\n"
	    "RCPT TO:<PostMaster>\r\nDATA\r\nx\r\n.\r\n",
	    HELO MAIL_OK "501 5.1.3 Error: bad address syntax\r\n"
	    "501 5.1.3 Error: bad address syntax\r\n"
	    "555 5.5.4 Unsupported parameter\r\n"
	    "501 5.5.4 Syntax: RCPT TO:<address>\r\n" RCPT_OK_REPLY
	    GO_ON QUEUED },
	/* an error between recipients keeps its place */
	{ HI FROM TO "RCPT TO:<a..b@c.example>\r\n" TO "FOO\r\n" TO "RCPT\r\n"
	    TO "\r\n",
	    HELO MAIL_OK RCPT_OK_REPLY "501 5.1.3 Error: bad address syntax\r\n"
	    RCPT_OK_REPLY "500 5.5.2 Command not recognized\r\n"
	    RCPT_OK_REPLY "501 5.5.4 Syntax: RCPT TO:<address> "
	    "[NOTIFY=NEVER|SUCCESS,FAILURE,DELAY] [ORCPT=type;xtext]\r\n"
	    RCPT_OK_REPLY "500 5.5.2 Bad command syntax\r\n" },
	/* beyond max-recipients, those before stay */
	{ HI FROM TO TO TO TO TO TO TO "DATA\r\n.\r\n",
	    HELO MAIL_OK RCPT_OK_REPLY RCPT_OK_REPLY RCPT_OK_REPLY
	    RCPT_OK_REPLY RCPT_OK_REPLY "452 4.5.3 Too many recipients\r\n"
	    "452 4.5.3 Too many recipients\r\n" GO_ON QUEUED },
	{ HI FROM TO "DATA\r\nx\r\n.\r\n" FROM TO "DATA\r\ny\r\n.\r\nQUIT\r\n",
	    HELO MAIL_OK RCPT_OK_REPLY GO_ON QUEUED MAIL_OK RCPT_OK_REPLY
	    GO_ON QUEUED BYE },
	/* only CRLF.CRLF is an end; what else looks like one is refused */
	{ HI FROM TO "DATA\r\nx\n.\nQUIT\n.\r\n\r\n.\r\nQUIT\r\n",
	    HELO MAIL_OK RCPT_OK_REPLY GO_ON "550 5.6.0 Message holds a CR or "
	    "LF that is not a line end\r\n" BYE },
	{ HI FROM TO "DATA\r\nx\r.\r\r\n.\r\n",
	    HELO MAIL_OK RCPT_OK_REPLY GO_ON "550 5.6.0 Message holds a CR or "
	    "LF that is not a line end\r\n" },
	{ HI FROM TO "DATA\r\nReceived: 1\r\nReceived: 2\r\nReceived: 3\r\n"
	    "\r\n.\r\n", HELO MAIL_OK RCPT_OK_REPLY GO_ON QUEUED },
	{ HI FROM TO "DATA\r\nReceived: 1\r\nReceived: 2\r\nReceived: 3\r\n"
	    "received:\r\n\r\n.\r\n", HELO MAIL_OK RCPT_OK_REPLY GO_ON
	    "554 5.4.6 Too many hops: a mail loop\r\n" },
	/* a bare LF at the end of a command */
	{ "NOOP\nMAIL\r\nNOOP\r\n",
	    "500 5.5.2 A line must end with CR and LF\r\n" },
	{ "GET / HTTP/1.1\r\nNOOP\r\n",
	    "554 5.5.1 This is not an HTTP server\r\n" },
	{ "HELP FOO\r\nHELP mail\r\n", "504 5.5.4 No help about that\r\n"
	    "214 2.0.0 MAIL FROM:<address> [SIZE=octets] "
	    "[BODY=7BIT|8BITMIME] [SMTPUTF8] [RET=FULL|HDRS] [ENVID=xtext]"
	    "\r\n" },
	/* RFC 6531: what is not ASCII is for who asked for it */
	{ "EHLO c.example\r\n" "MAIL FROM:<\303\274@a.example>\r\n"
	    "MAIL FROM:<u@b\303\274cher.example>\r\n"
	    "MAIL FROM:<u@a.example> SMTPUTF8=1\r\n" FROM
	    "RCPT TO:<\303\274@b.example>\r\nRSET\r\n"
	    "MAIL FROM:<\303\274@a.example> SMTPUTF8\r\n"
	    "RCPT TO:<\303\274@b\303\234cher.example>\r\n"
	    "RCPT TO:<\303@b.example>\r\n"
	    "RCPT TO:<a@\342\200\256b.example>\r\nDATA\r\nx\r\n.\r\n",
	    EHLO NOT_UTF8 NOT_UTF8 "501 5.5.4 SMTPUTF8 has no value\r\n"
	    MAIL_OK NOT_UTF8 OK MAIL_OK RCPT_OK_REPLY
	    "501 5.1.3 Error: bad octet in address\r\n"
	    "501 5.1.3 Error: bad domain in address\r\n" GO_ON QUEUED },
	{ HI "MAIL FROM:<\303\274@a.example>\r\n", HELO
	    "501 5.1.7 Error: bad octet in address\r\n" },
};

static void
check_dialogue(const struct dialogue *d, size_t cut)
{
	char	 want[4096];

	snprintf(want, sizeof(want), "%s%s", BANNER, d->told);
	assert_string_equal(harness_talk(str_of(d->says), cut), want);
	assert_int_equal(session_count(), 0);
}

static void
test_dialogues(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(dialogues); i++)
		check_dialogue(&dialogues[i], 0);
}

/* Replies do not depend on how the octets arrive. */
static void
test_every_split(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(dialogues); i++)
		for (size_t n = 1; n < strlen(dialogues[i].says); n++)
			check_dialogue(&dialogues[i], n);
}

static void
test_octet_by_octet(void **state)
{
	const char	*says;
	char		 want[4096];

	(void)state;
	for (size_t i = 0; i < COUNT(dialogues); i++) {
		harness_connect();
		for (says = dialogues[i].says; *says != '\0'; says++) {
			harness_send(str_bytes(says, 1));
			harness_run();
		}
		harness_run();
		harness_disconnect();
		snprintf(want, sizeof(want), "%s%s", BANNER,
		    dialogues[i].told);
		assert_string_equal(harness_told(), want);
	}
}

static void
test_pipelined_costs_one_check(void **state)
{
	(void)state;
	harness_talk(str_of(HI FROM TO TO TO "DATA\r\nx\r\n.\r\nQUIT\r\n"),
	    0);
	assert_int_equal(fake.checks, 1);
	assert_int_equal(fake.rcpts, 3);
	assert_int_equal(fake.submits, 1);
}

/* ---- content ----------------------------------------------------------- */

/* What queued got, without the trace field in front of it. */
static struct str
content(void)
{
	struct str		 rest = buf_str(&fake.content);
	struct header_field	 f;

	assert_true(header_next(&rest, &f));
	assert_true(str_equal(f.name, str_of("Received")));
	return rest;
}

static void
test_content_is_kept(void **state)
{
	static const struct {
		const char	*sent;
		const char	*kept;
	} cases[] = {
		{ "A: b\r\n\r\nc\r\n.\r\n", "A: b\r\n\r\nc\r\n" },
		{ ".\r\n", "" },
		{ "\r\n.\r\n", "\r\n" },
		{ "\r\nonly body\r\n.\r\n", "\r\nonly body\r\n" },
		{ "A: b\r\nC: d\r\n.\r\n", "A: b\r\nC: d\r\n" },
		/* what is no header is the body, behind ours */
		{ "no header at all\r\n.\r\n", "\r\nno header at all\r\n" },
		{ "word\r\n\r\nA: b\r\n.\r\n", "\r\nword\r\n\r\nA: b\r\n" },
		{ ": b\r\n.\r\n", "\r\n: b\r\n" },
		{ "\377: b\r\n.\r\n", "\r\n\377: b\r\n" },
		{ "..\r\n.\r\n", "\r\n.\r\n" },
		{ "Old \t: b\r\n.\r\n", "Old \t: b\r\n" },
		{ "A: b\r\n\r\n..\r\n...\r\n..x\r\n.\r\n",
		    "A: b\r\n\r\n.\r\n..\r\n.x\r\n" },
		{ "A: b\r\n\r\n\377\200\t\001\r\n.\r\n",
		    "A: b\r\n\r\n\377\200\t\001\r\n" },
	};
	char		 says[512];
	struct str	 got;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		snprintf(says, sizeof(says), "%s%s%sDATA\r\n%s", HI, FROM, TO,
		    cases[i].sent);
		for (size_t cut = 0; says[cut] != '\0'; cut++) {
			assert_non_null(strstr(harness_talk(str_of(says), cut),
			    QUEUED));
			got = content();
			assert_true(str_equal(got, str_of(cases[i].kept)));
		}
	}
}

/* A fold has no field of its own to continue: nothing is put before it. */
static void
test_first_is_no_fold(void **state)
{
	static const struct str	 fold = STR("+0000\r\n\r\n fold: b\r\n");
	struct str		 got;

	(void)state;
	harness_talk(str_of(HI FROM TO "DATA\r\n fold: b\r\n.\r\n"), 0);
	got = buf_str(&fake.content);
	assert_true(got.n > fold.n);
	assert_memory_equal(got.p + got.n - fold.n, fold.p, fold.n);
}

static void
test_normalize(void **state)
{
	(void)state;
	harness_listener.bare_newline = NEWLINE_NORMALIZE;
	harness_talk(str_of("HELO c.example\n" FROM TO
	    "DATA\nA: b\n\nx\n.\ny\rz\r\n.\r\nQUIT\n"), 0);
	assert_non_null(strstr(harness_told(), QUEUED BYE));
	assert_true(str_equal(content(),
	    str_of("A: b\r\n\r\nx\r\n.\r\ny\r\nz\r\n")));
}

static void
test_nul(void **state)
{
	static const struct str	 says = STR(HI FROM TO
		    "DATA\r\nx\0y\r\n.\r\nNO\0OP\r\n");

	(void)state;
	harness_talk(says, 0);
	assert_non_null(strstr(harness_told(),
	    GO_ON "550 5.6.0 Message holds a NUL\r\n"
	    "500 5.5.2 Bad command syntax\r\n"));
	assert_int_equal(fake.submits, 0);
}

static void
test_trace_field(void **state)
{
	char	 want[256];

	(void)state;
	clock_hold(1000, 1795268390);	/* 21 Nov 2026 13:39:50 */
	harness_talk(str_of("EHLO c.example\r\n" FROM TO "DATA\r\n.\r\n"), 0);
	snprintf(want, sizeof(want), "Received: from c.example "
	    "([192.0.2.1])\r\n\tby mx.example.org (postern) with ESMTP id ");
	assert_true(str_starts_nocase(buf_str(&fake.content), str_of(want)));
	snprintf(want, sizeof(want), "\r\n\tfor <ok@example.org>;\r\n"
	    "\tSat, 21 Nov 2026 13:39:50 +0000\r\n");
	assert_true(str_equal(str_skip(buf_str(&fake.content),
	    fake.content.len - strlen(want)), str_of(want)));
	/* two recipients shall not see each other; an odd name is a comment */
	harness_talk(str_of("HELO a(b\\c\r\n" FROM TO TO "DATA\r\n.\r\n"), 0);
	snprintf(want, sizeof(want), "Received: from [192.0.2.1] "
	    "(helo a?b?c)\r\n\tby mx.example.org (postern) with SMTP id ");
	assert_true(str_starts_nocase(buf_str(&fake.content), str_of(want)));
	assert_null(memmem(buf_data(&fake.content), fake.content.len, "for",
	    3));
	clock_let_go();
}

static void
test_envelope(void **state)
{
	(void)state;
	harness_talk(str_of(HI "MAIL FROM:<\"a b\"@B.Example> BODY=8BITMIME"
	    "\r\n" TO "RCPT TO:<no@example.org>\r\n"
	    "RCPT TO:<PostMaster>\r\n" TO "DATA\r\n.\r\n"), 0);
	assert_true(str_equal(buf_str(&fake.envelope), str_of(
	    "\"a b\"@b.example|ok@example.org|PostMaster|"
	    "ok@example.org")));
	assert_int_equal(fake.body_type, BODY_8BITMIME);
	harness_talk(str_of(HI "MAIL FROM:<>\r\n" TO "DATA\r\n.\r\n"), 0);
	assert_true(str_equal(buf_str(&fake.envelope),
	    str_of("|ok@example.org")));
	assert_int_equal(fake.body_type, BODY_7BIT);
}

static void
test_lenient_paths(void **state)
{
	(void)state;
	harness_listener.strict_envelope = false;
	harness_talk(str_of(HI "MAIL FROM: a@b.example SIZE=1\r\n"
	    "RCPT TO:  <ok@example.org>\r\nDATA\r\n.\r\n"), 0);
	assert_string_equal(harness_told(), BANNER HELO MAIL_OK RCPT_OK_REPLY
	    GO_ON QUEUED);
	assert_true(str_equal(buf_str(&fake.envelope),
	    str_of("a@b.example|ok@example.org")));
}

static void
test_pregreet(void **state)
{
	(void)state;
	harness_spoke_first = true;
	assert_string_equal(harness_talk(str_of(HI "QUIT\r\n"), 0),
	    "554 5.5.1 mx.example.org You spoke before the greeting\r\n");
}

/* A reload gives a session's listener another index, or none. */
static void
test_renumber(void **state)
{
	struct listener_conf	 l[2];
	struct conf		 new;
	struct settings		*s;

	(void)state;
	s = settings_new(&harness_conf, 0);
	assert_non_null(s);
	l[0] = l[1] = harness_listener;
	l[0].service = SERVICE_LOCAL;	/* of the same name: another one */
	new = harness_conf;
	new.listeners = l;
	new.n_listeners = 2;
	settings_renumber(&new);
	assert_int_equal(s->listener, 1);
	l[1].name = str_of("other");
	settings_renumber(&new);
	assert_int_equal(s->listener, LISTENER_NONE);
	settings_drop(&s);
	assert_null(s);
}

/* ---- what queued may answer -------------------------------------------- */

static void
test_store_results(void **state)
{
	static const char *const	 want[STORE_RESULT_N] = {
		[STORE_OK] = QUEUED,
		[STORE_NO_SPACE] = "452 4.3.1 ",
		[STORE_IO_ERROR] = "451 4.3.0 ",
		[STORE_TOO_LARGE] = "552 5.3.4 ",
		[STORE_REFUSED] = "554 5.6.0 ",
		[STORE_TEMPORARY] = "451 4.3.0 ",
	};
	const char			*told;

	(void)state;
	for (unsigned i = 0; i < STORE_RESULT_N; i++) {
		fake.store = (enum store_result)i;
		told = strstr(harness_talk(str_of(HI FROM TO
		    "DATA\r\n.\r\nDATA\r\n"), 0), GO_ON);
		assert_non_null(told);
		told += strlen(GO_ON);
		assert_memory_equal(told, want[i], strlen(want[i]));
		assert_non_null(strstr(told, "503 5.5.1 "));
	}
}

static void
test_queued_away(void **state)
{
	(void)state;
	harness_queued_stop();
	harness_talk(str_of(HI FROM TO "DATA\r\nRSET\r\n"), 0);
	assert_string_equal(harness_told(), BANNER HELO MAIL_OK
	    "451 4.3.0 <ok@example.org>: "
	    "Cannot check the recipient now, try again later\r\n"
	    "554 5.5.1 No valid recipients\r\n" OK);
	harness_queued_start();
	harness_run();
}

static void
test_lost_while_checking(void **state)
{
	(void)state;
	fake.mute = true;
	harness_connect();
	harness_send(str_of(HI FROM TO "DATA\r\nNOOP\r\n"));
	harness_run();
	assert_string_equal(harness_told(), BANNER);
	harness_queued_stop();
	harness_run();
	assert_string_equal(harness_told(), BANNER HELO MAIL_OK
	    "451 4.3.0 <ok@example.org>: "
	    "Cannot check the recipient now, try again later\r\n"
	    "554 5.5.1 No valid recipients\r\n" OK);
	harness_disconnect();
	harness_queued_start();
	harness_run();
}

/* Up to where queued has the message and has not answered. */
static void
until_commit(void)
{
	harness_connect();
	harness_send(str_of(HI FROM TO "DATA\r\n"));
	harness_run();
	fake.mute = true;
	harness_send(str_of("A: b\r\n\r\nc\r\n.\r\nNOOP\r\n"));
	harness_run();
	assert_int_equal(fake.submits, 1);
	assert_non_null(strstr(harness_told(), GO_ON));
	assert_null(strstr(harness_told(), "queued"));
	buf_reset(&harness_out);
}

static void
test_restart_stored(void **state)
{
	(void)state;
	until_commit();
	harness_queued_stop();
	fake.mute = false;
	fake.stored = true;
	harness_queued_start();
	harness_run();
	assert_string_equal(harness_told(), QUEUED OK);
	assert_int_equal(fake.asks, 1);
	assert_int_equal(fake.submits, 1);
	harness_disconnect();
}

static void
test_restart_not_stored(void **state)
{
	(void)state;
	until_commit();
	harness_queued_stop();
	fake.mute = false;
	harness_queued_start();
	harness_run();
	assert_string_equal(harness_told(), QUEUED OK);
	assert_int_equal(fake.submits, 2);
	assert_true(str_equal(content(), str_of("A: b\r\n\r\nc\r\n")));
	harness_disconnect();
}

/* A second restart while the new queued is being asked. */
static void
test_restart_twice(void **state)
{
	(void)state;
	until_commit();
	harness_queued_stop();
	harness_queued_start();
	harness_run();
	assert_int_equal(fake.asks, 1);
	harness_queued_stop();
	fake.mute = false;
	harness_queued_start();
	harness_run();
	assert_int_equal(fake.asks, 2);
	assert_int_equal(fake.submits, 2);
	assert_string_equal(harness_told(), QUEUED OK);
	harness_disconnect();
}

/* What kills queued once may be handed in again, but not a third time. */
static void
test_restart_again(void **state)
{
	(void)state;
	until_commit();
	harness_queued_stop();
	fake.mute = false;
	fake.die_on_submit = true;
	harness_queued_start();
	harness_run();
	fake.die_on_submit = false;
	assert_int_equal(fake.submits, 2);
	harness_queued_start();
	harness_run();
	assert_int_equal(fake.asks, 2);
	assert_int_equal(fake.submits, 2);
	assert_string_equal(harness_told(),
	    "451 4.3.0 Cannot store the message now\r\n" OK);
	harness_disconnect();
}

static void
test_restart_too_late(void **state)
{
	uint64_t	 now = clock_ms();

	(void)state;
	clock_hold(now, 1795268390);
	until_commit();
	harness_queued_stop();
	clock_hold(now + QUEUE_WAIT_MS - 1, 1795268390);
	usleep(120 * 1000);
	harness_run();
	assert_string_equal(harness_told(), "");
	clock_hold(now + QUEUE_WAIT_MS, 1795268390);
	usleep(120 * 1000);
	harness_run();
	assert_string_equal(harness_told(),
	    "451 4.3.0 Cannot store the message now\r\n" OK);
	harness_disconnect();
	clock_let_go();
	harness_queued_start();
	harness_run();
}

/* The client leaves while queued works. */
static void
test_client_gone(void **state)
{
	struct mail_stored	 m = { STORE_OK, STR_NONE };

	(void)state;
	until_commit();
	harness_disconnect();
	fake_say(MSG_MAIL_STORED, fake.kept_id, -1, &m);
	harness_run();
	fake.mute = false;
	harness_run();
	assert_int_equal(session_count(), 0);
	assert_non_null(harness_peer);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		HARNESS_TEST(test_dialogues),
		HARNESS_TEST(test_every_split),
		HARNESS_TEST(test_octet_by_octet),
		HARNESS_TEST(test_pipelined_costs_one_check),
		HARNESS_TEST(test_content_is_kept),
		HARNESS_TEST(test_first_is_no_fold),
		HARNESS_TEST(test_normalize),
		HARNESS_TEST(test_nul),
		HARNESS_TEST(test_trace_field),
		HARNESS_TEST(test_envelope),
		HARNESS_TEST(test_lenient_paths),
		HARNESS_TEST(test_pregreet),
		HARNESS_TEST(test_renumber),
		HARNESS_TEST(test_store_results),
		HARNESS_TEST(test_queued_away),
		HARNESS_TEST(test_lost_while_checking),
		HARNESS_TEST(test_restart_stored),
		HARNESS_TEST(test_restart_not_stored),
		HARNESS_TEST(test_restart_twice),
		HARNESS_TEST(test_restart_again),
		HARNESS_TEST(test_restart_too_late),
		HARNESS_TEST(test_client_gone),
	};

	return cmocka_run_group_tests(tests, harness_begin, NULL);
}
