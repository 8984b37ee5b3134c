/*
 * The LMTP client against scripted servers (RFC 2033), and questions, which
 * end at RCPT, in both protocols.
 */
#include "client_harness.h"

#define LHLO	">220 mx.b.test LMTP\r\n", "<LHLO mx.test\r\n"
#define PIPE	LHLO, ">250-mx.b.test\r\n250-PIPELINING\r\n250 SIZE 1000\r\n"
#define SLOW	LHLO, ">250 mx.b.test\r\n"
#define MAIL	"MAIL FROM:<s@a.test> SIZE=25\r\n"
#define GROUP	MAIL RCPT0 DATA
#define GROUP3	MAIL RCPT0 RCPT1 RCPT2 DATA
#define OK5	">250 ok\r\n250 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n"

static const struct script lmtp[] = {
	{ "one job", 1, 1, { PIPE, "<" GROUP, ">250 ok\r\n250 ok\r\n354 go\r\n",
	    "<" CONTENT, END, "Q", "<QUIT\r\n", ">221 bye\r\n" },
	    "0:D250/2.0.0 left" },
	{ "each has its reply", 1, 3, { PIPE, "<" GROUP3, OK5, "<" CONTENT,
	    ">250 2.1.5 in\r\n452 4.2.2 full\r\n550 5.2.1 never\r\n" },
	    "0:D250/2.1.5,T452/4.2.2,F550/5.2.1 idle" },
	{ "without pipelining", 1, 2, { SLOW, "<MAIL FROM:<s@a.test>\r\n",
	    ">250 ok\r\n", "<" RCPT0, ">250 ok\r\n", "<" RCPT1,
	    ">250 ok\r\n", "<" DATA, ">354 go\r\n", "<" CONTENT,
	    ">250 a\r\n", ">451 4.3.0 b\r\n" },
	    "0:D250/2.0.0,T451/4.3.0 idle" },
	{ "those refused at RCPT have none", 1, 3, { PIPE, "~", ">250 ok\r\n"
	    "250 ok\r\n550 5.1.1 who\r\n250 ok\r\n354 go\r\n", "<" CONTENT,
	    ">250 2.1.5 a\r\n552 5.2.2 c\r\n" },
	    "0:D250/2.1.5,F550/5.1.1,F552/5.2.2 idle" },
	{ "many lines", 1, 2, { PIPE, "~", ">250 ok\r\n250 ok\r\n250 ok\r\n"
	    "354 go\r\n", "~", ">250-2.1.5 one\r\n250 2.1.5 of two\r\n"
	    "250 2.1.5 b\r\n" }, "0:D250/2.1.5,D250/2.1.5 idle" },
	{ "all refused, no DATA", 1, 2, { PIPE, "~", ">250 ok\r\n"
	    "550 5.1.1 a\r\n550 5.1.1 b\r\n503 5.5.1 nobody\r\n" },
	    "0:F550/5.1.1,F550/5.1.1 idle" },
	{ "all refused, DATA taken", 1, 1, { PIPE, "~", ">250 ok\r\n"
	    "550 5.1.1 a\r\n354 go\r\n", "<" },
	    "0:F550/5.1.1 left" },
	{ "DATA refused", 1, 2, { PIPE, "~", ">250 ok\r\n250 ok\r\n"
	    "250 ok\r\n451 4.3.2 not now\r\n" },
	    "0:T451/4.3.2,T451/4.3.2 idle" },
	/* replies to one job are never taken for the next one's */
	{ "the next waits for the last reply", 2, 2, { PIPE, "~",
	    ">250 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n", "<" CONTENT,
	    ">250 a\r\n", "<", ">250 b\r\n", "<" MAIL RCPT0 RCPT1 DATA },
	    "0:D250/2.0.0,D250/2.0.0 open" },
	{ "one reply too many", 1, 2, { PIPE, "~", ">250 ok\r\n250 ok\r\n"
	    "250 ok\r\n354 go\r\n", "~", ">250 a\r\n250 b\r\n550 5.1.1 c\r\n" },
	    "0:D250/2.0.0,D250/2.0.0 left" },
	/* too few: who has an answer keeps it */
	{ "one reply too few", 1, 3, { PIPE, "~", OK5, "~",
	    ">250 2.1.5 a\r\n550 5.2.1 b\r\n", "T" },
	    "0?:D250/2.1.5,F550/5.2.1,T0/4.4.2 lost 0/4.4.2" },
	{ "closes between the replies", 2, 3, { PIPE, "~", OK5, "~",
	    ">250 2.1.5 a\r\n", "!" },
	    "0?:D250/2.1.5,T0/4.4.2,T0/4.4.2 lost 0/4.4.2" },
	{ "421 between the replies", 1, 3, { PIPE, "~", OK5, "~",
	    ">250 2.1.5 a\r\n421 4.3.2 bye\r\n" },
	    "0?:D250/2.1.5,T421/4.3.2,T421/4.3.2 lost 421/4.3.2" },
	{ "354 between the replies", 1, 2, { PIPE, "~", ">250 ok\r\n250 ok\r\n"
	    "250 ok\r\n354 go\r\n", "~", ">250 a\r\n354 what\r\n" },
	    "0?:D250/2.0.0,T0/4.5.0 lost 0/4.5.0" },
	{ "no reply at all", 1, 2, { PIPE, "~", ">250 ok\r\n250 ok\r\n"
	    "250 ok\r\n354 go\r\n", "~", "T" },
	    "0?:T0/4.4.2,T0/4.4.2 lost 0/4.4.2" },
	/* no LMTP there */
	{ "no LHLO", 1, 1, { LHLO, ">502 5.5.1 what\r\n" },
	    "refused 502/5.5.1" },
	{ "LHLO later", 1, 1, { LHLO, ">450 4.3.2 busy\r\n" },
	    "refused 450/4.3.2" },
	{ "late at LHLO", 1, 1, { LHLO, "T" }, "refused 0/4.4.2" },
};

