/*
 * Frames and descriptors over a stream socket.  Owns the socket, what was
 * read and not yet taken, and what is not yet written.  A descriptor goes
 * with the first octet of its frame: the kernel never hands out octets
 * beyond it in the same read, so the order in which descriptors and frames
 * come is the same.
 */
#include "frame.h"

#include <sys/socket.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "wire.h"

#define PAYLOAD_MAX	(FRAME_MAX - FRAME_HEADER)
#define IN_MAX		(2 * FRAME_MAX + FRAME_HEADER)
#define FIRST_MARKS	16
#define FDS_AT_ONCE	4	/* our own sender passes one at a time */

void
frame_init(struct frame_channel *c, int fd, size_t (*maxlen)(unsigned))
{
	*c = (struct frame_channel){ .fd = fd, .maxlen = maxlen };
	c->current.fd = -1;
	buf_init(&c->in, IN_MAX);
	buf_init(&c->whole, 0);
	buf_init(&c->out, FRAME_OUT_MAX);
}

static void
close_fd(int *fd)
{
	if (*fd != -1)
		close(*fd);
	*fd = -1;
}

void
frame_clear(struct frame_channel *c)
{
	close_fd(&c->fd);
	close_fd(&c->current.fd);
	for (size_t i = 0; i < c->n_in_fds; i++)
		close(c->in_fds[i]);
	c->n_in_fds = 0;
	frame_discard(c);
	free(c->out_fds);
	c->out_fds = NULL;
	c->size_out_fds = 0;
	buf_clear(&c->in);
	buf_clear(&c->whole);
}

void
frame_discard(struct frame_channel *c)
{
	for (size_t i = c->first_out_fd; i < c->n_out_fds; i++)
		close(c->out_fds[i].fd);
	c->first_out_fd = c->n_out_fds = 0;
	buf_clear(&c->out);
}

/* ---- receiving --------------------------------------------------------- */

/* Keeps what was passed; -1 when it is more than can wait. */
static int
keep_fds(struct frame_channel *c, struct msghdr *msg)
{
	int	 fd, r = 0;

	for (struct cmsghdr *h = CMSG_FIRSTHDR(msg); h != NULL;
	    h = CMSG_NXTHDR(msg, h)) {
		if (h->cmsg_level != SOL_SOCKET || h->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t at = 0; CMSG_LEN(at + sizeof(fd)) <= h->cmsg_len;
		    at += sizeof(fd)) {
			memcpy(&fd, CMSG_DATA(h) + at, sizeof(fd));
			if (c->n_in_fds == FRAME_FDS_IN_MAX) {
				close(fd);
				r = -1;
			} else
				c->in_fds[c->n_in_fds++] = fd;
		}
	}
	return msg->msg_flags & MSG_CTRUNC ? -1 : r;
}

