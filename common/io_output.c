/*
 * The way out: what is written in a turn of the loop is gathered and sent at
 * its end, with one system call.  Only when the socket does not take all is
 * it asked when it will.
 */
#include "io.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "io_private.h"

#define PRINTF_MAX	1024	/* on the stack; most replies are far shorter */

size_t
io_waiting(const struct io *io)
{
	return io->out.len + (io->tap != NULL ? io->tap->plain.len : 0);
}

static int
filter_out(struct io *io)
{
	struct io_tap	*t = io->tap;

	if (t->ops->outgoing(t->state, &t->plain, &io->out) == -1)
		return -1;
	if (t->plain.len == 0)
		buf_clear(&t->plain);
	if (t->plain.len == 0 && io->finishing && !t->closed) {
		t->closed = true;
		if (t->ops->closing != NULL)
			t->ops->closing(t->state, &io->out);
	}
	return io->out.failed ? -1 : 0;
}

/* -1 when the connection is lost; else all, some or nothing was taken. */
static int
send_some(struct io *io)
{
	ssize_t	 n;

	n = send(io->fd, buf_data(&io->out), io->out.len, MSG_NOSIGNAL);
	if (n == -1)
		return errno == EAGAIN || errno == EINTR ? 0 : -1;
	buf_consume(&io->out, (size_t)n);
	if (io->out.len == 0)
		buf_clear(&io->out);
	return 0;
}

/* What the filter has said last is why: it goes out if it can at once. */
void
io_fail_filter(struct io *io)
{
	if (!io_is_gone(io) && !io->blocked && io->out.len != 0)
		(void)send_some(io);
	io_fail(io, EPROTO);
}

/*
 * Writes what there is.  Drained is called in the next turn, so that one
 * fast reader cannot keep the loop to itself.
 */
void
io_flush(struct io *io)
{
	if (io->blocked || io->broken)
		return;
	if (io->tap != NULL && filter_out(io) == -1) {
		io_fail_filter(io);
		return;
	}
	if (io->out.len != 0 && send_some(io) == -1) {
		io_fail(io, errno);
		return;
	}
	if (io->out.len != 0 || (io->high && io_waiting(io) < IO_OUT_LOW))
		io_want_write(io);
	else if (io->finishing && io_waiting(io) == 0)
		io_linger(io);
}

static void
tell_drained(struct io *io)
{
	io->high = false;
	if (io->ops->drained != NULL && !io->finishing && !io->over)
		io->ops->drained(io->arg);
}

void
io_on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct io	*io = arg;

	(void)fd, (void)what;
	io_hold(io);
	io->blocked = false;
	if (io->connecting)
		io_connected(io);
	else if (io->high && io_waiting(io) < IO_OUT_LOW)
		tell_drained(io);
	if (!io_is_gone(io))
		io_flush(io);
	io_unhold(io);
}

/* No more can be kept: the session is told at the end of the turn. */
static int
overflow(struct io *io)
{
	io->broken = true;
	io_schedule(io, TODO_OVERFLOW);
	return -1;
}

int
io_write(struct io *io, struct str s)
{
	struct buf	*b = io->tap != NULL ? &io->tap->plain : &io->out;

	if (io->broken)
		return -1;
	if (s.n > IO_OUT_MAX || io_waiting(io) > IO_OUT_MAX - s.n ||
	    buf_put_str(b, s) == -1)
		return overflow(io);
	if (io_waiting(io) >= IO_OUT_LOW)
		io->high = true;
	if (!io->blocked)
		io_schedule(io, TODO_FLUSH);
	return 0;
}

/* Longer than the stack's room: a list of extensions, say. */
static int
print_long(struct io *io, const char *fmt, va_list ap)
{
	char	*text;
	int	 n, r;

	if ((n = vasprintf(&text, fmt, ap)) == -1)
		return overflow(io);
	r = io_write(io, str_bytes(text, (size_t)n));
	free(text);
	return r;
}

int
io_printf(struct io *io, const char *fmt, ...)
{
	char	 text[PRINTF_MAX];
	va_list	 ap;
	int	 n;

	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (n >= 0 && (size_t)n < sizeof(text))
		return io_write(io, str_bytes(text, (size_t)n));
	va_start(ap, fmt);
	n = print_long(io, fmt, ap);
	va_end(ap);
	return n;
}
