/*
 * The way in: one read at a time into memory that all connections share,
 * through the filter if there is one, to the session.  Keeps what the
 * session leaves, never more than IO_READ_MAX while it still reads.
 */
#include "io.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "io_private.h"
#include "log.h"

char	 io_shared[IO_READ_MAX];

/* Calls the session with s: all of in, or what lies in the shared memory. */
static void
deliver(struct io *io, struct str s)
{
	bool	 kept = io->in.len != 0;
	size_t	 used;

	io->discard = false;
	io->delivering = true;
	used = io->ops->data(io->arg, s);
	io->delivering = false;
	if (io_is_gone(io))
		return;
	if (used > s.n)
		fatal("io: %zu octets used of %zu", used, s.n);
	if (io->finishing) {
		io->unread = used < s.n;
		buf_clear(&io->in);
		return;
	}
	if (io->discard || used == s.n)
		buf_clear(&io->in);
	else if (kept)
		buf_consume(&io->in, used);
	else if (buf_put_str(&io->in, str_skip(s, used)) == -1)
		io_fail(io, ENOMEM);
	if (io->in.len >= IO_READ_MAX && !io->paused)
		io_end(io, IO_OVERFLOW);
}

/* What the filter makes of s is put behind what was left over. */
static int
filter_in(struct io *io, struct str s)
{
	struct io_tap	*t = io->tap;

	if (buf_put_str(&t->wire, s) == -1 ||
	    t->ops->incoming(t->state, &t->wire, &io->in, &io->out) == -1)
		return -1;
	if (t->wire.len == 0)
		buf_clear(&t->wire);
	if (io->out.len != 0 && !io_is_gone(io))
		io_schedule(io, TODO_FLUSH);
	return io->in.failed || io->out.failed ? -1 : 0;
}

/* The filter may have called the session, which does what it likes. */
static bool
may_deliver(const struct io *io)
{
	return !io_is_gone(io) && !io->paused && !io->finishing && !io->over;
}

static void
received(struct io *io, struct str s)
{
	size_t	 before = io->in.len;

	if (io->tap == NULL && before == 0) {
		deliver(io, s);
		return;
	}
	if (io->tap != NULL && filter_in(io, s) == -1)
		io_fail_filter(io);
	else if (io->tap == NULL && buf_put_str(&io->in, s) == -1)
		io_fail(io, ENOMEM);
	else if (io->in.len != before && may_deliver(io))
		deliver(io, buf_str(&io->in));
}

/* Without anything new, as the session or the filter can go on. */
void
io_input_again(struct io *io)
{
	if (io->tap != NULL && filter_in(io, STR_NONE) == -1)
		io_fail_filter(io);
	else if (io->in.len != 0 && may_deliver(io))
		deliver(io, buf_str(&io->in));
}

/* No connection is given more than one read in a turn. */
static void
read_once(struct io *io)
{
	ssize_t	 n;

	if (io->in.len >= IO_READ_MAX) {	/* just resumed */
		io_input_again(io);
		return;
	}
	n = read(io->fd, io_shared, IO_READ_MAX - io->in.len);
	if (n > 0)
		received(io, str_bytes(io_shared, (size_t)n));
	else if (n == 0 && (io->todo & TODO_INPUT) != 0)
		return;		/* it comes again, behind what was left */
	else if (n == 0)
		io_end(io, IO_EOF);
	else if (errno != EAGAIN && errno != EINTR)
		io_fail(io, errno);
}

/* Finishing, and not all is written yet. */
static void
drop_input(struct io *io)
{
	ssize_t	 n;

	n = read(io->fd, io_shared, sizeof(io_shared));
	if (n == 0) {
		io->eof = true;
		io_want_read(io, false);
	} else if (n == -1 && errno != EAGAIN && errno != EINTR) {
		io_release(io);
	}
}

/* Finishing, and all is written: waits only where something still comes. */
void
io_linger(struct io *io)
{
	ssize_t	 n;

	n = read(io->fd, io_shared, sizeof(io_shared));
	if (n > 0 || (n == -1 && errno == EAGAIN && io->unread)) {
		if (!io->lingering)
			(void)shutdown(io->fd, SHUT_WR);
		io->lingering = true;
	} else if (n == 0 || errno != EAGAIN || !io->lingering) {
		io_release(io);
	}
}

void
io_on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct io	*io = arg;

	(void)fd, (void)what;
	io_hold(io);
	if (io->finishing && io_waiting(io) == 0)
		io_linger(io);
	else if (io->finishing)
		drop_input(io);
	else if (io->paused)
		io_want_read(io, false);	/* only now: most are short */
	else
		read_once(io);
	io_unhold(io);
}

void
io_pause(struct io *io)
{
	io->paused = true;
}

void
io_resume(struct io *io)
{
	if (!io->paused)
		return;
	io->paused = false;
	if (io->over)
		return;
	if (io->in.len != 0 || io->delivering)
		io_schedule(io, TODO_INPUT);
	if (!io->eof && !io->connecting)
		io_want_read(io, true);
}

void
io_discard_input(struct io *io)
{
	if (io->delivering)
		io->discard = true;	/* the session still looks at it */
	else
		buf_clear(&io->in);
}

void
io_set_filter(struct io *io, const struct io_filter *ops, void *state)
{
	struct io_tap	*t;

	if ((t = calloc(1, sizeof(*t))) == NULL) {
		ops->free(state);
		io->broken = true;
		io_schedule(io, TODO_OVERFLOW);
		return;
	}
	t->ops = ops;
	t->state = state;
	buf_init(&t->wire, IO_IN_MAX);
	buf_init(&t->plain, IO_WIRE_MAX);
	/* what is worth a filter may be a password */
	t->plain.secret = io->in.secret = true;
	io->tap = t;
	io_filter_ready(io);
}

void *
io_filter_state(const struct io *io, const struct io_filter *ops)
{
	return io->tap != NULL && io->tap->ops == ops ? io->tap->state : NULL;
}

void
io_filter_ready(struct io *io)
{
	io_schedule(io, TODO_INPUT);
	io_schedule(io, TODO_FLUSH);
}
