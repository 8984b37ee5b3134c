/*
 * What the tests of io share: a session that takes lines, a peer at the
 * other end of a socket pair that sends in any pieces, and a loop that runs
 * as far as there is something to do.  Each test program includes it once.
 */
#ifndef IO_HARNESS_H
#define IO_HARNESS_H

#include <sys/socket.h>

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>
#include <event2/event.h>

#include "clock.h"
#include "io.h"

#define GOT_MAX		(4 << 20)
#define PATIENCE_MS	20000	/* far above what any case needs */

/* what the session does in its data function, beside taking lines */
enum act { ACT_NONE, ACT_FREE, ACT_PAUSE, ACT_PAUSE_RESUME, ACT_DISCARD,
    ACT_ECHO, ACT_FINISH };

struct session {
	struct io	*io;
	enum act	 act;		/* at each line */
	bool		 free_at_end;	/* in ended */
	struct buf	 got;		/* lines, with their newlines */
	unsigned	 calls;		/* of data */
	unsigned	 ends, drains, connects;
	enum io_end	 end;
	int		 error;
	size_t		 to_send;	/* octets that drained goes on with */
};

static struct event_base *base;
static struct session	 s;
static int		 peer;

static inline size_t
act_on_line(struct str line)
{
	assert_int_equal(buf_put_str(&s.got, line), 0);
	switch (s.act) {
	case ACT_FREE:
		io_free(&s.io);
		break;
	case ACT_PAUSE:
		io_pause(s.io);
		break;
	case ACT_PAUSE_RESUME:
		io_pause(s.io);
		io_resume(s.io);
		break;
	case ACT_DISCARD:
		io_discard_input(s.io);
		break;
	case ACT_ECHO:
		assert_int_equal(io_write(s.io, line), 0);
		break;
	case ACT_FINISH:
		assert_int_equal(io_printf(s.io, "bye\n"), 0);
		io_finish(&s.io, 200);
		break;
	case ACT_NONE:
		break;
	}
	return line.n;
}

/* All lines there are, or one where the session stops at each. */
static inline size_t
take_lines(struct str in)
{
	const char	*nl;
	size_t		 used = 0;

	while ((nl = memchr(in.p + used, '\n', in.n - used)) != NULL) {
		used += act_on_line(str_bytes(in.p + used,
		    (size_t)(nl + 1 - (in.p + used))));
		if (s.act != ACT_NONE && s.act != ACT_ECHO)
			break;
	}
	return used;
}

static inline size_t
on_data(void *arg, struct str in)
{
	assert_ptr_equal(arg, &s);
	assert_int_not_equal(in.n, 0);
	s.calls++;
	return take_lines(in);
}

static inline void
send_more(void)
{
	static const char	 piece[5000] = { 'x' };

	while (s.to_send != 0 && io_waiting(s.io) < IO_OUT_LOW) {
		size_t	 n = s.to_send < sizeof(piece) ? s.to_send :
			     sizeof(piece);

		assert_int_equal(io_write(s.io, str_bytes(piece, n)), 0);
		s.to_send -= n;
	}
}

static inline void
on_drained(void *arg)
{
	(void)arg;
	s.drains++;
	if (s.act == ACT_FREE)
		io_free(&s.io);
	else
		send_more();
}

static inline void
on_ended(void *arg, enum io_end why)
{
	(void)arg;
	s.ends++;
	s.end = why;
	s.error = io_errno(s.io);
	if (s.free_at_end)
		io_free(&s.io);
}

static inline void
on_connected(void *arg, int error)
{
	(void)arg;
	s.connects++;
	s.error = error;
	if (s.act == ACT_FREE)
		io_free(&s.io);
}

static const struct io_ops	 ops = { on_data, on_drained, on_ended };

static inline void
start(int type)
{
	int	 fds[2];

	assert_int_equal(socketpair(AF_UNIX, type | SOCK_NONBLOCK, 0, fds),
	    0);
	peer = fds[1];
	s = (struct session){ .got = BUF_INIT(GOT_MAX) };
	s.io = io_new(fds[0], &ops, &s);
	assert_non_null(s.io);
}

static inline void
stop(void)
{
	io_free(&s.io);
	io_free(&s.io);			/* of nothing: nothing */
	buf_clear(&s.got);
	if (peer != -1)
		close(peer);
	peer = -1;
	event_base_loop(base, EVLOOP_NONBLOCK);
}

/* What is ready now, and what comes of it. */
static inline void
spin(void)
{
	for (int i = 0; i < 5; i++)
		event_base_loop(base, EVLOOP_NONBLOCK);
}

static inline void
wake(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what, (void)arg;
}

/* Runs the loop until the number rises above that, or patience ends. */
static inline void
wait_for(const unsigned *number, unsigned above)
{
	const struct timeval	 tv = { 0, 5000 };
	uint64_t		 end = clock_ms() + PATIENCE_MS;

	while (*number <= above && clock_ms() < end) {
		event_base_once(base, -1, EV_TIMEOUT, wake, NULL, &tv);
		event_base_loop(base, EVLOOP_ONCE);
	}
	assert_true(*number > above);
}

static inline void
say(const char *text)
{
	assert_int_equal(write(peer, text, strlen(text)), strlen(text));
}

static inline void
assert_got(const char *text)
{
	assert_int_equal(s.got.len, strlen(text));
	if (s.got.len != 0)
		assert_memory_equal(buf_data(&s.got), text, s.got.len);
}

/* What the peer has been sent so far; "EOF" when that is all and it ends. */
static inline void
assert_said(const char *text)
{
	char	 in[256];
	ssize_t	 n;

	n = read(peer, in, sizeof(in) - 1);
	if (n == 0)
		n = (ssize_t)strlen(strcpy(in, "EOF"));
	in[n > 0 ? n : 0] = '\0';
	assert_string_equal(in, text);
}

static inline int
run_io_tests(const struct CMUnitTest *tests, size_t n)
{
	int	 failed;

	base = event_base_new();
	io_setup(base);
	failed = _cmocka_run_group_tests("io", tests, n, NULL, NULL);
	event_base_free(base);
	return failed;
}

#endif
