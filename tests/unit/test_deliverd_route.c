/*
 * deliverd's routes, from ROUTE_WAKE to JOB_RESULT: real connections to a
 * small SMTP server on loopback, with what the process says to queued and
 * resolverd caught on its way out.
 */
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
#include "kept.h"
#include "log.h"
#include "peer.h"
#include "proc.h"
#include "route.h"
#include "target.h"

#define LATE_MS		3000	/* nothing here takes as long */

static struct event_base	*base;
static struct conf		 conf;
static bool			 stopping, queued_down, resolver_down;
static struct peer		 queued_peer = { .role = ROLE_QUEUED };
static struct peer		 resolver_peer = { .role = ROLE_RESOLVERD };

/* what was said to queued, and the open question */
static char			 said[8192];
static struct route		*asker;
static pending_lost		 asker_lost;
static unsigned			 n_asked;
static uint32_t			 window;
static struct event		*feeder;
static unsigned			 n_down, n_results[RCPT_STATUS_N];
static unsigned			 n_in_hand, n_to_send;

/* ---- the process around it --------------------------------------------- */

struct event_base *
proc_base(void)
{
	return base;
}

const struct conf *
proc_conf(void)
{
	return &conf;
}

bool
proc_stopping(void)
{
	return stopping;
}

struct peer *
proc_peer(enum role role)
{
	if (role == ROLE_QUEUED)
		return queued_down ? NULL : &queued_peer;
	return resolver_down ? NULL : &resolver_peer;
}

