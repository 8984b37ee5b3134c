/*
 * Connections: how they begin and end, and the end of a turn of the loop.
 * Owns the descriptors and all memory of a connection.  Promises that it may
 * be freed in any of its callbacks, and that no callback runs from within a
 * call of the session: what cannot be told at once is told at the end of the
 * turn (on_turn), when output is written as well.  Leaves the meaning of the
 * octets to the session, and TLS to a filter.
 */
#include "io.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <unistd.h>

#include "fd.h"
#include "io_private.h"

static TAILQ_HEAD(, io)	 due = TAILQ_HEAD_INITIALIZER(due);
static struct event_base *base;
static struct event	 turn;

static void	 on_turn(evutil_socket_t, short, void *);

void
io_setup(struct event_base *b)
{
	base = b;
	TAILQ_INIT(&due);
	event_assign(&turn, base, -1, 0, on_turn, NULL);
}

/* ---- the end ----------------------------------------------------------- */

static void
destroy(struct io *io)
{
	if (io->tap != NULL) {
		io->tap->ops->free(io->tap->state);
		buf_clear(&io->tap->wire);
		buf_clear(&io->tap->plain);
		free(io->tap);
	}
	buf_clear(&io->in);
	buf_clear(&io->out);
	free(io);
}

void
io_release(struct io *io)
{
	if (io_is_gone(io))
		return;
	event_del(&io->readable);
	event_del(&io->writable);
	event_del(&io->timer);
	if (io->todo != 0)
		TAILQ_REMOVE(&due, io, due);
	close(io->fd);
	io->fd = -1;
	if (io->closed != NULL)
		io->closed(io->closed_arg);
	if (io->depth == 0)
		destroy(io);
}

void
io_hold(struct io *io)
{
	io->depth++;
}

void
io_unhold(struct io *io)
{
	if (--io->depth == 0 && io_is_gone(io))
		destroy(io);
}

void
io_free(struct io **iop)
{
	struct io	*io = *iop;

	*iop = NULL;
	if (io != NULL)
		io_release(io);
}

void
io_on_close(struct io *io, void (*closed)(void *), void *arg)
{
	io->closed = closed;
	io->closed_arg = arg;
}

/* Tells the session: IO_EOF and then one of the others, each once. */
void
io_end(struct io *io, enum io_end why)
{
	if (io_is_gone(io))
		return;
	if (io->finishing) {
		io_release(io);
		return;
	}
	if (io->over)
		return;
	io_want_read(io, false);
	if (why == IO_EOF) {
		io->eof = true;
	} else {
		io->over = true;
		io->broken = why != IO_TIMEOUT;
		io->deadline = 0;
	}
	io->ops->ended(io->arg, why);
}

void
io_fail(struct io *io, int error)
{
	io->error = error;
	io_end(io, IO_ERROR);
}

void
io_finish(struct io **iop, uint32_t deadline_ms)
{
	struct io	*io = *iop;

	*iop = NULL;
	if (io == NULL)
		return;
	if (io->broken || (io->eof && io_waiting(io) == 0)) {
		io_release(io);
		return;
	}
	io->finishing = true;
	io->unread = io->in.len != 0;
	io_set_deadline(io, deadline_ms != 0 ? deadline_ms : 1);
	if (!io->eof && !io->connecting)
		io_want_read(io, true);
	io_schedule(io, TODO_FLUSH);
}

/* ---- the beginning ----------------------------------------------------- */

static struct netaddr
name_of(int fd, int (*get)(int, struct sockaddr *, socklen_t *))
{
	struct sockaddr_storage	 ss;
	socklen_t		 len = sizeof(ss);
	struct netaddr		 addr = { 0 };

	if (get(fd, (struct sockaddr *)&ss, &len) == 0)
		(void)netaddr_from_sockaddr(&addr, (struct sockaddr *)&ss,
		    len);
	return addr;
}

/* Output leaves in one piece at the end of a turn; Nagle would hold it. */
static void
set_up_socket(struct io *io)
{
	int	 on = 1;

	io->remote = name_of(io->fd, getpeername);
	io->local = name_of(io->fd, getsockname);
	if (io->remote.family != 0)
		(void)setsockopt(io->fd, IPPROTO_TCP, TCP_NODELAY, &on,
		    sizeof(on));
}

