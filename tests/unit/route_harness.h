/*
 * deliverd's routes with all that is around them: queued and resolverd are
 * caught on the way out, and a small server of SMTP and LMTP listens on
 * loopback.  For test programs of one file each, so it is all here.
 */
#ifndef ROUTE_HARNESS_H
#define ROUTE_HARNESS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <event2/event.h>

#include <netinet/in.h>
#include <sys/socket.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "clock.h"
#include "connect_service.h"
#include "kept.h"
#include "log.h"
#include "peer.h"
#include "proc_fake.h"
#include "question.h"
#include "route.h"
#include "target.h"

#define LATE_MS		20000	/* nothing here takes as long */

static bool			 queued_down, resolver_down, opener_down;
static struct peer		 queued_peer = { .role = ROLE_QUEUED };
static struct peer		 resolver_peer = { .role = ROLE_RESOLVERD };
static struct peer		 opener_peer = { .role = ROLE_DELIVERD_CONNECT };

/* the open question */
static struct route		*asker;
static pending_lost		 asker_lost;
static unsigned			 n_asked;
/* the open SERVICE_OPEN, and the socket that answers it */
static struct conn		*opener_asker;
static pending_lost		 opener_lost;
static int			 opened_fd = -1;
static const char		*fault;
static uint32_t			 window, concurrency;
static struct event		*feeder;
static unsigned			 n_down, n_results[RCPT_STATUS_N];
static unsigned			 n_in_hand, n_to_send;

/* ---- the process around it --------------------------------------------- */

struct peer *
proc_peer(enum role role)
{
	if (role == ROLE_QUEUED)
		return queued_down ? NULL : &queued_peer;
	if (role == ROLE_DELIVERD_CONNECT)
		return opener_down ? NULL : &opener_peer;
	return resolver_down ? NULL : &resolver_peer;
}

static void
note_result(const struct job_result *m)
{
	static const char	 letters[] = "DTFR";

	note("%u:", m->job);
	for (size_t i = 0; i < m->n_rcpts; i++) {
		note("%c%.*s", letters[m->rcpts[i].status],
		    STR_FMT(m->rcpts[i].code));
		n_results[m->rcpts[i].status]++;
	}
	note(" ");
	n_in_hand--;
	event_active(feeder, EV_TIMEOUT, 0);
}

static void
note_verified(uint32_t id, const struct verified *m)
{
	static const char	 letters[] = "DTFR";

	note("q%u:%c%u/%.*s ", id, letters[m->status], m->reply_code,
	    STR_FMT(m->code));
}

int
peer_send_any(struct peer *p, enum message type, uint32_t id, int fd,
    union payload_pointer x)
{
	(void)p, (void)fd;
	switch (type) {
	case MSG_ROUTE_WINDOW:
		note("w%u ", x.ROUTE_WINDOW->window);
		window = x.ROUTE_WINDOW->window;
		event_active(feeder, EV_TIMEOUT, 0);
		break;
	case MSG_ROUTE_DOWN:
		note("down%u ", x.ROUTE_DOWN->retry_s);
		n_down++;
		break;
	case MSG_JOB_RESULT:
		note_result(x.JOB_RESULT);
		break;
	case MSG_VERIFIED:
		note_verified(id, x.VERIFIED);
		break;
	case MSG_JOB_RESUME:
		note("resume%u ", x.JOB_RESUME->job);
		break;
	case MSG_JOB_RESUMED:
		note("resumed ");
		break;
	default:
		fail_msg("%s was sent", message_name(type));
	}
	return 0;
}

uint32_t
peer_ask_any(struct peer *p, enum message type, int fd,
    union payload_pointer x, pending_lost lost, void *who,
    uint32_t timeout_ms)
{
	(void)fd, (void)timeout_ms;
	if (p == NULL)
		return 0;
	if (type == MSG_SERVICE_OPEN) {
		note("open%u/%u ", x.SERVICE_OPEN->conf,
		    x.SERVICE_OPEN->service);
		opener_asker = who;
		opener_lost = lost;
		return 2;
	}
	assert_int_equal(type, MSG_HOSTS_ASK);
	note("ask%s ", x.HOSTS_ASK->mx ? "-mx" : "");
	asker = who;
	asker_lost = lost;
	n_asked++;
	return 1;
}

void
peer_forget(struct peer *p, uint32_t id)
{
	(void)id;
	if (p == &opener_peer)
		opener_asker = NULL;
	else
		asker = NULL;
}

void
peer_fault(struct peer *p, const char *what)
{
	(void)p;
	fault = what;
}

int
peer_take_fd(struct peer *p)
{
	int	 fd = opened_fd;

	(void)p;
	opened_fd = -1;
	return fd;
}

/* ---- a server ---------------------------------------------------------- */

