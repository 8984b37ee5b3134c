/*
 * The SMTP client against scripted servers.
 */
#include "client_harness.h"

/* ---- the scripts ------------------------------------------------------- */

#define EHLO	">220 mx.b.test ESMTP\r\n", "<EHLO mx.test\r\n"
#define PIPE	EHLO, ">250-mx.b.test\r\n250-PIPELINING\r\n250 SIZE 1000\r\n"
#define SLOW	EHLO, ">250 mx.b.test\r\n"
#define MAIL	"MAIL FROM:<s@a.test> SIZE=25\r\n"
#define GROUP	MAIL RCPT0 DATA
#define OK3	">250 ok\r\n250 ok\r\n354 go\r\n"

static const struct script scripts[] = {
	/* as it should be */
	{ "one job", 1, 1, { PIPE, "<" GROUP, OK3, "<" CONTENT, END },
	    "0:D250/2.0.0 idle" },
	{ "quit", 1, 1, { PIPE, "~", OK3, "~", END, "Q", "<QUIT\r\n",
	    ">221 bye\r\n" }, "0:D250/2.0.0 left" },
	{ "no job", 0, 1, { PIPE, "Q", "<QUIT\r\n", ">221 bye\r\n" }, "left" },
	{ "job later", 0, 1, { PIPE, "J", "<" GROUP, OK3, "<" CONTENT, END },
	    "0:D250/2.0.0 idle" },
	{ "end and next in one write", 2, 1, { PIPE, "<" GROUP, OK3,
	    "<" CONTENT GROUP, ">250 one\r\n250 ok\r\n250 ok\r\n354 go\r\n",
	    "<" CONTENT, END }, "0:D250/2.0.0 1:D250/2.0.0 idle" },
	{ "next comes while the end is awaited", 1, 1, { PIPE, "~", OK3,
	    "<" CONTENT, "J", "<" GROUP, END, OK3, "<" CONTENT, END },
	    "0:D250/2.0.0 1:D250/2.0.0 idle" },
	{ "without pipelining", 1, 2, { SLOW,
	    "<MAIL FROM:<s@a.test>\r\n", ">250 ok\r\n", "<" RCPT0,
	    ">250 ok\r\n", "<" RCPT1, ">250 ok\r\n", "<" DATA, ">354 go\r\n",
	    "<" CONTENT, END }, "0:D250/2.0.0,D250/2.0.0 idle" },
	{ "two without pipelining", 2, 1, { SLOW, "~", ">250 ok\r\n", "~",
	    ">250 ok\r\n", "~", ">354 go\r\n", "<" CONTENT, ">250 one\r\n",
	    "<MAIL FROM:<s@a.test>\r\n", ">450 no\r\n" },
	    "0:D250/2.0.0 1:T450/4.0.0 idle" },
	{ "HELO", 1, 1, { EHLO, ">500 what\r\n", "<HELO mx.test\r\n",
	    ">250 hello\r\n", "<MAIL FROM:<s@a.test>\r\n" }, "open" },
	{ "EHLO 502", 1, 1, { EHLO, ">502 no\r\n", "<HELO mx.test\r\n" },
	    "open" },
	{ "many lines", 1, 1, { ">220-mx\r\n220-of\r\n220 ours\r\n",
	    "<EHLO mx.test\r\n" }, "open" },
	{ "LF alone", 1, 1, { ">220 mx\n", "<EHLO mx.test\r\n",
	    ">250-mx\n250 PIPELINING\n", "<MAIL FROM:<s@a.test>\r\n" RCPT0
	    DATA }, "open" },
	/* no to some, and no to all */
	{ "one of three refused", 1, 3, { PIPE, "<" MAIL RCPT0 RCPT1 RCPT2
	    DATA, ">250 ok\r\n250 ok\r\n550 5.1.1 who\r\n450 4.2.0 later\r\n"
	    "354 go\r\n", "<" CONTENT, END },
	    "0:D250/2.0.0,F550/5.1.1,T450/4.2.0 idle" },
	{ "552 is 452", 1, 2, { PIPE, "~", ">250 ok\r\n250 ok\r\n"
	    "552 too many\r\n354 go\r\n", "~", END },
	    "0:D250/2.0.0,T552/4.0.0 idle" },
	{ "all refused, DATA too", 1, 2, { PIPE, "~", ">250 ok\r\n"
	    "550 5.1.1 a\r\n551 b\r\n503 none\r\n" },
	    "0:F550/5.1.1,F551/5.0.0 idle" },
	{ "all refused, DATA taken", 2, 1, { PIPE, "~", ">250 ok\r\n"
	    "550 5.1.1 a\r\n354 go\r\n", "<.\r\n" GROUP,
	    ">250 empty\r\n", OK3, "<" CONTENT, END },
	    "0:F550/5.1.1 1:D250/2.0.0 idle" },
	{ "all refused, DATA taken, the empty one refused", 1, 1, { PIPE,
	    "~", ">250 ok\r\n550 a\r\n354 go\r\n", "<.\r\n",
	    ">554 nothing there\r\n" }, "0:F550/5.0.0 idle" },
	{ "all refused without pipelining", 2, 1, { SLOW, "~", ">250 ok\r\n",
	    "<" RCPT0, ">550 5.1.1 no\r\n",
	    "<RSET\r\nMAIL FROM:<s@a.test>\r\n" }, "0:F550/5.1.1 open" },
	{ "sender refused", 1, 2, { PIPE, "~", ">553 5.1.8 you\r\n"
	    "503 no\r\n503 no\r\n503 no\r\n" },
	    "0:F553/5.1.8,F553/5.1.8 idle" },
	{ "sender refused, the rest taken", 1, 1, { PIPE, "~",
	    ">451 4.7.1 you\r\n250 ok\r\n354 go\r\n", "<.\r\n",
	    ">250 empty\r\n" }, "0:T451/4.7.1 idle" },
	{ "sender refused without pipelining", 1, 1, { SLOW, "~",
	    ">550 5.7.1 you\r\n", "<" }, "0:F550/5.7.1 idle" },
	{ "RSET behind a failure", 2, 1, { PIPE, "~", ">250 ok\r\n"
	    "550 a\r\n503 none\r\n", "<RSET\r\n" GROUP,
	    ">250 reset\r\n", OK3, "<" CONTENT, END },
	    "0:F550/5.0.0 1:D250/2.0.0 idle" },
	{ "DATA refused", 1, 2, { PIPE, "~", ">250 ok\r\n250 ok\r\n"
	    "550 5.1.1 b\r\n451 4.3.2 not now\r\n" },
	    "0:T451/4.3.2,F550/5.1.1 idle" },
	{ "message refused", 1, 2, { PIPE, "~", ">250 ok\r\n250 ok\r\n"
	    "550 b\r\n354 go\r\n", "~", ">554 5.7.1 spam\r\n" },
	    "0:F554/5.7.1,F550/5.0.0 idle" },
	{ "message refused for now, the next goes", 2, 1, { PIPE, "~", OK3,
	    "~", ">452 4.3.1 full\r\n", OK3, "<" CONTENT, END },
	    "0:T452/4.3.1 1:D250/2.0.0 idle" },
	/* not welcome */
	{ "greeting 554", 1, 1, { ">554 5.7.1 go away\r\n" },
	    "refused 554/5.7.1" },
	{ "greeting 421", 1, 1, { ">421 busy\r\n" }, "refused 421/4.0.0" },
	{ "greeting 450", 1, 1, { ">450 4.3.2 busy\r\n" },
	    "refused 450/4.3.2" },
	{ "greeting 354", 1, 1, { ">354 go\r\n" }, "refused 0/4.5.0" },
	{ "EHLO 421", 1, 1, { EHLO, ">421 4.3.2 bye\r\n" },
	    "refused 421/4.3.2" },
	{ "EHLO and HELO refused", 1, 1, { EHLO, ">550 no\r\n",
	    "<HELO mx.test\r\n", ">550 5.5.0 no\r\n" }, "refused 550/5.5.0" },
	{ "closes at once", 1, 1, { "!" }, "refused 0/4.4.2" },
	{ "closes after EHLO", 1, 1, { EHLO, "!" }, "refused 0/4.4.2" },
	{ "silent", 1, 1, { "T" }, "refused 0/4.4.2" },
	/* 421 and losses, anywhere */
	{ "421 to MAIL, first job", 1, 1, { PIPE, "~", ">421 bye\r\n" },
	    "0?:T421/4.0.0 lost 421/4.0.0" },
	{ "421 to MAIL, second job", 2, 1, { PIPE, "~", OK3, "~", END,
	    ">421 4.7.0 enough\r\n" },
	    "0:D250/2.0.0 1:back lost 421/4.7.0" },
	{ "421 to RCPT", 1, 2, { PIPE, "~", ">250 ok\r\n550 5.1.1 a\r\n"
	    "421 4.3.2 bye\r\n" },
	    "0?:F550/5.1.1,T421/4.3.2 lost 421/4.3.2" },
	{ "421 to DATA", 1, 1, { PIPE, "~", ">250 ok\r\n250 ok\r\n"
	    "421 4.3.2 bye\r\n" }, "0?:T421/4.3.2 lost 421/4.3.2" },
	{ "421 to the message", 2, 1, { PIPE, "~", OK3, "~",
	    ">421 4.3.0 bye\r\n" },
	    "0:T421/4.3.0 1:back lost 421/4.3.0" },
	{ "421 while idle", 1, 1, { PIPE, "~", OK3, "~", END,
	    ">421 4.4.2 idle\r\n" }, "0:D250/2.0.0 left" },
	{ "closes while idle", 1, 1, { PIPE, "~", OK3, "~", END, "!" },
	    "0:D250/2.0.0 left" },
	{ "closes in MAIL, first job", 1, 1, { PIPE, "!" },
	    "0?:T0/4.4.2 lost 0/4.4.2" },
	{ "closes after the dot", 2, 1, { PIPE, "~", OK3, "<" CONTENT GROUP,
	    "!" }, "0?:T0/4.4.2 1:back lost 0/4.4.2" },
	{ "closes after the first of two", 2, 1, { PIPE, "~", OK3, "~", END,
	    "!" }, "0:D250/2.0.0 1:back lost 0/4.4.2" },
	{ "late after the dot", 1, 2, { PIPE, "~", ">250 ok\r\n250 ok\r\n"
	    "550 5.1.1 b\r\n354 go\r\n", "<" CONTENT, "T" },
	    "0?:T0/4.4.2,F550/5.1.1 lost 0/4.4.2" },
	{ "late at QUIT", 0, 1, { PIPE, "Q", "T" }, "left" },
	{ "abort unanswered", 1, 1, { PIPE, "A" }, "0:back lost 0/4.3.2" },
	{ "abort after the dot", 1, 1, { PIPE, "~", OK3, "A" },
	    "0?:T0/4.3.2 lost 0/4.3.2" },
	/* nonsense */
	{ "not SMTP", 1, 1, { ">SSH-2.0-OpenSSH_9.2\r\n" },
	    "refused 0/4.5.0" },
	{ "HTTP", 1, 1, { EHLO, ">HTTP/1.1 400 Bad Request\r\n" },
	    "refused 0/4.5.0" },
	{ "code out of range", 1, 1, { ">999 hello\r\n" },
	    "refused 0/4.5.0" },
	{ "empty line", 1, 1, { ">\r\n" }, "refused 0/4.5.0" },
	{ "codes differ", 1, 1, { ">220-a\r\n554 b\r\n" },
	    "refused 0/4.5.0" },
	{ "control octets in a reply", 1, 1, { PIPE, "~", OK3, "~",
	    ">250 \001\033[2Jok\r\r\n" }, "0:D250/2.0.0 idle" },
	{ "250 to DATA", 1, 1, { PIPE, "~", ">250 ok\r\n250 ok\r\n"
	    "250 ok\r\n" }, "0?:T0/4.5.0 lost 0/4.5.0" },
	{ "354 to MAIL", 1, 1, { PIPE, "~", ">354 go\r\n" },
	    "0?:T0/4.5.0 lost 0/4.5.0" },
	{ "354 to the message", 1, 1, { PIPE, "~", OK3, "~", ">354 go\r\n" },
	    "0?:T0/4.5.0 lost 0/4.5.0" },
	{ "a reply too many", 1, 1, { PIPE, "~", OK3, "~", END,
	    ">250 and again\r\n" }, "0:D250/2.0.0 left" },
	{ "wrong enhanced code", 1, 1, { PIPE, "~", OK3, "~",
	    ">250 5.1.1 odd\r\n" }, "0:D250/2.0.0 idle" },
	/* what the server states */
	{ "too large", 2, 1, { EHLO, ">250-mx\r\n250 SIZE 24\r\n", "<" },
	    "0:F0/5.3.4 1:F0/5.3.4 idle" },
	{ "LIMITS RCPTMAX", 1, 3, { EHLO, ">250-mx\r\n250-PIPELINING\r\n"
	    "250 LIMITS RCPTMAX=2\r\n", "<MAIL FROM:<s@a.test>\r\n" RCPT0
	    RCPT1 DATA, ">250 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n", "~",
	    END }, "0:D250/2.0.0,D250/2.0.0,R0/ idle" },
	{ "LIMITS MAILMAX", 2, 1, { EHLO, ">250-mx\r\n250-PIPELINING\r\n"
	    "250 LIMITS MAILMAX=1\r\n", "~", OK3, "<" CONTENT, END, "Q",
	    "<QUIT\r\n", ">221 bye\r\n" }, "0:D250/2.0.0 left" },
};

