/*
 * Submission against a server that says what a table tells it to: exit
 * codes, transactions, failures for a time and for good, and what is said.
 */
#include "submit.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#include <cmocka.h>

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))
#define HEARD_MAX	(1 << 20)
#define RULES_MAX	6
#define EHLO(words)	"250-mx.test\r\n" words "250 HELP"

/* What is answered to lines that begin so; the first rule that fits. */
struct rule {
	int		 connection;	/* from 1; 0: any */
	const char	*line;		/* "+": the greeting, ".": the end */
	const char	*reply;		/* NULL: the connection is closed */
};

static const struct rule	 usual[] = {
	{ 0, "+", "220 mx.test" },
	{ 0, "EHLO", EHLO("250-SIZE 1000\r\n250-8BITMIME\r\n") },
	{ 0, "DATA", "354 go on" },
	{ 0, "QUIT", "221 2.0.0 bye" },
	{ 0, "", "250 2.0.0 Ok" },
};

static char	 directory[] = "/tmp/test-sendmail-XXXXXX";
static char	 path[64];

/* ---- the server, in a child -------------------------------------------- */

static const char *
reply_to(const struct rule *rules, size_t n, int connection,
    const char *line)
{
	for (size_t i = 0; i < n && rules[i].line != NULL; i++)
		if ((rules[i].connection == 0 ||
		    rules[i].connection == connection) &&
		    strncmp(rules[i].line, line, strlen(rules[i].line)) == 0)
			return rules[i].reply;
	return rules == usual ? "" : reply_to(usual, COUNT(usual),
	    connection, line);
}

static bool
answer(FILE *f, const struct rule *rules, int connection, const char *line)
{
	const char	*reply = reply_to(rules, RULES_MAX, connection, line);

	if (reply == NULL)
		return false;
	fprintf(f, "%s\r\n", reply);
	fflush(f);
	return strncmp(reply, "421", 3) != 0;
}

static void
converse(int fd, int heard, const struct rule *rules, int connection)
{
	FILE		*f = fdopen(fd, "r+");
	char		 line[4096];
	const char	*go_on;
	bool		 more = answer(f, rules, connection, "+");
	bool		 data = false;

	while (more && fgets(line, sizeof(line), f) != NULL) {
		dprintf(heard, "%s", line);
		if (data && strcmp(line, ".\r\n") != 0)
			continue;
		go_on = reply_to(rules, RULES_MAX, connection, line);
		data = go_on != NULL && strncmp(go_on, "354", 3) == 0;
		more = answer(f, rules, connection, line);
	}
	fclose(f);
}

/* Its pid; what it hears can be read from *heard when it is gone. */
static pid_t
serve(const struct rule *rules, int *heard)
{
	struct sockaddr_un	 sun = { .sun_family = AF_UNIX };
	int			 fd, fds[2];
	pid_t			 pid;

	unlink(path);
	strcpy(sun.sun_path, path);
	assert_true((fd = socket(AF_UNIX, SOCK_STREAM, 0)) != -1);
	assert_int_equal(bind(fd, (struct sockaddr *)&sun, sizeof(sun)), 0);
	assert_int_equal(listen(fd, 10), 0);
	assert_int_equal(pipe(fds), 0);
	if ((pid = fork()) == 0) {
		signal(SIGPIPE, SIG_IGN);
		for (int i = 1;; i++)
			converse(accept(fd, NULL, NULL), fds[1], rules, i);
	}
	close(fd);
	close(fds[1]);
	*heard = fds[0];
	return pid;
}

/* ---- the client -------------------------------------------------------- */

static void
set_message(struct message *m, const char *header, const char *body)
{
	message_init(m);
	buf_puts(&m->header, header);
	assert_int_equal(spill_put(&m->body, str_of(body)), 0);
	assert_int_equal(spill_rewind(&m->body), 0);
}

static int
quietly(const struct submission *s)
{
	int	 saved = dup(2), null = open("/dev/null", O_WRONLY), code;

	dup2(null, 2);
	code = submit(s);
	dup2(saved, 2);
	close(saved);
	close(null);
	return code;
}

static int
submit_to(const struct rule *rules, const char *rcpts, struct options *o,
    struct buf *heard)
{
	struct message		 m;
	struct recipients	 r;
	struct submission	 s = { .options = o,
				    .caller = { STR("me"), STR_NONE },
				    .sender = { STR("me"), STR_NONE },
				    .message = &m, .recipients = &r };
	pid_t			 pid;
	int			 fd, code;
	ssize_t			 n;

