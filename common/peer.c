/*
 * Peers: the dispatch and the requests of each connected process, behind the
 * gate (gate.c).  Owns the channel and everything queued on it.  What a
 * message means is known by the handlers alone.
 */
#include "peer.h"

#include <event2/event.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "clock.h"
#include "gate.h"
#include "log.h"
#include "watch.h"
#include "xmalloc.h"

#define SHORT_MS	10		/* until the kernel may have room */
#define EXPIRY_MS	100		/* how late a time-out may be seen */
#define ARENA_MAX	(4 << 20)	/* the lists of one payload */

static struct event_base	*base;
static enum role		 self_role = ROLE_N;
static uint16_t			 self_index;
static uint32_t			 self_generation;
static void			(*on_fault)(struct peer *, const char *);

static void	 take_in(struct peer *);
static void	 on_readable(evutil_socket_t, short, void *);
static void	 on_writable(evutil_socket_t, short, void *);
static void	 on_flush(evutil_socket_t, short, void *);
static void	 on_expiry(evutil_socket_t, short, void *);

void
peer_setup(struct event_base *b, enum role self, uint16_t index,
    uint32_t generation)
{
	base = b;
	self_role = self;
	self_index = index;
	self_generation = generation;
}

void
peer_on_fault(void (*fn)(struct peer *, const char *))
{
	on_fault = fn;
}

static size_t
maxlen_of(unsigned type)
{
	const struct rule	*r = message_rule(type);

	return r != NULL ? r->maxlen : 0;
}

static struct event *
new_event(struct peer *p, int fd, short what, event_callback_fn fn)
{
	struct event	*ev = event_new(base, fd, what, fn, p);

	if (ev == NULL)
		fatal("out of memory for events");
	return ev;
}

/* What passes there must not stay in memory that was used for it. */
static bool
carries_secrets(enum role a, enum role b)
{
	return ((1u << a | 1u << b) & (KEYD_SIGN | KEYD_AUTH | KEYD_CRED)) !=
	    0;
}

struct peer *
peer_new(int fd, enum role role, uint16_t index, uint32_t generation,
    const struct handlers *handlers, void (*lost)(struct peer *))
{
	struct peer	*p = xcalloc(1, sizeof(*p));
	struct hello	 hello = { self_role, self_index, self_generation,
	    messages_hash() };

	p->role = role;
	p->index = index;
	p->generation = generation;
	p->self = self_role;
	p->phase = self_role == ROLE_MASTER ? START : RUN;
	p->handlers = handlers;
	p->lost = lost;
	p->arena = (struct arena)ARENA_INIT(ARENA_MAX);
	fcntl(fd, F_SETFL, O_NONBLOCK);
	frame_init(&p->channel, fd, maxlen_of);
	p->channel.in.secret = carries_secrets(role, self_role);
	p->channel.out.secret = p->channel.in.secret;
	pending_init(&p->pending);
	p->readable = new_event(p, fd, EV_READ | EV_PERSIST, on_readable);
	p->writable = new_event(p, fd, EV_WRITE, on_writable);
	p->flush = new_event(p, -1, 0, on_flush);
	p->expiry = new_event(p, -1, 0, on_expiry);
	event_add(p->readable, NULL);
	peer_send(p, HELLO, 0, &hello);
	return p;
}

void
peer_end(struct peer *p)
{
	p->down = true;
	event_free(p->readable);
	event_free(p->writable);
	event_free(p->flush);
	event_free(p->expiry);
	pending_clear(&p->pending);
	if (p->lost != NULL)
		p->lost(p);
	frame_clear(&p->channel);
	arena_clear(&p->arena);
	free(p);
}

void
peer_hear_out(struct peer *p)
{
	size_t	 before;

	do {
		before = p->channel.received;
		take_in(p);
	} while (!p->down && p->channel.received != before);
	peer_end(p);
}

void
peer_close(struct peer *p)
{
	if (p->down)
		return;
	p->down = true;
	event_del(p->readable);
	event_active(p->flush, EV_TIMEOUT, 0);
}

