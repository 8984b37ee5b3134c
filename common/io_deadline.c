/*
 * Deadlines of connections: one timer each, set as seldom as can be.
 */
#include "io.h"

#include <errno.h>

#include "clock.h"
#include "io_private.h"

static void
set_timer(struct io *io, uint64_t now)
{
	uint64_t	 ms = io->deadline - now;
	struct timeval	 tv;

	tv.tv_sec = (time_t)(ms / 1000);
	tv.tv_usec = (suseconds_t)(ms % 1000 * 1000);
	io->timer_at = io->deadline;
	event_add(&io->timer, &tv);
}

/*
 * A deadline usually moves away, with each command: then the timer stays as
 * it is, and is set again when it fires too early.
 */
void
io_set_deadline(struct io *io, uint32_t ms)
{
	uint64_t	 now = clock_ms();

	io->deadline = now + ms;
	if (io->timer_at == 0 || io->timer_at > io->deadline)
		set_timer(io, now);
}

void
io_deadline(struct io *io, uint32_t ms)
{
	if (ms == 0 || io->over)
		io->deadline = 0;
	else
		io_set_deadline(io, ms);
}

static void
deadline_passed(struct io *io)
{
	io->deadline = 0;
	if (!io->connecting || io->finishing) {
		io_end(io, IO_TIMEOUT);
		return;
	}
	event_del(&io->writable);
	io->connecting = io->blocked = false;
	io->over = io->broken = true;
	io->error = ETIMEDOUT;
	io->connected(io->arg, ETIMEDOUT);
}

void
io_on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct io	*io = arg;
	uint64_t	 now = clock_ms();

	(void)fd, (void)what;
	io->timer_at = 0;
	if (io->deadline == 0)
		return;
	if (io->deadline > now) {
		set_timer(io, now);
		return;
	}
	io_hold(io);
	deadline_passed(io);
	io_unhold(io);
}