enum frame_result
frame_read(struct frame_channel *c)
{
	union {
		struct cmsghdr	 align;
		char		 space[CMSG_SPACE(FDS_AT_ONCE * sizeof(int))];
	} control;
	struct iovec	 iov;
	struct msghdr	 msg = { .msg_iov = &iov, .msg_iovlen = 1,
	    .msg_control = control.space,
	    .msg_controllen = sizeof(control.space) };
	ssize_t		 n;

	if ((iov.iov_base = buf_room(&c->in, FRAME_MAX)) == NULL)
		return FRAME_CLOSED;
	iov.iov_len = FRAME_MAX;
	n = recvmsg(c->fd, &msg, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
	if (n == -1)
		return errno == EAGAIN || errno == EINTR ? FRAME_AGAIN :
		    FRAME_CLOSED;
	if (n == 0)
		return FRAME_CLOSED;
	buf_added(&c->in, (size_t)n);
	c->received += (size_t)n;
	return keep_fds(c, &msg) == -1 ? FRAME_MALFORMED : FRAME_OK;
}

/* Its descriptor, if it has one: -1 when that did not come. */
static int
take_fd(struct frame_channel *c)
{
	if (c->n_in_fds == 0)
		return -1;
	c->current.fd = c->in_fds[0];
	c->n_in_fds--;
	memmove(c->in_fds, c->in_fds + 1, c->n_in_fds * sizeof(c->in_fds[0]));
	return 0;
}

/* Lets go of what the last frame borrowed. */
static void
done_with_current(struct frame_channel *c)
{
	buf_consume(&c->in, c->taken);
	c->taken = 0;
	if (c->more)
		return;
	close_fd(&c->current.fd);
	if (c->whole.base != NULL)
		buf_clear(&c->whole);
}

/* Adds a frame to a message of several. */
static enum frame_result
put_together(struct frame_channel *c, struct str payload, bool more)
{
	if (!c->more)
		buf_init(&c->whole, c->maxlen(c->current.type));
	if (buf_put_str(&c->whole, payload) == -1)
		return FRAME_MALFORMED;
	c->more = more;
	c->current.payload = buf_str(&c->whole);
	return more ? FRAME_AGAIN : FRAME_OK;
}

/* One frame; FRAME_AGAIN also when its message goes on. */
static enum frame_result
one_frame(struct frame_channel *c, bool *taken)
{
	const char	*p = buf_data(&c->in);
	size_t		 len;
	uint16_t	 type;
	uint32_t	 id;
	uint8_t		 flags;

	*taken = false;
	if (c->in.len < FRAME_HEADER)
		return FRAME_AGAIN;
	len = wire_get32(p);
	type = (uint16_t)(wire_get32(p + 4) & 0xffff);
	flags = (uint8_t)p[6];
	id = wire_get32(p + 8);
	if (len < FRAME_HEADER || len > FRAME_MAX || p[7] != 0 ||
	    (flags & ~(FRAME_FD | FRAME_MORE)) != 0)
		return FRAME_MALFORMED;
	if (c->in.len < len)
		return FRAME_AGAIN;
	*taken = true;
	c->taken = len;
	if (c->more && (type != c->current.type || id != c->current.id ||
	    flags & FRAME_FD))
		return FRAME_MALFORMED;
	c->current.type = type;
	c->current.id = id;
	if (flags & FRAME_FD && take_fd(c) == -1)
		return FRAME_MALFORMED;
	c->current.payload = str_bytes(p + FRAME_HEADER, len - FRAME_HEADER);
	if (c->more || flags & FRAME_MORE)
		return put_together(c, c->current.payload,
		    flags & FRAME_MORE);
	return FRAME_OK;
}

enum frame_result
frame_next(struct frame_channel *c, struct frame **f)
{
	enum frame_result	 r;
	bool			 taken;

	do {
		done_with_current(c);
		r = one_frame(c, &taken);
	} while (r == FRAME_AGAIN && taken);
	*f = &c->current;
	return r;
}

/* ---- sending ----------------------------------------------------------- */

static void
set_header(char *p, size_t len, unsigned type, uint8_t flags, uint32_t id)
{
	wire_set32(p, (uint32_t)len);
	wire_set32(p + 4, type);
	p[6] = (char)flags;
	p[7] = 0;
	wire_set32(p + 8, id);
}

/* The payload behind at does not fit one frame: make several of it. */
static int
split(struct buf *out, size_t at, unsigned type, uint32_t id, uint8_t flags)
{
	struct buf	 copy = BUF_INIT(out->max);
	struct str	 rest;
	char		 header[FRAME_HEADER];
	size_t		 n;

	rest = str_skip(buf_str(out), at + FRAME_HEADER);
	buf_put_str(&copy, rest);
	buf_truncate(out, at);
	for (rest = buf_str(&copy); rest.n != 0; rest = str_skip(rest, n)) {
		n = rest.n < PAYLOAD_MAX ? rest.n : PAYLOAD_MAX;
		if (n < rest.n)
			flags |= FRAME_MORE;
		else
			flags &= (uint8_t)~FRAME_MORE;
		set_header(header, FRAME_HEADER + n, type, flags, id);
		buf_put(out, header, sizeof(header));
		buf_put(out, rest.p, n);
		flags &= (uint8_t)~FRAME_FD;
	}
	if (copy.failed)
		out->failed = true;
	buf_clear(&copy);
	return out->failed ? -1 : 0;
}

/* Room for one more mark behind those that wait. */
static int
room_for_fd(struct frame_channel *c)
{
	size_t		 n = frame_fds_waiting(c), size;
	struct fd_mark	*marks;

	if (n >= FRAME_FDS_OUT_MAX)
		return -1;
	if (c->n_out_fds < c->size_out_fds)
		return 0;
	if (c->first_out_fd > n) {
		memcpy(c->out_fds, c->out_fds + c->first_out_fd,
		    n * sizeof(*marks));
		c->first_out_fd = 0;
		c->n_out_fds = n;
		return 0;
	}
	size = c->size_out_fds != 0 ? c->size_out_fds * 2 : FIRST_MARKS;
	marks = reallocarray(c->out_fds, size, sizeof(*marks));
	if (marks == NULL)
		return -1;
	c->out_fds = marks;
	c->size_out_fds = size;
	return 0;
}

int
frame_put(struct frame_channel *c, unsigned type, uint32_t id, int fd,
    void (*encode)(struct buf *, const void *), const void *x)
{
	struct buf	*out = &c->out;
	size_t		 at = out->len, len;
	uint8_t		 flags = fd != -1 ? FRAME_FD : 0;
	char		 header[FRAME_HEADER] = { 0 };

	if (fd != -1 && room_for_fd(c) == -1)
		goto fail;
	buf_put(out, header, sizeof(header));
	encode(out, x);
	if (out->failed)
		goto fail;
	len = out->len - at;
	if (len <= FRAME_MAX)
		set_header(buf_data(out) + at, len, type, flags, id);
	else if (split(out, at, type, id, flags) == -1)
		goto fail;
	if (fd != -1)
		c->out_fds[c->n_out_fds++] =
		    (struct fd_mark){ c->written + at, fd };
	return 0;
fail:
	buf_truncate(out, at);
	out->failed = false;
	close_fd(&fd);
	return -1;
}

static ssize_t
send_with_fd(int s, const char *p, size_t n, int fd)
{
	union {
		struct cmsghdr	 align;
		char		 space[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec	 iov = { (void *)(uintptr_t)p, n };
	struct msghdr	 msg = { .msg_iov = &iov, .msg_iovlen = 1,
	    .msg_control = control.space,
	    .msg_controllen = sizeof(control.space) };
	struct cmsghdr	*h = CMSG_FIRSTHDR(&msg);

	memset(&control, 0, sizeof(control));
	h->cmsg_level = SOL_SOCKET;
	h->cmsg_type = SCM_RIGHTS;
	h->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(h), &fd, sizeof(fd));
	return sendmsg(s, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* Descriptors whose frame has begun to go out are the kernel's now. */
static void
sent(struct frame_channel *c, size_t n)
{
	if (c->first_out_fd < c->n_out_fds &&
	    c->out_fds[c->first_out_fd].at == c->written)
		close(c->out_fds[c->first_out_fd++].fd);
	if (c->first_out_fd == c->n_out_fds)
		c->first_out_fd = c->n_out_fds = 0;
	c->written += n;
	buf_consume(&c->out, n);
}

/* How much goes in one call: up to the next frame with a descriptor. */
static size_t
run_length(const struct frame_channel *c, const struct fd_mark *now)
{
	const struct fd_mark	*next = c->out_fds + c->first_out_fd;

	if (now != NULL)
		next++;
	return next < c->out_fds + c->n_out_fds ? next->at - c->written :
	    c->out.len;
}

/* What the errno of a send means. */
static enum frame_result
send_failed(void)
{
	switch (errno) {
	case EAGAIN:
	case EINTR:
		return FRAME_AGAIN;
	case ENOBUFS:
	case ENOMEM:
	case ETOOMANYREFS:	/* more descriptors under way than allowed */
		return FRAME_SHORT;
	}
	return FRAME_CLOSED;
}

enum frame_result
frame_flush(struct frame_channel *c)
{
	const struct fd_mark	*mark;
	ssize_t			 n;

	while (c->out.len != 0) {
		mark = c->out_fds + c->first_out_fd;
		if (c->first_out_fd == c->n_out_fds || mark->at != c->written)
			mark = NULL;
		if (mark != NULL)
			n = send_with_fd(c->fd, buf_data(&c->out),
			    run_length(c, mark), mark->fd);
		else
			n = send(c->fd, buf_data(&c->out), run_length(c, NULL),
			    MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n == -1)
			return send_failed();
		sent(c, (size_t)n);
	}
	return FRAME_OK;
}