void
peer_fault(struct peer *p, const char *what)
{
	if (p->down)
		return;
	log_error("peer-fault role=%s index=%u generation=%u message=%s "
	    "fault=%s", role_name(p->role), p->index, p->generation,
	    p->frame != NULL ? message_name(p->frame->type) : "-", what);
	peer_close(p);
	if (on_fault != NULL)
		on_fault(p, what);
}

/* ---- dispatch ---------------------------------------------------------- */

#define CALL_TELL(name, type)						\
	if (h->name == NULL)						\
		return UNHANDLED;					\
	h->name(p, f->id, &u->type);					\
	return ACCEPTED;
#define CALL_ASKS(answer)	CALL_TELL
#define CALL_ANSWER(name, type)						\
	if (h->name == NULL)						\
		return UNHANDLED;					\
	h->name(p, asker, &u->type);					\
	return ACCEPTED;
#define CALL(name, senders, receivers, fd, phases, kind, credit, type)	\
	case MSG_##name:						\
		CALL_##kind(name, type)

static enum verdict
dispatch(struct peer *p, const struct frame *f, const union payload *u,
    void *asker)
{
	const struct handlers	*h = p->handlers;

	if (f->type == MSG_HELLO && h->HELLO == NULL)
		return ACCEPTED;
	switch (f->type) {
	MESSAGES(CALL)
	}
	return UNKNOWN_TYPE;
}

static void
handle(struct peer *p, struct frame *f)
{
	union payload	 u;
	enum verdict	 v;
	void		*asker = NULL;

	p->frame = f;
	v = gate_check(p, f, &u, &asker);
	if (v == ACCEPTED)
		v = dispatch(p, f, &u, asker);
	if (v != ACCEPTED)
		peer_fault(p, verdict_name(v));
	p->frame = NULL;
	arena_reset(&p->arena);
}

/* Everything that one read brought. */
static void
take_in(struct peer *p)
{
	struct frame		*f;
	enum frame_result	 r = frame_read(&p->channel);

	while (r == FRAME_OK && !p->down) {
		r = frame_next(&p->channel, &f);
		if (r == FRAME_OK)
			handle(p, f);
	}
	if (r == FRAME_MALFORMED)
		peer_fault(p, "malformed-frame");
	else if (r == FRAME_CLOSED)
		peer_close(p);
}

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct peer	*p = arg;
	uint64_t	 began = watch_begin();

	(void)fd, (void)what;
	take_in(p);
	watch_end(began, role_name(p->role));
}

int
peer_take_fd(struct peer *p)
{
	int	 fd = p->frame != NULL ? p->frame->fd : -1;

	if (p->frame != NULL)
		p->frame->fd = -1;
	return fd;
}

/* ---- sending ----------------------------------------------------------- */

static void
flush(struct peer *p)
{
	const struct timeval	 while_short = { 0, SHORT_MS * 1000 };
	enum frame_result	 r = frame_flush(&p->channel);

	if (r == FRAME_AGAIN)
		event_add(p->writable, NULL);
	else if (r == FRAME_SHORT)
		event_add(p->flush, &while_short);
	else if (r != FRAME_OK) {
		/* it may have said something before it went: read to the end */
		p->mute = true;
		frame_discard(&p->channel);
	}
}

bool
peer_is_full(const struct peer *p)
{
	return frame_waiting(&p->channel) > FRAME_OUT_HIGH ||
	    frame_fds_waiting(&p->channel) > FRAME_FDS_HIGH;
}

/* At the end of the turn: what was queued goes out, what is lost ends. */
static void
on_flush(evutil_socket_t fd, short what, void *arg)
{
	struct peer	*p = arg;

	(void)fd, (void)what;
	if (p->down)
		peer_end(p);
	else if (!event_pending(p->writable, EV_WRITE, NULL))
		flush(p);
}

static void
on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct peer	*p = arg;

	(void)fd, (void)what;
	if (!p->down)
		flush(p);
}

