/*
 * A client of SMTP or LMTP against a scripted server: each script is run as
 * it stands, with the server's octets one at a time, and with one split at
 * every place.  For test programs of one file each, so it is all here.
 *
 * Steps of a script: ">text" the server says; "<text" the client must have
 * said exactly this; "~" what the client said is dropped; "!" the server
 * closes; "T" the deadline passes; "Q" the owner has the idle client leave;
 * "A" the owner aborts; "J" one more job is at hand; "Stext" the server
 * says that, and begins with TLS.
 *
 * What became of it is a line: each job as it ended, with a letter for each
 * recipient (Delivered, Temporary, Failed, Returned) and its codes; "back"
 * for a job given back; then how the conversation stands.
 */
#ifndef CLIENT_HARNESS_H
#define CLIENT_HARNESS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <event2/event.h>

#include <sys/socket.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "client.h"
#include "log.h"
#include "task.h"

#define STEPS_MAX	24
#define SAID_MAX	131072

struct script {
	const char	*name;
	unsigned	 jobs, rcpts;
	const char	*steps[STEPS_MAX];
	const char	*outcome;
};

/* of all scripts */
static enum client_protocol	 protocol;
static struct client_wish	 wish;
static bool			 question;	/* the first job is one */

static struct event_base	*base;
static struct conf		 conf = {
	.hostname = STR("mx.test"),
	.greeting_timeout_ms = 300000, .helo_timeout_ms = 300000,
	.mail_timeout_ms = 300000, .rcpt_timeout_ms = 300000,
	.data_start_timeout_ms = 120000, .data_block_timeout_ms = 180000,
	.data_end_timeout_ms = 600000, .quit_timeout_ms = 5000,
};

/* One run: the owner of the client, and the server. */
struct run {
	struct smtp_client	*client;
	struct io		*io;
	int			 server;
	struct task_list	 tasks;
	unsigned		 n_jobs;
	unsigned		 rcpts;
	struct buf		 said;		/* by the client */
	char			 outcome[1024];
	bool			 idle;
};

/* TLS at the server's end, where a test has it: test_client_tls.c */
static struct tls_client	*(*harness_tls)(void);
static const char		*(*harness_login)(struct run *);
static void			(*server_tls)(struct run *, const char *);
static ssize_t			(*server_recv)(int, void *, size_t, int) = recv;
static ssize_t			(*server_send)(int, const void *, size_t, int) =
				    send;

static void
note(struct run *r, const char *fmt, ...)
{
	size_t	 n = strlen(r->outcome);
	va_list	 ap;

	va_start(ap, fmt);
	vsnprintf(r->outcome + n, sizeof(r->outcome) - n, fmt, ap);
	va_end(ap);
}

/* ---- jobs -------------------------------------------------------------- */

static const char	header[] = "Subject: x\r\n\r\n";
static const char	body[] = ".dot\r\nend\r\n";

static struct job	 job = {
	.sender = STR("s@a.test"),
	.header = STR(header), .body = STR(body),
	.size = sizeof(header) - 1 + sizeof(body) - 1,
};

static struct task *
make_task(const struct job *from, int fd, unsigned rcpts)
{
	static const char *const	names[] = { "r0@b.test", "r1@b.test",
					    "r2@b.test" };
	struct job_rcpt			list[3] = { 0 };
	struct job			j = *from;
	struct task			*t;

	for (unsigned i = 0; i < rcpts; i++) {
		list[i].index = (uint16_t)i;
		list[i].rcpt.address = str_of(names[i]);
	}
	if (from->rcpts == NULL) {
		j.rcpts = list;
		j.n_rcpts = rcpts;
	}
	t = task_new(&j, fd, result_new(&j));
	assert_non_null(t);
	return t;
}

static void
add_job(struct run *r)
{
	struct task	*t = make_task(&job, -1, r->rcpts);

	if (question && r->n_jobs == 0)
		t->question = (struct question *)r;	/* any will do */
	t->losses = r->n_jobs++;	/* its number, for the outcome */
	TAILQ_INSERT_TAIL(&r->tasks, t, entry);
}