struct session {
	struct io	*io;
	bool		 in_data;
	unsigned	 n, n_rcpts;
};

static struct event	*acceptor;
static struct netaddr	 server_addr;
static const char	*greeting;
static unsigned		 max_mails;	/* of a connection, then 421 */
static unsigned		 n_sessions, n_open, n_open_most, n_mails;
static unsigned		 n_rcpts, n_resets;
static bool		 is_lmtp;
static bool		 offers_tls;	/* but cannot do it */

static void
session_end(struct session *s)
{
	io_finish(&s->io, 1000);
	n_open--;
	free(s);
}

/* By what the recipient's name begins with. */
static void
session_rcpt(struct session *s, struct str line)
{
	struct str	 name = str_skip(line, strlen("RCPT TO:<"));

	n_rcpts++;
	if (str_starts_nocase(name, str_of("no"))) {
		io_printf(s->io, "550 5.1.1 who\r\n");
	} else if (str_starts_nocase(name, str_of("later"))) {
		io_printf(s->io, "450 4.2.0 later\r\n");
	} else {
		s->n_rcpts++;
		io_printf(s->io, "250 2.1.5 ok\r\n");
	}
}

static void
session_mail_end(struct session *s)
{
	unsigned	 replies = is_lmtp ? s->n_rcpts : 1;

	s->in_data = false;
	s->n_rcpts = 0;
	s->n++;
	n_mails++;
	while (replies-- != 0)
		io_printf(s->io, "250 2.0.0 got it\r\n");
}

static bool
is_hello(struct str line)
{
	return str_starts_nocase(line, str_of(is_lmtp ? "LHLO" : "EHLO"));
}

/* False when the session is no more. */
static bool
session_line(struct session *s, struct str line)
{
	if (s->in_data) {
		if (!str_equal(line, str_of(".\r\n")))
			return true;
		session_mail_end(s);
	} else if (is_hello(line)) {
		io_printf(s->io, "250-sink\r\n%s250 PIPELINING\r\n",
		    offers_tls ? "250-STARTTLS\r\n" : "");
	} else if (str_starts_nocase(line, str_of("STARTTLS"))) {
		io_printf(s->io, "454 4.7.0 not today\r\n");
	} else if (str_starts_nocase(line, str_of("QUIT"))) {
		io_printf(s->io, "221 bye\r\n");
		session_end(s);
		return false;
	} else if (max_mails != 0 && s->n >= max_mails) {
		io_printf(s->io, "421 4.7.0 enough\r\n");
		session_end(s);
		return false;
	} else if (str_starts_nocase(line, str_of("RCPT"))) {
		session_rcpt(s, line);
	} else if (str_starts_nocase(line, str_of("DATA"))) {
		s->in_data = true;
		io_printf(s->io, "354 go\r\n");
	} else {
		n_resets += str_starts_nocase(line, str_of("RSET"));
		io_printf(s->io, "250 ok\r\n");
	}
	return true;
}

static size_t
session_data(void *arg, struct str in)
{
	size_t		 used = 0;
	const char	*lf;

	while (used < in.n && (lf = memchr(in.p + used, '\n',
	    in.n - used)) != NULL) {
		struct str	 line = str_bytes(in.p + used,
				    (size_t)(lf - in.p) - used + 1);

		used += line.n;
		if (!session_line(arg, line))
			return in.n;
	}
	return used;
}

static void
session_ended(void *arg, enum io_end how)
{
	struct session	*s = arg;

	(void)how;
	io_free(&s->io);
	n_open--;
	free(s);
}

static const struct io_ops	session_ops = { session_data, NULL,
				    session_ended };

static void
on_accept(evutil_socket_t fd, short what, void *arg)
{
	struct session	*s = calloc(1, sizeof(*s));
	int		 c = accept4(fd, NULL, NULL, SOCK_NONBLOCK);

	(void)what, (void)arg;
	assert_true(c != -1);
	s->io = io_new(c, &session_ops, s);
	n_sessions++;
	if (++n_open > n_open_most)
		n_open_most = n_open;
	io_write(s->io, str_of(greeting));
}

static int
loopback_socket(struct netaddr *addr)
{
	struct sockaddr_storage	 ss;
	socklen_t		 len = sizeof(ss);
	int			 fd = socket(AF_INET, SOCK_STREAM |
				    SOCK_NONBLOCK, 0);

	netaddr_parse(addr, str_of("127.0.0.1"));
	assert_int_equal(bind(fd, (struct sockaddr *)&ss,
	    netaddr_to_sockaddr(addr, &ss)), 0);
	getsockname(fd, (struct sockaddr *)&ss, &len);
	netaddr_from_sockaddr(addr, (struct sockaddr *)&ss, len);
	return fd;
}

