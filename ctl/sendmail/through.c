/*
 * Two ways, each with a buffer: neither waits for the other, so that a
 * client may write many commands before it reads.
 */
#include "through.h"

#include <sys/socket.h>

#include <err.h>
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <sysexits.h>
#include <unistd.h>

#define WAY_MAX	16384

struct way {
	char	data[WAY_MAX];
	size_t	off, len;
};

/* 1: something was read, 0: the end, -1: an error. */
static int
way_fill(struct way *w, int from)
{
	ssize_t	 n = read(from, w->data, sizeof(w->data));

	w->off = 0;
	w->len = n > 0 ? (size_t)n : 0;
	if (n == -1 && (errno == EINTR || errno == EAGAIN))
		return 1;
	return n > 0 ? 1 : (int)n;
}

/* As much as goes at once; -1: nobody reads any more. */
static int
way_send(struct way *w, int to)
{
	ssize_t	 n = send(to, w->data + w->off, w->len,
		    MSG_NOSIGNAL | MSG_DONTWAIT);

	if (n == -1)
		return errno == EINTR || errno == EAGAIN ? 0 : -1;
	w->off += (size_t)n;
	w->len -= (size_t)n;
	return 0;
}

static int
way_write(struct way *w, int to)
{
	ssize_t	 n;

	while (w->len != 0) {
		n = write(to, w->data + w->off, w->len);
		if (n == -1 && errno != EINTR)
			return -1;
		if (n > 0) {
			w->off += (size_t)n;
			w->len -= (size_t)n;
		}
	}
	return 0;
}

/* From the server to our output; false when that is over. */
static bool
take_replies(struct way *down, int fd, int *code)
{
	int	 r = way_fill(down, fd);

	if (r == 1 && way_write(down, STDOUT_FILENO) == 0)
		return true;
	if (r == 0)
		return false;
	warn("SMTP");
	*code = EX_IOERR;
	return false;
}

/* From our input to the server; false when the input has ended. */
static bool
take_commands(struct way *up, int fd)
{
	if (up->len == 0 && way_fill(up, STDIN_FILENO) != 1) {
		shutdown(fd, SHUT_WR);
		return false;
	}
	if (up->len != 0 && way_send(up, fd) == -1)
		up->len = 0;	/* it leaves: what it said is still to come */
	return true;
}

int
through(int fd)
{
	static struct way	 up, down;
	struct pollfd		 p[2] = { { .events = POLLIN }, { .fd = fd } };
	bool			 open = true;
	int			 code = EX_OK;

	for (;;) {
		/* poll would report the end of an input that has to wait */
		p[0].fd = open && up.len == 0 ? STDIN_FILENO : -1;
		p[1].events = up.len == 0 ? POLLIN : POLLIN | POLLOUT;
		if (poll(p, 2, -1) == -1)
			continue;	/* a signal; nothing else can be */
		if (p[0].revents != 0 || (p[1].revents & POLLOUT) != 0)
			open = take_commands(&up, fd) && open;
		if ((p[1].revents & (POLLIN | POLLHUP | POLLERR)) != 0 &&
		    !take_replies(&down, fd, &code))
			break;
	}
	close(fd);
	return code;
}
