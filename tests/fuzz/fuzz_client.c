/*
 * libFuzzer target for the SMTP client: the input is all that a server says.
 * Its first octet chooses how many jobs and recipients there are, the second
 * how the rest is cut into pieces.  Each job must come back exactly once, and
 * nothing may be said to be delivered by a server that never said 2yz.
 */
#include <sys/socket.h>

#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include <event2/event.h>

#include "client.h"
#include "log.h"
#include "task.h"

#define RCPTS_OF_ONE	4

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static struct conf		 conf = { .hostname = STR("mx.test") };
static struct smtp_client	*client;
static struct io		*io;
static unsigned			 to_give, out, rcpts;
static bool			 said_2yz;

static void
must(bool holds)
{
	if (!holds)
		abort();
}

static const struct conf *
get_conf(void)
{
	return &conf;
}

static struct task *
on_next(void *owner)
{
	static const struct job_rcpt	 list[RCPTS_OF_ONE] = {
		{ .rcpt.address = STR("a@b.test") },
		{ .rcpt.address = STR("b@b.test"), .rcpt.notify =
		    NOTIFY_SUCCESS },
		{ .rcpt.address = STR("c\n@b.test") },
		{ .rcpt.address = STR("d@b.test") },
	};
	struct job			 m = {
		.sender = STR("s@a.test"), .rcpts = list, .n_rcpts = rcpts,
		.header = STR("Subject: x\r\n\r\n"), .body = STR(".\r\nx"),
		.size = 18,
	};

	(void)owner;
	if (to_give == 0)
		return NULL;
	to_give--;
	out++;
	return task_new(&m, -1, result_new(&m));
}

static void
take_back(struct task *t)
{
	struct result	*r = t->result;

	must(out-- != 0);
	for (size_t i = 0; i < r->n_rcpts; i++)
		must(r->rcpts[i].status != RCPT_DELIVERED || said_2yz);
	task_end(t);
	result_free(r);
}

static void
on_finished(void *owner, struct task *t, bool heard)
{
	(void)owner, (void)heard;
	take_back(t);
}

static void
on_returned(void *owner, struct task *t)
{
	(void)owner;
	must(!result_is_said(t->result, 0));
	take_back(t);
}

static void
on_idle(void *owner)
{
	(void)owner;
	must(out == 0);
}

static void
on_ended(void *owner, enum client_end how, const struct outcome *why)
{
	(void)owner, (void)how;
	must(why->n <= sizeof(why->text));
	client_free(&client);
}

static const struct client_ops	ops = {
	.conf = get_conf, .next = on_next, .finished = on_finished,
	.returned = on_returned, .idle = on_idle, .ended = on_ended,
};

static const struct io_ops	no_io;

static void
no_log(enum log_level level, const char *line, size_t n)
{
	(void)level, (void)line, (void)n;
}

static void
begin(uint8_t how)
{
	static struct event_base	*base;
	int				 fds[2];

	if (base == NULL) {
		base = event_base_new();
		io_setup(base);
		log_set_sink(no_log);
	}
	must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) == 0);
	close(fds[1]);
	to_give = how & 7;
	rcpts = 1 + (how >> 3) % RCPTS_OF_ONE;
	out = 0;
	said_2yz = false;
	io = io_new(fds[0], &no_io, NULL);
	client = client_new(io, CLIENT_SMTP, str_of("mx.b.test"), &ops, NULL);
	must(io != NULL && client != NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct buf	 in = BUF_INIT(IO_READ_MAX);
	struct str	 rest;
	size_t		 piece, used;

	if (n < 2)
		return 0;
	begin(p[0]);
	piece = 1 + p[1];
	for (rest = str_bytes(p + 2, n - 2); rest.n != 0 && client != NULL;
	    rest = str_skip(rest, piece)) {
		buf_put(&in, rest.p, rest.n < piece ? rest.n : piece);
		if (memchr(buf_data(&in), '2', in.len) != NULL)
			said_2yz = true;
		used = client_input(client, buf_str(&in));
		must(used <= in.len);
		if (client != NULL)
			buf_consume(&in, used);
	}
	if (client != NULL)
		client_closed(client, IO_EOF);
	must(client == NULL && out == 0);
	io_free(&io);
	buf_clear(&in);
	return 0;
}
