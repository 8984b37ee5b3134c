/*
 * The channel.  Writes never raise SIGPIPE.  No line that leaves here holds
 * anything but what addr, xtext and numbers can be.
 */
#include "channel.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fd.h"
#include "header.h"
#include "smtp.h"

#define READ_MAX	4096

void
channel_init(struct channel *c, bool verbose)
{
	*c = (struct channel){ .fd = -1, .verbose = verbose };
	buf_init(&c->in, SMTP_REPLY_LINE_MAX + READ_MAX);
	smtp_reply_init(&c->reply);
}

int
channel_connect(const char *path)
{
	const struct timeval	 timeout = { CHANNEL_TIMEOUT_S, 0 };
	struct sockaddr_un	 sun = { .sun_family = AF_UNIX };
	int			 fd;

	if (strlen(path) >= sizeof(sun.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(sun.sun_path, path, strlen(path) + 1);
	if ((fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) == -1)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
	if (connect(fd, (struct sockaddr *)&sun, sizeof(sun)) == 0)
		return fd;
	return close_keep_errno(fd);
}

int
channel_open(struct channel *c, const char *path)
{
	channel_close(c);
	if ((c->fd = channel_connect(path)) != -1)
		return 0;
	c->error = errno;
	return -1;
}

void
channel_close(struct channel *c)
{
	if (c->fd != -1)
		close(c->fd);
	c->fd = -1;
	buf_clear(&c->in);
	smtp_reply_clear(&c->reply);
}

static void
show(const struct channel *c, const char *mark, struct str line)
{
	struct buf	 text = BUF_INIT(SMTP_REPLY_LINE_MAX);

	if (!c->verbose)
		return;
	header_put_safe(&text, line, SMTP_REPLY_LINE_MAX);
	fprintf(stderr, "%s %.*s\n", mark, STR_FMT(buf_str(&text)));
	buf_clear(&text);
}

/* ---- hearing ----------------------------------------------------------- */

static int
fill(struct channel *c)
{
	char	*to;
	ssize_t	 n;

	if ((to = buf_room(&c->in, READ_MAX)) == NULL) {
		c->error = EPROTO;	/* no end of line in sight */
		return -1;
	}
	do
		n = recv(c->fd, to, READ_MAX, 0);
	while (n == -1 && errno == EINTR);
	if (n > 0) {
		buf_added(&c->in, (size_t)n);
		return 0;
	}
	c->error = n == 0 ? 0 : errno == EAGAIN ? ETIMEDOUT : errno;
	return -1;
}

/* The next line is at the front of the buffer, n octets with its end. */
static int
wait_line(struct channel *c, struct str *line, size_t *n)
{
	const char	*lf;

	for (;;) {
		*line = buf_str(&c->in);
		lf = line->n != 0 ? memchr(line->p, '\n', line->n) : NULL;
		if (lf != NULL)
			break;
		if (fill(c) == -1)
			return -1;
	}
	*n = (size_t)(lf - line->p) + 1;
	line->n = *n - 1;
	if (line->n != 0 && line->p[line->n - 1] == '\r')
		line->n--;
	return 0;
}

int
channel_hear(struct channel *c)
{
	enum smtp_reply_state	 state;
	struct str		 line;
	size_t			 n;

	smtp_reply_reset(&c->reply);
	do {
		if (wait_line(c, &line, &n) == -1)
			return -1;
		show(c, "<<<", line);
		state = smtp_reply_add(&c->reply, line);
		buf_consume(&c->in, n);
	} while (state == SMTP_REPLY_MORE);
	if (state == SMTP_REPLY_DONE)
		return c->reply.status.code;
	c->error = EPROTO;
	return -1;
}

/* ---- saying ------------------------------------------------------------ */

int
channel_send(struct channel *c, struct str s)
{
	ssize_t	 n;

	while (s.n != 0) {
		n = send(c->fd, s.p, s.n, MSG_NOSIGNAL);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return -1;
		s = str_skip(s, (size_t)n);
	}
	return 0;
}

int
channel_ask(struct channel *c, const char *fmt, ...)
{
	struct buf	 line = BUF_INIT(SMTP_COMMAND_MAX);
	va_list		 ap;
	int		 r;

	va_start(ap, fmt);
	r = buf_vprintf(&line, fmt, ap);
	va_end(ap);
	show(c, ">>>", buf_str(&line));
	if (buf_puts(&line, "\r\n") == -1 || r == -1) {
		buf_clear(&line);
		c->error = EMSGSIZE;
		return -1;
	}
	/* a server that leaves may have said why: the reply tells */
	channel_send(c, buf_str(&line));
	buf_clear(&line);
	return channel_hear(c);
}