/* The request that an answer of that type closes. */
static enum message
asked_by(enum message answer)
{
	static enum message	 asks[MSG_N];
	static bool		 known;

	if (!known) {
		for (unsigned t = 0; t < MSG_N; t++)
			asks[t] = MSG_N;
		for (unsigned t = 0; t < MSG_N; t++)
			if (message_rule(t)->kind == KIND_ASK)
				asks[message_rule(t)->answer] =
				    (enum message)t;
		known = true;
	}
	return asks[answer];
}

int
peer_send_any(struct peer *p, enum message type, uint32_t id, int fd,
    union payload_pointer x)
{
	const struct rule	*r = message_rule(type);

	if (p == NULL || p->down || p->mute) {
		if (fd != -1)
			close(fd);
		return -1;
	}
	if (r->kind == KIND_ANSWER && p->open[asked_by(type)] != 0)
		p->open[asked_by(type)]--;
	if (frame_put(&p->channel, type, id, fd, r->encode, x.any) == -1) {
		log_error("cannot send message=%s to role=%s: out of bounds",
		    r->name, role_name(p->role));
		peer_close(p);
		return -1;
	}
	event_active(p->flush, EV_TIMEOUT, 0);
	return 0;
}

uint32_t
peer_ask_any(struct peer *p, enum message type, int fd,
    union payload_pointer x, pending_lost lost, void *asker,
    uint32_t timeout_ms)
{
	const struct rule	*r = message_rule(type);
	const struct timeval	 tick = { 0, EXPIRY_MS * 1000 };
	uint32_t		 id;

	if (p == NULL || p->down || p->mute || peer_is_full(p) ||
	    p->asked[type] >= r->credit ||
	    (id = pending_add(&p->pending, (uint16_t)type,
	    (uint16_t)r->answer, lost, asker,
	    timeout_ms != 0 ? clock_ms() + timeout_ms : 0)) == 0) {
		if (fd != -1)
			close(fd);
		return 0;
	}
	if (timeout_ms != 0 && !event_pending(p->expiry, EV_TIMEOUT, NULL))
		event_add(p->expiry, &tick);
	p->asked[type]++;
	if (peer_send_any(p, type, id, fd, x) == 0)
		return id;
	pending_forget(&p->pending, id);
	return 0;
}

void
peer_forget(struct peer *p, uint32_t id)
{
	if (p != NULL)
		pending_forget(&p->pending, id);
}

static void
on_expiry(evutil_socket_t fd, short what, void *arg)
{
	const struct timeval	 tick = { 0, EXPIRY_MS * 1000 };
	struct peer		*p = arg;

	(void)fd, (void)what;
	pending_expire(&p->pending, clock_ms());
	if (p->pending.n_timed != 0)
		event_add(p->expiry, &tick);
}

/* ---- without a loop ---------------------------------------------------- */

/* Waits for the socket; false when the time is over. */
static bool
wait_for(struct peer *p, short events, uint64_t until)
{
	struct pollfd	 pfd = { p->channel.fd, events, 0 };
	uint64_t	 now = clock_ms();

	if (now >= until)
		return false;
	return poll(&pfd, 1, (int)(until - now)) >= 0 || errno == EINTR;
}

void
peer_drain(struct peer *p, int timeout_ms)
{
	uint64_t		 until = clock_ms() + (uint64_t)timeout_ms;
	enum frame_result	 r;

	while (!p->down && ((r = frame_flush(&p->channel)) == FRAME_AGAIN ||
	    r == FRAME_SHORT))
		if (!wait_for(p, POLLOUT, until))
			return;
}

int
peer_wait(struct peer *p, int timeout_ms)
{
	uint64_t	 until = clock_ms() + (uint64_t)timeout_ms;

	peer_drain(p, timeout_ms);
	if (p->down || !wait_for(p, POLLIN, until))
		return -1;
	take_in(p);
	peer_drain(p, timeout_ms);
	return p->down ? -1 : 0;
}