static void
start_server(void)
{
	int	 fd = loopback_socket(&server_addr);

	assert_int_equal(listen(fd, 100), 0);
	acceptor = event_new(base, fd, EV_READ | EV_PERSIST, on_accept, NULL);
	event_add(acceptor, NULL);
	conf.smtp_port = server_addr.port;
}

/* ---- queued's part ----------------------------------------------------- */

static uint32_t		 next_job = 1;

static inline void
wake(uint32_t route, const char *next_hop, bool via)
{
	struct route_wake	 m = {
		.route = route, .next_hop = str_of(next_hop), .via = via,
		.service = SERVICE_NONE, .credential = CREDENTIAL_NONE,
		.concurrency = concurrency, .waiting = n_to_send,
	};

	route_wake(&m);
}

static void
send_job(uint32_t route)
{
	struct job_rcpt	 rcpt = { .rcpt.address = STR("r@b.test") };
	struct job	 m = {
		.job = next_job++, .route = route,
		.sender = STR("s@a.test"), .rcpts = &rcpt, .n_rcpts = 1,
		.header = STR("\r\n"), .body = STR("x\r\n"), .size = 5,
	};
	struct result	*r = result_new(&m);

	assert_int_equal(kept_add(r), 0);
	n_in_hand++;
	route_job(route, task_new(&m, -1, r));
}

/* As queued does: as many jobs as the window lets. */
static void
on_feed(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what, (void)arg;
	while (n_to_send != 0 && n_in_hand < window) {
		n_to_send--;
		send_job(1);
	}
}

/* Turns the loop until done() or it is late. */
static void
turn_until(bool (*done)(void))
{
	uint64_t		 late = clock_ms() + LATE_MS;
	const struct timeval	 tick = { 0, 2000 };

	while (!done() && clock_ms() < late) {
		event_base_loopexit(base, &tick);
		event_base_dispatch(base);
	}
	if (!done())
		fail_msg("late; said: %s", said);
}

static bool
all_ended(void)
{
	return n_in_hand == 0 && n_to_send == 0;
}

static bool
asleep(void)
{
	return window == 0 && n_open == 0 && pool_leaving() == 0;
}

static inline bool
is_down(void)
{
	return n_down != 0;
}

/* The answer of resolverd: hosts at these addresses. */
static void
answer(enum names_result result, const char *const *addrs, size_t n)
{
	struct host_address	 a[16];
	struct mail_host	 host = { .name = STR("mx.b.test"),
				    .addrs = a, .n_addrs = n };
	struct hosts		 m = { .result = result, .ttl_s = 60,
				    .why = STR("because"), .hosts = &host,
				    .n_hosts = n != 0 ? 1 : 0 };
	struct route		*r = asker;

	for (size_t i = 0; i < n; i++)
		assert_int_equal(netaddr_parse(&a[i].addr,
		    str_of(addrs[i])), 0);
	assert_non_null(r);
	asker = NULL;
	route_on_hosts(r, &m);
}

static const char *const	here[] = { "127.0.0.1" };

static int
setup(void **state)
{
	(void)state;
	conf = (struct conf){
		.hostname = STR("mx.test"), .smtp_port = server_addr.port,
		.connect_timeout_ms = 1000, .greeting_timeout_ms = 1000,
		.helo_timeout_ms = 1000, .mail_timeout_ms = 1000,
		.rcpt_timeout_ms = 1000, .data_start_timeout_ms = 1000,
		.data_block_timeout_ms = 1000, .data_end_timeout_ms = 1000,
		.quit_timeout_ms = 1000, .connection_idle_ms = 20,
		.dns_timeout_ms = 1000, .allow_loopback = true,
	};
	said[0] = '\0';
	concurrency = 5;
	greeting = "220 sink\r\n";
	stopping = queued_down = resolver_down = opener_down = false;
	is_lmtp = offers_tls = false;
	max_mails = n_sessions = n_open_most = n_mails = n_asked = 0;
	n_rcpts = n_resets = 0;
	window = n_down = n_in_hand = n_to_send = 0;
	memset(n_results, 0, sizeof(n_results));
	next_job = 1;
	asker = NULL;
	return 0;
}

/* Routes and results of one test are not there in the next. */
static int
teardown(void **state)
{
	(void)state;
	for (uint32_t j = 1; j < next_job; j++)
		(void)kept_done(j);
	route_queued_lost();
	window = 0;
	turn_until(asleep);
	return 0;
}

#define TEST(test)	cmocka_unit_test_setup_teardown(test, setup, teardown)

/* Once in a program, before its tests. */
static void
harness_begin(void)
{
	log_set_sink(no_log);
	base = event_base_new();
	feeder = event_new(base, -1, 0, on_feed, NULL);
	io_setup(base);
	route_setup();
	start_server();
}

#endif