static void
test_scripts(void **state)
{
	(void)state;
	play_all(scripts, sizeof(scripts) / sizeof(scripts[0]));
}

/* ---- floods ------------------------------------------------------------ */

static void
flood(const char *line, size_t n, const char *outcome)
{
	struct run	 r;

	begin(&r);
	r.rcpts = 1;
	add_job(&r);
	for (size_t i = 0; i < n && r.client != NULL; i++)
		server_says(&r, line, strlen(line));
	assert_string_equal(r.outcome, outcome);
	finish(&r);
}

static void
test_floods(void **state)
{
	(void)state;
	/* an endless greeting, a line of 1 MB, a reply of 10^5 lines */
	flood("220-mx.b.test says hello\r\n", 100000, "refused 0/4.5.0");
	flood("220 aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
	    20000, "refused 0/4.5.0");
	flood("2", 100000, "refused 0/4.5.0");
}

static void
test_nul(void **state)
{
	static const char	 text[] = "220 a\0b\r\n";
	struct run		 r;

	(void)state;
	begin(&r);
	server_says(&r, text, sizeof(text) - 1);
	check_said(&r, "EHLO mx.test\r\n", "NUL");
	finish(&r);
}

/* ---- other content ----------------------------------------------------- */

static int
body_file(size_t n)
{
	static const char	 line[] = ".a line that begins with a dot\r\n";
	char			 name[] = "/tmp/test_client.XXXXXX";
	int			 fd = mkstemp(name);

	assert_true(fd != -1);
	unlink(name);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(write(fd, line, sizeof(line) - 1),
		    (ssize_t)(sizeof(line) - 1));
	return fd;
}