static void
end_task(struct task *t)
{
	struct result	*result = t->result;

	t->question = NULL;	/* so that the result is still ours */
	task_end(t);
	result_free(result);
}

/* ---- the owner --------------------------------------------------------- */

static const struct conf *
get_conf(void)
{
	return &conf;
}

static struct task *
on_next(void *owner)
{
	struct run	*r = owner;
	struct task	*t = TAILQ_FIRST(&r->tasks);

	if (t != NULL)
		TAILQ_REMOVE(&r->tasks, t, entry);
	return t;
}

static void
on_finished(void *owner, struct task *t, bool heard)
{
	static const char	 letters[] = "DTFR";
	struct job_result	 m;

	result_message(t->result, &m);
	note(owner, "%u%s:", t->losses, heard ? "" : "?");
	for (size_t i = 0; i < m.n_rcpts; i++)
		note(owner, "%s%c%u/%.*s", i != 0 ? "," : "",
		    letters[m.rcpts[i].status], m.rcpts[i].reply_code,
		    STR_FMT(m.rcpts[i].code));
	if (m.tls.n != 0)
		note(owner, " tls=%.*s", STR_FMT(m.tls));
	note(owner, " ");
	end_task(t);
}

static void
on_returned(void *owner, struct task *t)
{
	note(owner, "%u:back ", t->losses - 1);
	end_task(t);
}

static void
on_idle(void *owner)
{
	struct run	*r = owner;

	r->idle = true;
}

static void
on_ended(void *owner, enum client_end how, const struct outcome *why)
{
	static const char *const	names[] = { "left", "refused", "lost",
					    "no-tls" };
	struct run			*r = owner;

	if (how == CLIENT_LEFT)
		note(r, "left");
	else
		note(r, "%s %u/%s", names[how], why->reply_code, why->code);
	client_free(&r->client);
	io_free(&r->io);
}

static struct tls_client *
get_tls(void)
{
	return harness_tls != NULL ? harness_tls() : NULL;
}

static const char *
on_login(void *owner)
{
	return harness_login != NULL ? harness_login(owner) : "nobody to ask";
}

static const struct client_ops	ops = {
	.tls = get_tls, .login = on_login,
	.conf = get_conf, .next = on_next, .finished = on_finished,
	.returned = on_returned, .idle = on_idle, .ended = on_ended,
};

static size_t
on_data(void *arg, struct str in)
{
	struct run	*r = arg;

	return client_input(r->client, in);
}

static void
on_drained(void *arg)
{
	struct run	*r = arg;

	client_drained(r->client);
}

static void
on_closed(void *arg, enum io_end how)
{
	struct run	*r = arg;

	client_closed(r->client, how);
}

static const struct io_ops	io_ops = { on_data, on_drained, on_closed };

/* ---- the server -------------------------------------------------------- */

static void
pump(struct run *r)
{
	char	 piece[4096];
	ssize_t	 n;

	for (int i = 0; i < 3; i++) {
		event_base_loop(base, EVLOOP_NONBLOCK);
		while (r->server != -1 && (n = server_recv(r->server, piece,
		    sizeof(piece), MSG_DONTWAIT)) > 0) {
			buf_put(&r->said, piece, (size_t)n);
			i = 0;
		}
	}
}

static void
server_says(struct run *r, const char *text, size_t n)
{
	ssize_t	 sent;

	while (n != 0 && r->client != NULL) {
		sent = server_send(r->server, text, n,
		    MSG_DONTWAIT | MSG_NOSIGNAL);
		if (sent > 0) {
			text += sent;
			n -= (size_t)sent;
		}
		pump(r);
	}
}