static void
note(const char *fmt, ...)
{
	size_t	 n = strlen(said);
	va_list	 ap;

	va_start(ap, fmt);
	vsnprintf(said + n, sizeof(said) - n, fmt, ap);
	va_end(ap);
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

int
peer_send_any(struct peer *p, enum message type, uint32_t id, int fd,
    union payload_pointer x)
{
	(void)p, (void)id, (void)fd;
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
	assert_int_equal(type, MSG_HOSTS_ASK);
	if (p == NULL)
		return 0;
	note("ask%s ", x.HOSTS_ASK->mx ? "-mx" : "");
	asker = who;
	asker_lost = lost;
	n_asked++;
	return 1;
}

void
peer_forget(struct peer *p, uint32_t id)
{
	(void)p, (void)id;
	asker = NULL;
}

/* ---- a server ---------------------------------------------------------- */

struct session {
	struct io	*io;
	bool		 in_data;
	unsigned	 n;
};

static struct event	*acceptor;
static struct netaddr	 server_addr;
static const char	*greeting;
static unsigned		 max_mails;	/* of a connection, then 421 */
static unsigned		 n_sessions, n_open, n_open_most, n_mails;

static void
session_end(struct session *s)
{
	io_finish(&s->io, 1000);
	n_open--;
	free(s);
}

/* False when the session is no more. */
static bool
session_line(struct session *s, struct str line)
{
	if (s->in_data) {
		if (!str_equal(line, str_of(".\r\n")))
			return true;
		s->in_data = false;
		s->n++;
		n_mails++;
		io_printf(s->io, "250 2.0.0 got it\r\n");
	} else if (str_starts_nocase(line, str_of("EHLO"))) {
		io_printf(s->io, "250-sink\r\n250 PIPELINING\r\n");
	} else if (str_starts_nocase(line, str_of("QUIT"))) {
		io_printf(s->io, "221 bye\r\n");
		session_end(s);
		return false;
	} else if (max_mails != 0 && s->n >= max_mails) {
		io_printf(s->io, "421 4.7.0 enough\r\n");
		session_end(s);
		return false;
	} else if (str_starts_nocase(line, str_of("DATA"))) {
		s->in_data = true;
		io_printf(s->io, "354 go\r\n");
	} else {
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

static void
wake(uint32_t route, const char *next_hop, bool via)
{
	struct route_wake	 m = {
		.route = route, .next_hop = str_of(next_hop), .via = via,
		.concurrency = 5, .waiting = n_to_send,
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

static bool
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
	greeting = "220 sink\r\n";
	stopping = queued_down = resolver_down = false;
	max_mails = n_sessions = n_open_most = n_mails = n_asked = 0;
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

/* ---- tests ------------------------------------------------------------- */

static void
test_one(void **state)
{
	(void)state;
	wake(1, "b.test", false);
	assert_string_equal(said, "ask-mx w2 ");
	answer(NAMES_OK, here, 1);
	send_job(1);
	turn_until(all_ended);
	assert_string_equal(said, "ask-mx w2 1:D2.0.0 ");
	turn_until(asleep);
	assert_string_equal(said, "ask-mx w2 1:D2.0.0 w0 ");
	assert_int_equal(n_mails, 1);
	assert_int_equal(kept_done(1), 0);
	assert_int_equal(kept_done(1), -1);
}

static void
test_job_before_hosts(void **state)
{
	(void)state;
	wake(1, "b.test", false);
	send_job(1);
	send_job(1);
	answer(NAMES_OK, here, 1);
	turn_until(all_ended);
	assert_int_equal(n_results[RCPT_DELIVERED], 2);
	assert_int_equal(n_sessions, 1);
}

static void
test_many(void **state)
{
	(void)state;
	n_to_send = 500;
	wake(1, "b.test", false);
	answer(NAMES_OK, here, 1);
	turn_until(all_ended);
	assert_int_equal(n_results[RCPT_DELIVERED], 500);
	assert_int_equal(n_mails, 500);
	/* it grew, to its limit, and connections were used again */
	assert_int_equal(n_open_most, 5);
	assert_true(n_sessions <= 7);
}

/* A server that takes three mails a connection costs no mail its try. */
static void
test_421(void **state)
{
	(void)state;
	max_mails = 3;
	n_to_send = 60;
	wake(1, "b.test", false);
	answer(NAMES_OK, here, 1);
	turn_until(all_ended);
	assert_int_equal(n_results[RCPT_DELIVERED], 60);
	assert_true(n_sessions >= 20);
}

static void
test_connection_messages(void **state)
{
	(void)state;
	conf.connection_messages = 10;
	n_to_send = 60;
	wake(1, "b.test", false);
	answer(NAMES_OK, here, 1);
	turn_until(all_ended);
	assert_int_equal(n_results[RCPT_DELIVERED], 60);
	assert_true(n_sessions >= 6);
}

static void
test_no_mail_ever(void **state)
{
	static const struct {
		enum names_result	 result;
		bool			 via;
		const char		*end;
	} cases[] = {
		{ NAMES_NULL_MX, false, "w50 1:F5.1.10 2:F5.1.10 " },
		{ NAMES_NO_DOMAIN, false, "w50 1:F5.1.2 2:F5.1.2 " },
		{ NAMES_NONE, false, "w50 1:F5.4.4 2:F5.4.4 " },
		/* the postmaster's name, the postmaster's mistake */
		{ NAMES_NO_DOMAIN, true, "down60 w0 1:T4.4.4 2:R " },
		{ NAMES_NONE, true, "down60 w0 1:T4.4.4 2:R " },
		{ NAMES_FAILED, false, "down60 w0 1:T4.4.3 2:R " },
		{ NAMES_FAILED, true, "down60 w0 1:T4.4.3 2:R " },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		setup(state);
		wake((uint32_t)(100 + i), "b.test", cases[i].via);
		send_job((uint32_t)(100 + i));
		if (cases[i].result != NAMES_FAILED && !cases[i].via) {
			said[0] = '\0';
			answer(cases[i].result, NULL, 0);
			/* one was there, the other comes after */
			send_job((uint32_t)(100 + i));
			assert_true(strstr(said, "1:F5.") != NULL &&
			    strstr(said, "2:F5.") != NULL &&
			    strstr(said, "w50 ") != NULL);
		} else {
			send_job((uint32_t)(100 + i));
			said[0] = '\0';
			answer(cases[i].result, NULL, 0);
			assert_string_equal(said, cases[i].end);
		}
		window = 0;
		teardown(state);
	}
}

static void
test_no_resolver(void **state)
{
	(void)state;
	resolver_down = true;
	wake(1, "b.test", false);
	assert_string_equal(said, "down60 ");
	said[0] = '\0';
	/* sent before queued knew */
	send_job(1);
	assert_string_equal(said, "1:R ");
}

static void
test_resolver_lost(void **state)
{
	(void)state;
	wake(1, "b.test", false);
	send_job(1);
	said[0] = '\0';
	asker_lost(asker, LOST_PEER);
	assert_string_equal(said, "down60 w0 1:T4.4.3 ");
	/* twice as long the next time, and up again when it is well */
	wake(1, "b.test", false);
	asker_lost(asker, LOST_TIMEOUT);
	assert_non_null(strstr(said, "down120"));
	wake(1, "b.test", false);
	answer(NAMES_OK, here, 1);
	send_job(1);
	turn_until(all_ended);
	assert_int_equal(n_results[RCPT_DELIVERED], 1);
}

static void
test_dead_host(void **state)
{
	struct netaddr	 dead;
	int		 fd = loopback_socket(&dead);

	(void)state;
	close(fd);
	conf.smtp_port = dead.port;
	wake(1, "b.test", false);
	send_job(1);
	send_job(1);
	answer(NAMES_OK, here, 1);
	turn_until(is_down);
	assert_non_null(strstr(said, "down60 w0 1:T4.4.1 2:R "));
}

static void
test_greetings(void **state)
{
	static const struct {
		const char	*greeting, *end;
	} cases[] = {
		{ "554 5.7.1 never\r\n", "1:F5.7.1 " },
		{ "421 4.3.2 not now\r\n", "1:T4.3.2 " },
		{ "hello\r\n", "1:T4.5.0 " },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		setup(state);
		greeting = cases[i].greeting;
		wake((uint32_t)(200 + i), "b.test", false);
		send_job((uint32_t)(200 + i));
		answer(NAMES_OK, here, 1);
		turn_until(all_ended);
		assert_non_null(strstr(said, cases[i].end));
		window = 0;
		teardown(state);
	}
}

/* The first address does not answer, the second does. */
static void
test_next_address(void **state)
{
	static const char *const	two[] = { "127.0.0.2", "127.0.0.1" };

	(void)state;
	wake(1, "b.test", false);
	send_job(1);
	answer(NAMES_OK, two, 2);
	turn_until(all_ended);
	assert_non_null(strstr(said, "1:D2.0.0 "));
}

static void
test_loopback(void **state)
{
	static const char *const	refused[] = { "127.0.0.1", "0.0.0.0",
					    "224.0.0.1", "::1" };

	(void)state;
	conf.allow_loopback = false;
	wake(1, "b.test", false);
	send_job(1);
	answer(NAMES_OK, refused, 4);
	assert_non_null(strstr(said, "1:F5.4.4 "));
	window = 0;
	/* a literal is as much the sender's as a name */
	wake(2, "[127.0.0.1]", false);
	send_job(2);
	assert_non_null(strstr(said, "2:F5.4.4 "));
	window = 0;
	assert_int_equal(n_asked, 1);
	/* but via is the postmaster's */
	wake(3, "127.0.0.1", true);
	send_job(3);
	turn_until(all_ended);
	assert_non_null(strstr(said, "3:D2.0.0 "));
	assert_int_equal(n_asked, 1);
}

/* Nobody has a mail host in a network that is not reached from elsewhere. */
static void
test_private(void **state)
{
	static const char *const	 refused[] = { "10.0.0.1",
					    "172.16.0.1", "192.168.0.1",
					    "169.254.169.254", "100.64.0.1",
					    "0.1.2.3", "fe80::1", "fd00::1",
					    "ff02::1", "255.255.255.255" };
	struct target_wish		 wish = {
		.conf = &conf, .next_hop = STR("[10.0.0.1]"), .port = 25,
	};
	struct targets			 t = { 0 };
	struct outcome			 o;

	(void)state;
	conf.allow_loopback = false;
	wake(1, "b.test", false);
	send_job(1);
	answer(NAMES_OK, refused, sizeof(refused) / sizeof(refused[0]));
	assert_non_null(strstr(said, "1:F5.4.4 "));
	window = 0;
	/* whoever writes the address itself knows where he is */
	assert_int_equal(targets_from_literal(&t, &wish, &o), 0);
	targets_clear(&t);
	wish.next_hop = str_of("10.0.0.1");
	wish.via = true;
	assert_int_equal(targets_from_literal(&t, &wish, &o), 0);
	targets_clear(&t);
}

static void
test_ourselves(void **state)
{
	struct bind_conf	 binds = { server_addr };
	struct listener_conf	 listener = { .binds = &binds, .n_binds = 1 };

	(void)state;
	conf.listeners = &listener;
	conf.n_listeners = 1;
	wake(1, "b.test", false);
	send_job(1);
	answer(NAMES_OK, here, 1);
	assert_non_null(strstr(said, "1:F5.4.6 "));
	assert_int_equal(n_sessions, 0);
	window = 0;
	/* by name */
	conf.n_listeners = 0;
	conf.hostname = (struct str)STR("MX.b.test");
	wake(2, "b.test", false);
	send_job(2);
	answer(NAMES_OK, here, 1);
	assert_non_null(strstr(said, "2:F5.4.6 "));
	window = 0;
}

/* queued dies with jobs in hand: they end, and the new one hears of them. */
static void
test_queued_lost(void **state)
{
	(void)state;
	wake(1, "b.test", false);
	send_job(1);
	send_job(1);
	answer(NAMES_OK, here, 1);
	queued_down = true;
	route_queued_lost();
	said[0] = '\0';
	while (n_mails < 2)
		event_base_loop(base, EVLOOP_ONCE);
	event_base_loop(base, EVLOOP_ONCE);
	event_base_loop(base, EVLOOP_NONBLOCK);
	assert_string_equal(said, "");
	queued_down = false;
	kept_resume(&queued_peer);
	assert_string_equal(said,
	    "resume1 resume2 resumed 1:D2.0.0 2:D2.0.0 ");
	/* its route has another number; the connection is used again */
	wake(77, "b.test", false);
	send_job(77);
	turn_until(all_ended);
	assert_int_equal(n_sessions, 1);
}

static bool	 stopped;

static void
on_stopped(void)
{
	stopped = true;
}

static bool
is_stopped(void)
{
	return stopped;
}

/* What is under way ends, what waits comes back, connections leave. */
static void
test_stop(void **state)
{
	(void)state;
	wake(1, "b.test", false);
	answer(NAMES_OK, here, 1);
	send_job(1);
	while (n_mails == 0)
		event_base_loop(base, EVLOOP_ONCE);
	wake(2, "c.test", false);
	send_job(2);
	stopping = true;
	route_stop(on_stopped);
	turn_until(is_stopped);
	assert_non_null(strstr(said, "1:D2.0.0 "));
	assert_non_null(strstr(said, "2:R "));
	/* sent before queued knew */
	send_job(1);
	assert_non_null(strstr(said, "3:R "));
	window = 0;
}

static void
no_log(enum log_level level, const char *line, size_t n)
{
	(void)level, (void)line, (void)n;
}

#define TEST(test)	cmocka_unit_test_setup_teardown(test, setup, teardown)

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		TEST(test_one),
		TEST(test_job_before_hosts),
		TEST(test_many),
		TEST(test_421),
		TEST(test_connection_messages),
		cmocka_unit_test(test_no_mail_ever),
		TEST(test_no_resolver),
		TEST(test_resolver_lost),
		TEST(test_dead_host),
		cmocka_unit_test(test_greetings),
		TEST(test_next_address),
		TEST(test_loopback),
		TEST(test_private),
		TEST(test_ourselves),
		TEST(test_queued_lost),
		TEST(test_stop),	/* the last: it cannot be undone */
	};

	log_set_sink(no_log);
	base = event_base_new();
	feeder = event_new(base, -1, 0, on_feed, NULL);
	io_setup(base);
	route_setup();
	start_server();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