#define ASK	"MAIL FROM:<s@a.test>\r\n" RCPT0 "RSET\r\n"
#define ASKED(replies) PIPE, "<" ASK, replies

static const struct script questions[] = {
	{ "yes", 1, 1, { ASKED(">250 ok\r\n250 2.1.5 here\r\n250 ok\r\n") },
	    "0:D250/2.1.5 idle" },
	{ "no", 1, 1, { ASKED(">250 ok\r\n550 5.1.1 who\r\n250 ok\r\n") },
	    "0:F550/5.1.1 idle" },
	{ "not now", 1, 1, { ASKED(">250 ok\r\n450 4.2.0 later\r\n"
	    "250 ok\r\n") }, "0:T450/4.2.0 idle" },
	{ "before a mail", 2, 1, { PIPE, "~", ">250 ok\r\n250 ok\r\n",
	    "~", ">250 reset\r\n", "~", ">250 ok\r\n250 ok\r\n354 go\r\n",
	    "<" CONTENT, END }, "0:D250/2.0.0 1:D250/2.0.0 idle" },
	{ "sender refused", 1, 1, { ASKED(">550 5.7.1 no bounces\r\n"
	    "503 5.5.1 no\r\n250 ok\r\n") }, "0:F550/5.7.1 idle" },
	{ "sender refused, the rest taken", 1, 1, { ASKED(">451 4.7.1 x\r\n"
	    "250 ok\r\n250 ok\r\n") }, "0:T451/4.7.1 idle" },
	{ "without pipelining", 2, 1, { SLOW, "<MAIL FROM:<s@a.test>\r\n",
	    ">250 ok\r\n", "<" RCPT0, ">550 5.1.1 who\r\n",
	    "<RSET\r\nMAIL FROM:<s@a.test>\r\n" },
	    "0:F550/5.1.1 open" },
	{ "sender refused without pipelining", 1, 1, { SLOW, "~",
	    ">550 5.7.1 no\r\n" }, "0:F550/5.7.1 idle" },
	{ "421", 1, 1, { ASKED(">250 ok\r\n421 4.3.2 bye\r\n") },
	    "0?:T421/4.3.2 lost 421/4.3.2" },
	{ "closes", 1, 1, { ASKED(">250 ok\r\n"), "!" },
	    "0?:T0/4.4.2 lost 0/4.4.2" },
	{ "too slow", 1, 1, { ASKED(">250 ok\r\n"), "T" },
	    "0?:T0/4.4.2 lost 0/4.4.2" },
};

static void
test_lmtp(void **state)
{
	(void)state;
	protocol = CLIENT_LMTP;
	play_all(lmtp, sizeof(lmtp) / sizeof(lmtp[0]));
}

static void
test_questions(void **state)
{
	(void)state;
	protocol = CLIENT_LMTP;
	question = true;
	play_all(questions, sizeof(questions) / sizeof(questions[0]));
}

/* The words are the same but for the first. */
static void
test_smtp_questions(void **state)
{
	struct script	 s;

	(void)state;
	protocol = CLIENT_SMTP;
	question = true;
	for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]);
	    i++) {
		s = questions[i];
		s.steps[1] = "<EHLO mx.test\r\n";
		play_all(&s, 1);
	}
}

static void
no_log(enum log_level level, const char *line, size_t n)
{
	(void)level, (void)line, (void)n;
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_lmtp),
		cmocka_unit_test(test_questions),
		cmocka_unit_test(test_smtp_questions),
	};

	log_set_sink(no_log);
	base = event_base_new();
	io_setup(base);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