static void
open_pipelined(struct run *r)
{
	static const char *const	steps[] = { PIPE };
	size_t				at = 0;

	begin(r);
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		step(r, steps[i], 0, &at, "open");
	buf_reset(&r->said);
}

/* A body of some megabytes goes in pieces as the server takes it. */
static void
test_file(void **state)
{
	const size_t	 lines = 100000, line = 32;
	struct run	 r;
	struct job	 j = job;
	struct task	*t;

	(void)state;
	begin(&r);
	r.rcpts = 1;
	j.body = STR_NONE;
	j.size = sizeof(header) - 1 + lines * line;
	t = make_task(&j, body_file(lines), 1);
	TAILQ_INSERT_TAIL(&r.tasks, t, entry);
	server_says(&r, "220 mx\r\n", 8);
	server_says(&r, "250-mx\r\n250 PIPELINING\r\n", 24);
	buf_reset(&r.said);
	server_says(&r, "250 ok\r\n250 ok\r\n354 go\r\n", 24);
	pump(&r);
	assert_int_equal(r.said.len, sizeof(header) - 1 +
	    lines * (line + 1) + 3);
	assert_memory_equal(buf_data(&r.said) + r.said.len - 7,
	    "ot\r\n.\r\n", 7);
	server_says(&r, "250 ok\r\n", 8);
	assert_string_equal(r.outcome, "0:D250/2.0.0 ");
	finish(&r);
}