	o->socket = path;
	set_message(&m, "From: a@b.test\r\nDate: x\r\nMessage-ID: <y>\r\n",
	    "body\r\n.\r\n.dot\r\n");
	recipients_init(&r);
	recipients_add(&r, str_of(rcpts));
	pid = serve(rules, &fd);
	code = quietly(&s);
	kill(pid, SIGTERM);
	waitpid(pid, NULL, 0);
	buf_reset(heard);
	while ((n = read(fd, buf_room(heard, 65536), 65536)) > 0)
		buf_added(heard, (size_t)n);
	buf_putc(heard, '\0');
	close(fd);
	message_clear(&m);
	recipients_clear(&r);
	return code;
}

/* ---- tests ------------------------------------------------------------- */

#define CONTENT	"From: a@b.test\r\nDate: x\r\nMessage-ID: <y>\r\n\r\n"	\
		"body\r\n..\r\n..dot\r\n.\r\n"

static void
test_what_is_said(void **state)
{
	static const struct rule	 rules[RULES_MAX] = { { 0, NULL, NULL } };
	struct options			 o = { .notify = "NEVER",
					    .ret = "HDRS", .envid = "x" };
	struct buf			 heard = BUF_INIT(HEARD_MAX);

	(void)state;
	assert_int_equal(submit_to(rules, "you, b@c.test, you@mx.test", &o,
	    &heard), EX_OK);
	assert_string_equal(buf_data(&heard), "EHLO localhost\r\n"
	    "MAIL FROM:<me@mx.test> SIZE=59\r\n"
	    "RCPT TO:<you@mx.test>\r\nRCPT TO:<b@c.test>\r\n"
	    "DATA\r\n" CONTENT "QUIT\r\n");
	buf_clear(&heard);
}

static void
test_dsn(void **state)
{
	static const struct rule	 rules[RULES_MAX] = {
		{ 0, "EHLO", EHLO("250-DSN\r\n") }
	};
	struct options			 o = { .notify = "DELAY,FAILURE",
					    .ret = "FULL", .envid = "a+b c" };
	struct buf			 heard = BUF_INIT(HEARD_MAX);

	(void)state;
	assert_int_equal(submit_to(rules, "x+y@b.test", &o, &heard), EX_OK);
	assert_non_null(strstr(buf_data(&heard),
	    "MAIL FROM:<me@mx.test> RET=FULL ENVID=a+2Bb+20c\r\n"
	    "RCPT TO:<x+y@b.test> NOTIFY=DELAY,FAILURE "
	    "ORCPT=rfc822;x+2By@b.test\r\n"));
	buf_clear(&heard);
}