/* split 0: all at once; -1: every octet alone; else after so many. */
static void
say_split(struct run *r, const char *text, int split, size_t *at)
{
	size_t	 n = strlen(text), first = n;

	if (split == -1) {
		for (size_t i = 0; i < n; i++)
			server_says(r, text + i, 1);
		return;
	}
	if (split > 0 && (size_t)split > *at && (size_t)split < *at + n)
		first = (size_t)split - *at;
	*at += n;
	server_says(r, text, first);
	server_says(r, text + first, n - first);
}

static void
check_said(struct run *r, const char *text, const char *name)
{
	struct str	 said = buf_str(&r->said);

	pump(r);
	said = buf_str(&r->said);
	if (!str_equal(said, str_of(text)))
		fail_msg("%s: said <%.*s>, not <%s>", name, STR_FMT(said),
		    text);
	buf_reset(&r->said);
}

static void
step(struct run *r, const char *s, int split, size_t *at, const char *name)
{
	switch (s[0]) {
	case '>':
		say_split(r, s + 1, split, at);
		break;
	case '<':
		check_said(r, s + 1, name);
		break;
	case '~':
		buf_reset(&r->said);
		break;
	case '!':
		close(r->server);
		r->server = -1;
		break;
	case 'S':
		server_tls(r, s + 1);
		break;
	case 'T':
		client_closed(r->client, IO_TIMEOUT);
		break;
	case 'Q':
		assert_true(r->idle);
		client_quit(r->client);
		break;
	case 'A':
		client_abort(r->client, "stop");
		break;
	case 'J':
		add_job(r);
		r->idle = false;
		client_wake(r->client);
		break;
	}
	pump(r);
}

static void
begin(struct run *r)
{
	int	 fds[2];

	*r = (struct run){ .said = BUF_INIT(1 << 24) };
	TAILQ_INIT(&r->tasks);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	fcntl(fds[0], F_SETFL, O_NONBLOCK);
	r->server = fds[1];
	r->io = io_new(fds[0], &io_ops, r);
	r->client = client_new(r->io, protocol, str_of("mx.b.test"), &ops,
	    r);
	assert_non_null(r->client);
	client_protect(r->client, &wish);
}

static void
finish(struct run *r)
{
	struct task	*t;

	if (r->client != NULL)
		client_abort(r->client, "the test is over");
	if (r->server != -1)
		close(r->server);
	while ((t = TAILQ_FIRST(&r->tasks)) != NULL) {
		TAILQ_REMOVE(&r->tasks, t, entry);
		end_task(t);
	}
	buf_clear(&r->said);
}

static size_t
play(const struct script *s, int split)
{
	struct run	 r;
	size_t		 at = 0;

	begin(&r);
	r.rcpts = s->rcpts;
	for (unsigned i = 0; i < s->jobs; i++)
		add_job(&r);
	for (size_t i = 0; i < STEPS_MAX && s->steps[i] != NULL; i++)
		if (r.client != NULL || s->steps[i][0] == '<')
			step(&r, s->steps[i], split, &at, s->name);
	if (r.client != NULL)
		note(&r, r.idle ? "idle" : "open");
	if (strcmp(r.outcome, s->outcome) != 0)
		fail_msg("%s (split %d): \"%s\", not \"%s\"", s->name, split,
		    r.outcome, s->outcome);
	finish(&r);
	return at;
}

static inline void
play_all(const struct script *s, size_t n)
{
	for (; n != 0; s++, n--) {
		size_t	 octets = play(s, 0);

		play(s, -1);
		for (int at = 1; at < (int)octets; at++)
			play(s, at);
	}
}

/* ---- what scripts are made of ------------------------------------------ */

#define RCPT0	"RCPT TO:<r0@b.test>\r\n"
#define RCPT1	"RCPT TO:<r1@b.test>\r\n"
#define RCPT2	"RCPT TO:<r2@b.test>\r\n"
#define DATA	"DATA\r\n"
#define CONTENT	"Subject: x\r\n\r\n..dot\r\nend\r\n.\r\n"
#define END	">250 2.0.0 queued\r\n"

#endif
