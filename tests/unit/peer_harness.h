/*
 * A peer under test, with a handler for every message that counts its calls,
 * and the other end of its channel, driven by hand: frames of any form go in,
 * and what became of them is seen.  Included once, by a test program.
 */
#ifndef PEER_HARNESS_H
#define PEER_HARNESS_H

#include <sys/mman.h>
#include <sys/socket.h>

#include <event2/event.h>

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "log.h"
#include "peer.h"
#include "sample.h"
#include "sealed.h"

static struct event_base	*base;
static unsigned			 handled[MSG_N], n_lost, n_lost_requests;
static void			*answered;
static char			 fault[64];

#define RECORD_TELL(name, type)						\
	static inline void						\
	on_##name(struct peer *p, uint32_t id, const struct type *m)	\
	{								\
		(void)p, (void)id, (void)m;				\
		handled[MSG_##name]++;					\
	}
#define RECORD_ASKS(answer)	RECORD_TELL
#define RECORD_ANSWER(name, type)					\
	static inline void						\
	on_##name(struct peer *p, void *asker, const struct type *m)	\
	{								\
		(void)p, (void)m;					\
		answered = asker;					\
		handled[MSG_##name]++;					\
	}
#define RECORD(name, senders, receivers, fd, phases, kind, credit, type) \
	RECORD_##kind(name, type)
MESSAGES(RECORD)

#define ENTRY(name, ...)	.name = on_##name,
static const struct handlers	 all_handlers = { MESSAGES(ENTRY) };

static inline void
on_lost(struct peer *p)
{
	(void)p;
	n_lost++;
}

static inline void
on_request_lost(void *asker, enum lost_why why)
{
	(void)asker, (void)why;
	n_lost_requests++;
}

static inline void
on_fault(struct peer *p, const char *what)
{
	(void)p;
	snprintf(fault, sizeof(fault), "%s", what);
}

static inline void
no_log(enum log_level level, const char *line, size_t n)
{
	(void)level, (void)line, (void)n;
}

static inline size_t
any_length(unsigned type)
{
	(void)type;
	return 8 << 20;
}

static inline void
turn(void)
{
	event_base_loop(base, EVLOOP_NONBLOCK);
	event_base_loop(base, EVLOOP_NONBLOCK);
}

/* The other end of a peer, driven by hand. */
struct end {
	struct frame_channel	 ch;
	struct peer		*p;
};

static inline void
put_raw(struct buf *b, const void *x)
{
	buf_put_str(b, *(const struct str *)x);
}

static inline void
say(struct end *e, unsigned type, uint32_t id, int fd, struct str payload)
{
	assert_int_equal(frame_put(&e->ch, type, id, fd, put_raw, &payload),
	    0);
	frame_flush(&e->ch);
	turn();
	frame_flush(&e->ch);
	turn();
}

static inline void
connect_as(struct end *e, enum role self, enum role sender)
{
	struct hello	 h = { sender, 3, 5, messages_hash() };
	struct buf	 b = BUF_INIT(1000);
	int		 s[2], size = 4 << 20;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0,
	    s), 0);
	setsockopt(s[1], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	peer_setup(base, self, 0, 0);
	e->p = peer_new(s[0], sender, 3, 5, &all_handlers, on_lost);
	frame_init(&e->ch, s[1], any_length);
	hello_put(&b, &h);
	say(e, MSG_HELLO, 0, -1, buf_str(&b));
	buf_clear(&b);
	if (!(message_rule(MSG_HELLO)->phases & e->p->phase))
		fail();
	fault[0] = '\0';
	n_lost = 0;
	memset(handled, 0, sizeof(handled));
}

static inline void
finish(struct end *e)
{
	if (n_lost == 0)
		peer_end(e->p);
	frame_clear(&e->ch);
}

/* The channel has gone for this reason, and the handler has not run. */
static inline void
refused(struct end *e, unsigned m, const char *why)
{
	if (strcmp(fault, why) != 0 || n_lost != 1 || handled[m] != 0)
		fail_msg("%s: fault \"%s\" instead of \"%s\", lost %u, "
		    "handled %u", message_name(m), fault, why, n_lost,
		    handled[m]);
	finish(e);
}

static inline int
fd_for(enum fd_kind kind)
{
	int	 s[2];

	switch (kind) {
	case SEALED_FD:
	case READ_FD:
	case MAY_READ_FD:
		return sealed_new("test", str_of("x"));
	case WRITE_FD:
	case MAY_WRITE_FD:
		return memfd_create("test", 0);
	case SOCKET_FD:
	case MAY_SOCKET_FD:
		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, s), 0);
		close(s[1]);
		return s[0];
	case SINK_FD:
		return open("/dev/null", O_WRONLY);
	case NO_FD:
		break;
	}
	return -1;
}

/* ---- the group of tests ------------------------------------------------ */

static inline int
set_up(void **state)
{
	(void)state;
	base = event_base_new();
	log_set_sink(no_log);
	peer_on_fault(on_fault);
	return base != NULL ? 0 : -1;
}

static inline int
tear_down(void **state)
{
	(void)state;
	event_base_free(base);
	return 0;
}

#endif