/* Cut short after it was taken: no dot, and the connection goes. */
static void
test_file_cut(void **state)
{
	struct run	 r;
	struct job	 j = job;
	struct task	*t;
	int		 fd = body_file(30);

	(void)state;
	open_pipelined(&r);
	j.body = STR_NONE;
	j.size = sizeof(header) - 1 + 30 * 32;
	t = make_task(&j, fd, 1);
	assert_int_equal(ftruncate(fd, 500), 0);
	TAILQ_INSERT_TAIL(&r.tasks, t, entry);
	client_wake(r.client);
	pump(&r);
	server_says(&r, "250 ok\r\n250 ok\r\n354 go\r\n", 24);
	assert_string_equal(r.outcome, "0?:T0/4.3.0 lost 0/4.3.0");
	assert_true(r.said.len < 2000);
	finish(&r);
}

static void
test_file_of_other_size(void **state)
{
	struct job	 j = job;
	struct job_rcpt	 rcpt = { .rcpt.address = STR("r0@b.test") };
	struct result	*result;

	(void)state;
	j.rcpts = &rcpt;
	j.n_rcpts = 1;
	j.body = STR_NONE;
	j.size = 4711;
	result = result_new(&j);
	assert_null(task_new(&j, body_file(1), result));
	result_free(result);
}