static struct io *
make(int fd, const struct io_ops *ops, void *arg)
{
	struct io	*io;

	if ((io = calloc(1, sizeof(*io))) == NULL)
		return NULL;
	io->fd = fd;
	io->ops = ops;
	io->arg = arg;
	buf_init(&io->in, IO_IN_MAX);
	buf_init(&io->out, IO_WIRE_MAX);
	event_assign(&io->readable, base, fd, EV_READ | EV_PERSIST,
	    io_on_readable, io);
	event_assign(&io->writable, base, fd, EV_WRITE, io_on_writable, io);
	event_assign(&io->timer, base, -1, 0, io_on_timer, io);
	return io;
}

struct io *
io_new(int fd, const struct io_ops *ops, void *arg)
{
	struct io	*io;

	if ((io = make(fd, ops, arg)) == NULL) {
		close(fd);
		return NULL;
	}
	set_up_socket(io);
	io_want_read(io, true);
	return io;
}

static int
start_connect(int fd, const struct netaddr *addr, const struct netaddr *source)
{
	struct sockaddr_storage	 ss;
	socklen_t		 len;

	if (source->family != 0) {
		len = netaddr_to_sockaddr(source, &ss);
		if (bind(fd, (struct sockaddr *)&ss, len) == -1)
			return -1;
	}
	len = netaddr_to_sockaddr(addr, &ss);
	if (connect(fd, (struct sockaddr *)&ss, len) == -1 &&
	    errno != EINPROGRESS)
		return -1;
	return 0;
}

struct io *
io_connect(const struct netaddr *addr, const struct netaddr *source,
    const struct io_ops *ops, void (*connected)(void *, int), void *arg)
{
	struct io	*io;
	int		 fd;

	fd = socket(addr->family == 6 ? AF_INET6 : AF_INET,
	    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd == -1)
		return NULL;
	if (start_connect(fd, addr, source) == -1 ||
	    (io = make(fd, ops, arg)) == NULL) {
		close_keep_errno(fd);
		return NULL;
	}
	io->connecting = true;
	io->connected = connected;
	io_want_write(io);
	return io;
}

/* It has become writable: connected, or not to be connected. */
void
io_connected(struct io *io)
{
	socklen_t	 len = sizeof(io->error);

	if (getsockopt(io->fd, SOL_SOCKET, SO_ERROR, &io->error, &len) == -1)
		io->error = errno;
	io->connecting = false;
	if (io->error != 0) {
		io->over = io->broken = true;
	} else {
		set_up_socket(io);
		io_want_read(io, true);
		io_schedule(io, TODO_FLUSH);
	}
	if (!io->finishing)
		io->connected(io->arg, io->error);
	else if (io->broken)
		io_release(io);
}

/* ---- events and the turn ----------------------------------------------- */

void
io_want_read(struct io *io, bool wanted)
{
	if (io->reading == wanted)
		return;
	io->reading = wanted;
	if (wanted)
		event_add(&io->readable, NULL);
	else
		event_del(&io->readable);
}

void
io_want_write(struct io *io)
{
	io->blocked = true;
	event_add(&io->writable, NULL);
}

void
io_schedule(struct io *io, enum io_todo what)
{
	if (io->todo == 0) {
		if (TAILQ_EMPTY(&due))
			event_active(&turn, EV_TIMEOUT, 0);
		TAILQ_INSERT_TAIL(&due, io, due);
	}
	io->todo |= what;
}

static void
settle(struct io *io, unsigned todo)
{
	if (todo & TODO_OVERFLOW)
		io_end(io, IO_OVERFLOW);
	if ((todo & TODO_INPUT) && !io_is_gone(io) && !io->over)
		io_input_again(io);
	if ((todo & TODO_FLUSH) && !io_is_gone(io))
		io_flush(io);
}

static void
on_turn(evutil_socket_t fd, short what, void *arg)
{
	struct io	*io;
	unsigned	 todo;

	(void)fd, (void)what, (void)arg;
	while ((io = TAILQ_FIRST(&due)) != NULL) {
		TAILQ_REMOVE(&due, io, due);
		todo = io->todo;
		io->todo = 0;
		io_hold(io);
		settle(io, todo);
		io_unhold(io);
	}
}

/* ---- what it knows ----------------------------------------------------- */

int
io_errno(const struct io *io)
{
	return io->error;
}

const struct netaddr *
io_remote(const struct io *io)
{
	return &io->remote;
}

const struct netaddr *
io_local(const struct io *io)
{
	return &io->local;
}