static const struct {
	const char	*rcpts;
	struct rule	 rules[RULES_MAX];
	int		 code;
	unsigned	 messages;	/* contents that were sent */
	unsigned	 connections;
} cases[] = {
	/* for good */
	{ "a", { { 0, "+", "554 5.3.2 no" } }, EX_UNAVAILABLE, 0, 0 },
	{ "a", { { 0, "EHLO", "550 no" } }, EX_UNAVAILABLE, 0, 1 },
	{ "a", { { 0, "EHLO", "250 what?" } }, EX_PROTOCOL, 0, 1 },
	{ "a", { { 0, "MAIL", "553 5.1.7 no" } }, EX_DATAERR, 0, 1 },
	{ "a", { { 0, "MAIL", "552 5.3.4 no" } }, EX_DATAERR, 0, 1 },
	{ "a", { { 0, "RCPT", "550 5.1.1 no" } }, EX_NOUSER, 0, 1 },
	{ "a", { { 0, "RCPT", "550 5.1.2 no" } }, EX_NOHOST, 0, 1 },
	{ "a", { { 0, "RCPT", "554 5.7.1 no" } }, EX_UNAVAILABLE, 0, 1 },
	{ "a", { { 0, "RCPT", "550 no" } }, EX_UNAVAILABLE, 0, 1 },
	{ "a", { { 0, "DATA", "554 5.5.1 no" } }, EX_PROTOCOL, 0, 1 },
	{ "a", { { 0, ".", "550 5.6.0 no" } }, EX_DATAERR, 1, 1 },
	{ "a", { { 0, ".", "554 5.7.1 no" } }, EX_UNAVAILABLE, 1, 1 },
	/* the others get it */
	{ "a,b,c", { { 0, "RCPT TO:<b@", "550 5.1.1 no" } }, EX_NOUSER,
	    1, 1 },
	/* for a time, and for longer than we wait */
	{ "a", { { 1, "+", "421 4.3.2 no" } }, EX_OK, 1, 1 },
	{ "a", { { 1, "MAIL", "451 4.3.0 no" } }, EX_OK, 1, 2 },
	{ "a,b", { { 1, "RCPT TO:<b@", "451 no" } }, EX_OK, 1, 2 },
	{ "a", { { 1, "DATA", "421 4.3.2 no" } }, EX_OK, 1, 2 },
	{ "a", { { 1, ".", "452 4.3.1 no" } }, EX_OK, 2, 2 },
	{ "a", { { 1, "EHLO", NULL } }, EX_OK, 1, 2 },
	{ "a", { { 1, "DATA", NULL } }, EX_OK, 1, 2 },
	{ "a", { { 1, ".", NULL } }, EX_OK, 2, 2 },
	{ "a", { { 1, "MAIL", "what" } }, EX_OK, 1, 2 },
	{ "a", { { 0, "RCPT", "451 4.3.0 no" } }, EX_TEMPFAIL, 0, 0 },
	{ "a", { { 0, "MAIL", NULL } }, EX_TEMPFAIL, 0, 0 },
	/* refused once is refused, taken once is taken */
	{ "a,b,c", { { 1, "RCPT TO:<a@", "550 5.1.1 no" },
	    { 2, "RCPT TO:<a@", NULL }, { 1, "DATA", NULL } }, EX_NOUSER,
	    1, 2 },
	{ "a,b,c", { { 0, "EHLO", EHLO("250-LIMITS RCPTMAX=2\r\n") },
	    { 1, "RCPT TO:<c@", NULL }, { 2, "RCPT TO:<a@", NULL },
	    { 2, "RCPT TO:<b@", NULL } }, EX_OK, 2, 2 },
	{ "a,b,c", { { 0, "EHLO", EHLO("250-LIMITS RCPTMAX=1\r\n") } },
	    EX_OK, 3, 1 },
	/* RFC 5321 4.5.3.1.10: with the next transaction */
	{ "a,b,c", { { 1, "RCPT TO:<c@", "452 4.5.3 no" } }, EX_OK, 2, 2 },
};

static unsigned
count(const char *text, const char *what)
{
	unsigned	 n = 0;

	for (; (text = strstr(text, what)) != NULL; text += strlen(what))
		n++;
	return n;
}

static void
test_cases(void **state)
{
	struct options	 o = { .wait_s = 5 };
	struct buf	 heard = BUF_INIT(HEARD_MAX);

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		int	 code;

		o.wait_s = cases[i].code == EX_TEMPFAIL ? 0 : 5;
		code = submit_to(cases[i].rules, cases[i].rcpts, &o, &heard);
		if (code != cases[i].code)
			fail_msg("case %zu: %d\n%s", i, code,
			    buf_data(&heard));
		assert_int_equal(count(buf_data(&heard), CONTENT),
		    cases[i].messages);
		if (cases[i].connections != 0)
			assert_int_equal(count(buf_data(&heard), "EHLO"),
			    cases[i].connections);
	}
	buf_clear(&heard);
}

static void
test_nobody_there(void **state)
{
	struct options		 o = { .socket = path, .wait_s = 0 };
	struct message		 m;
	struct recipients	 r;
	struct submission	 s = { .options = &o, .message = &m,
				    .recipients = &r };
	char			 long_path[300] = "";

	(void)state;
	set_message(&m, "", "");
	recipients_init(&r);
	unlink(path);
	assert_int_equal(quietly(&s), EX_TEMPFAIL);
	o.socket = directory;
	assert_int_equal(quietly(&s), EX_TEMPFAIL);
	memset(long_path, 'x', sizeof(long_path) - 1);
	o.socket = long_path;
	assert_int_equal(quietly(&s), EX_TEMPFAIL);
	message_clear(&m);
	recipients_clear(&r);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(test_what_is_said),
		cmocka_unit_test(test_dsn),
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_nobody_there),
	};
	int			 failed;

	if (mkdtemp(directory) == NULL)
		return 1;
	snprintf(path, sizeof(path), "%s/submit", directory);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(path);
	rmdir(directory);
	return failed;
}