/* Bare CR and LF never go out, wherever they come from. */
static void
test_smuggling(void **state)
{
	struct run	 r;
	struct job	 j = job;
	struct task	*t;

	(void)state;
	open_pipelined(&r);
	j.body = (struct str)STR("a\n.\nb\r.\rc\r\n.\r\nMAIL");
	j.size = j.header.n + j.body.n;
	t = make_task(&j, -1, 1);
	TAILQ_INSERT_TAIL(&r.tasks, t, entry);
	client_wake(r.client);
	pump(&r);
	buf_reset(&r.said);
	server_says(&r, "250 ok\r\n250 ok\r\n354 go\r\n", 24);
	check_said(&r, "Subject: x\r\n\r\na\r\n..\r\nb\r\n..\r\nc\r\n..\r\n"
	    "MAIL\r\n.\r\n", "smuggling");
	finish(&r);
}

static void
check_command(const char *caps, const struct job *j, const char *said,
    const char *outcome)
{
	struct run	 r;
	struct task	*t = make_task(j, -1, 1);

	begin(&r);
	TAILQ_INSERT_TAIL(&r.tasks, t, entry);
	server_says(&r, "220 mx\r\n", 8);
	buf_reset(&r.said);
	server_says(&r, caps, strlen(caps));
	check_said(&r, said, "command");
	assert_string_equal(r.outcome, outcome);
	finish(&r);
}

static unsigned	 n_8bit_logged;

static void
test_parameters(void **state)
{
	struct job_rcpt	 rcpt = { .rcpt = {
		.address = STR("r0@b.test"),
		.notify = NOTIFY_SUCCESS | NOTIFY_DELAY,
		.orcpt_type = STR("rfc822"), .orcpt = STR("a+b@c.test"),
	} };
	struct job	 j = job;

	(void)state;
	j.rcpts = &rcpt;
	j.n_rcpts = 1;
	j.body_type = BODY_8BITMIME;
	j.ret = RET_HDRS;
	j.envid = (struct str)STR("id=1");
	check_command("250-mx\r\n250-8BITMIME\r\n250 DSN\r\n", &j,
	    "MAIL FROM:<s@a.test> BODY=8BITMIME RET=HDRS ENVID=id+3D1\r\n",
	    "");
	check_command("250-mx\r\n250-PIPELINING\r\n250 DSN\r\n", &j,
	    "MAIL FROM:<s@a.test> RET=HDRS ENVID=id+3D1\r\n"
	    "RCPT TO:<r0@b.test> NOTIFY=SUCCESS,DELAY "
	    "ORCPT=rfc822;a+2Bb@c.test\r\nDATA\r\n", "");
	log_set_level(LEVEL_DEBUG);
	n_8bit_logged = 0;
	check_command("250 mx\r\n", &j, "MAIL FROM:<s@a.test>\r\n", "");
	assert_int_equal(n_8bit_logged, 1);
	j.body_type = BODY_7BIT;
	check_command("250 mx\r\n", &j, "MAIL FROM:<s@a.test>\r\n", "");
	assert_int_equal(n_8bit_logged, 1);
	log_set_level(LEVEL_INFO);
	j.sender = STR_NONE;
	check_command("250 mx\r\n", &j, "MAIL FROM:<>\r\n", "");
}

/* Addresses that could be read as something else are never said. */
static void
test_unsayable(void **state)
{
	struct job_rcpt	 rcpt = { .rcpt.address =
			    STR("a@b.test>\r\nRCPT TO:<c@d.test") };
	struct job	 j = job;

	(void)state;
	j.rcpts = &rcpt;
	j.n_rcpts = 1;
	check_command("250 mx\r\n", &j, "", "0:F0/5.1.3 ");
	rcpt.rcpt.address = (struct str)STR("\303\244@b.test");
	check_command("250 mx\r\n", &j, "", "0:F0/5.1.3 ");
	j.utf8 = true;
	check_command("250 mx\r\n", &j, "", "0:F0/5.6.7 ");
	check_command("250-mx\r\n250 SMTPUTF8\r\n", &j,
	    "MAIL FROM:<s@a.test> SMTPUTF8\r\n", "");
	/* it said that it needs it, but does not */
	rcpt.rcpt.address = (struct str)STR("r0@b.test");
	check_command("250 mx\r\n", &j, "MAIL FROM:<s@a.test>\r\n", "");
	j.sender = (struct str)STR("a@b\nc");
	check_command("250 mx\r\n", &j, "", "0:F0/5.1.7 ");
}

static void
count_log(enum log_level level, const char *line, size_t n)
{
	(void)level;
	n_8bit_logged += memmem(line, n, "8BITMIME", 8) != NULL;
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_scripts),
		cmocka_unit_test(test_floods),
		cmocka_unit_test(test_nul),
		cmocka_unit_test(test_file),
		cmocka_unit_test(test_file_cut),
		cmocka_unit_test(test_file_of_other_size),
		cmocka_unit_test(test_smuggling),
		cmocka_unit_test(test_parameters),
		cmocka_unit_test(test_unsayable),
	};

	log_set_sink(count_log);
	base = event_base_new();
	io_setup(base);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
