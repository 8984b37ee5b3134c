/*
 * Clients that take more than their share: descriptors kept after QUIT,
 * commands that lead to no mail, replies that are not read, content behind
 * DATA before its time; and mail that carries the marks of a loop.
 */
#include "smtpd_harness.h"

#include <setjmp.h>
#include <stdarg.h>

#include <arpa/inet.h>
#include <netinet/in.h>

#include <cmocka.h>

#include "places.h"

#define HI	"HELO c.example\r\n"
#define FROM	"MAIL FROM:<a@b.example>\r\n"
#define TO	"RCPT TO:<ok@example.org>\r\n"
#define TO_DATA	HI FROM TO "DATA\r\n"

static struct buf	 text = BUF_INIT(1 << 20);
static char		 logged[65536];

static void
keep_log(enum log_level level, const char *line, size_t n)
{
	size_t	 len = strlen(logged);

	(void)level;
	if (len + n + 2 < sizeof(logged))
		snprintf(logged + len, sizeof(logged) - len, "%.*s\n", (int)n,
		    line);
}

static int
setup(void **state)
{
	(void)state;
	harness_setup();
	log_set_sink(keep_log);
	return 0;
}

static int
before(void **state)
{
	(void)state;
	harness_set_defaults();
	places_setup(0);
	logged[0] = '\0';
	return 0;
}

static size_t
count(const char *in, const char *what)
{
	size_t	 n = 0;

	while ((in = strstr(in, what)) != NULL) {
		in++;
		n++;
	}
	return n;
}

static void
repeat(unsigned n, const char *line)
{
	for (unsigned i = 0; i < n; i++)
		buf_puts(&text, line);
}

/* ---- places ------------------------------------------------------------ */

/* As the door does it: one session for each client. */
static struct client_count *
enter(void)
{
	struct netaddr	 addr;

	netaddr_parse(&addr, str_of("192.0.2.1"));
	return clients_enter(&addr, 1);
}

static void
test_place_until_closed(void **state)
{
	struct client_count	*count;

	(void)state;
	harness_count = enter();
	assert_non_null(harness_count);
	harness_connect();
	harness_send(str_of("QUIT\r\nx"));
	harness_run();
	/* its descriptor waits for the client to go, and so does its place */
	assert_non_null(strstr(harness_told(), "221 "));
	assert_int_equal(session_count(), 0);
	assert_int_equal(harness_settings->sessions, 1);
	assert_null(enter());
	harness_disconnect();
	assert_int_equal(harness_settings->sessions, 0);
	count = enter();
	assert_non_null(count);
	clients_leave(&count);
}

static void
test_place_without_leave(void **state)
{
	(void)state;
	harness_connect();
	harness_run();
	assert_int_equal(harness_settings->sessions, 1);
	harness_disconnect();
	assert_int_equal(harness_settings->sessions, 0);
}

static void
test_no_farewell_when_crowded(void **state)
{
	char	 c;

	(void)state;
	for (unsigned all = 0; all < 2; all++) {
		harness_listener.max_sessions = all ? 100 : 1;
		places_setup(all ? 1 : 0);
		harness_connect();
		harness_send(str_of("QUIT\r\nx"));
		harness_run();
		usleep(5000);
		harness_run();
		assert_non_null(strstr(harness_told(), "221 "));
		assert_int_equal(harness_settings->sessions, 0);
		assert_true(read(harness_client, &c, 1) <= 0);
		harness_disconnect();
	}
}

static void
test_places_full(void **state)
{
	(void)state;
	places_setup(5);
	harness_connect();
	assert_false(places_crowded(harness_settings));
	assert_false(places_full(harness_settings));
	harness_disconnect();
	places_setup(1);
	harness_connect();
	assert_true(places_full(harness_settings));
	assert_true(places_crowded(harness_settings));
	harness_disconnect();
	assert_false(places_full(harness_settings));
}

/* What is said of time, too: RFC 5321 4.5.3.2 has no room for a siege. */
static void
test_deadline_when_crowded(void **state)
{
	(void)state;
	places_setup(5);
	harness_connect();
	assert_int_equal(places_shorter(harness_settings, 9000, 100), 9000);
	places_setup(1);
	assert_int_equal(places_shorter(harness_settings, 9000, 100), 100);
	assert_int_equal(places_shorter(harness_settings, 0, 100), 100);
	assert_int_equal(places_shorter(harness_settings, 90, 100), 90);
	harness_disconnect();
}

/* ---- replies that are not read ----------------------------------------- */

static void
test_many_noops(void **state)
{
	(void)state;
	harness_listener.max_errors = 0;
	buf_reset(&text);
	repeat(20000, "NOOP\r\n");
	buf_puts(&text, "QUIT\r\n");
	harness_talk(buf_str(&text), 0);
	assert_int_equal(count(harness_told(), "250 2.0.0 Ok\r\n"), 20000);
	assert_int_equal(count(harness_told(), "221 "), 1);
}

/* Far more comes out than goes in; a client that reads gets all of it. */
static void
test_much_help(void **state)
{
	(void)state;
	harness_listener.max_errors = 0;
	buf_reset(&text);
	repeat(2000, "HELP\r\n");
	harness_talk(buf_str(&text), 0);
	assert_int_equal(count(harness_told(), "214 2.0.0 See RFC"), 2000);
}

/* One that does not read is not read from either, until its time is up. */
static void
test_replies_not_read(void **state)
{
	size_t	 sent = 0;
	ssize_t	 n;

	(void)state;
	harness_listener.max_errors = 0;
	harness_listener.command_timeout_ms = 1500;
	harness_connect();
	buf_reset(&text);
	repeat(1000, "HELP\r\n");
	for (unsigned i = 0; i < 1000; i++) {
		n = send(harness_client, buf_data(&text), text.len,
		    MSG_NOSIGNAL);
		sent += n > 0 ? (size_t)n : 0;
		event_base_loop(harness_base, EVLOOP_NONBLOCK);
	}
	assert_true(sent < 4 << 20);
	assert_int_equal(session_count(), 1);
	while (session_count() != 0)
		event_base_loop(harness_base, EVLOOP_ONCE);
	harness_disconnect();
}

/* ---- commands that lead to no mail ------------------------------------- */

static void
test_idle_commands(void **state)
{
	static const char *const	lines[] = { "NOOP\r\n", "RSET\r\n",
					    "HELP\r\n", "VRFY x\r\n" };

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		buf_reset(&text);
		repeat(IDLE_MAX + 9, lines[i]);
		harness_talk(buf_str(&text), 0);
		assert_int_equal(count(harness_told(), "421 4.7.0"), 0);
		buf_puts(&text, lines[i]);
		harness_talk(buf_str(&text), 0);
		assert_int_equal(count(harness_told(), "421 4.7.0"), 1);
	}
}

/* A transaction begins the count anew. */
static void
test_idle_between_mails(void **state)
{
	(void)state;
	buf_reset(&text);
	buf_puts(&text, HI);
	for (unsigned i = 0; i < 5; i++) {
		repeat(IDLE_MAX - 1, "NOOP\r\n");
		buf_puts(&text, FROM "RSET\r\n");
	}
	harness_talk(buf_str(&text), 0);
	assert_int_equal(count(harness_told(), "421 "), 0);
}

/* ---- early data -------------------------------------------------------- */

static void
test_early_data(void **state)
{
	(void)state;
	harness_talk(str_of(TO_DATA "A: b\r\n.\r\n" FROM TO "DATA\r\n.\r\n"),
	    0);
	assert_int_equal(count(harness_told(), "queued as"), 2);
	assert_int_equal(count(logged, "before 354"), 1);
	logged[0] = '\0';
	harness_talk(str_of(TO_DATA "A: b\r\n.\r\n"), sizeof(TO_DATA) - 1);
	assert_int_equal(count(harness_told(), "queued as"), 1);
	assert_int_equal(count(logged, "before 354"), 0);
}

/* ---- loops ------------------------------------------------------------- */

static const char *
say_mail(const char *header)
{
	buf_reset(&text);
	buf_printf(&text, "%sRCPT TO:<two@example.org>\r\nDATA\r\n%s\r\nx\r\n"
	    ".\r\nNOOP\r\n", HI FROM TO, header);
	return harness_talk(buf_str(&text), 0);
}

static void
test_delivered_to(void **state)
{
	static const char *const	loops[] = {
		"Delivered-To: ok@example.org\r\n",
		"A: b\r\ndelivered-to:\r\n  TWO@example.ORG \r\nC: d\r\n",
		"Delivered-To: x@a\r\nDelivered-To: two@example.org\r\n",
	};
	static const char *const	passes[] = {
		"Delivered-To: three@example.org\r\n",
		"X-Delivered-To: ok@example.org\r\n",
		"A: b\r\n\r\nDelivered-To: ok@example.org\r\n",
	};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		say_mail(loops[i]);
		assert_int_equal(count(harness_told(), "554 5.4.6 "), 1);
		assert_int_equal(count(harness_told(), "250 2.0.0 Ok\r\n"), 1);
		assert_int_equal(fake.submits, i);
		say_mail(passes[i]);
		assert_int_equal(count(harness_told(), "queued as"), 1);
	}
}

/* Comparing all fields with all recipients must not become work. */
static void
test_delivered_often(void **state)
{
	(void)state;
	buf_reset(&text);
	buf_puts(&text, TO_DATA);
	repeat(DELIVERED_MAX, "Delivered-To: x@example.org\r\n");
	buf_puts(&text, ".\r\n" FROM TO "DATA\r\n");
	repeat(DELIVERED_MAX + 1, "Delivered-To: x@example.org\r\n");
	buf_puts(&text, ".\r\n");
	harness_talk(buf_str(&text), 0);
	assert_int_equal(count(harness_told(), "queued as"), 1);
	assert_int_equal(count(harness_told(), "554 5.4.6 "), 1);
}

/* ---- postmaster -------------------------------------------------------- */

/* A client by TCP, as only that has an address of ours. */
static void
connect_tcp(void)
{
	struct sockaddr_in	 sin = { .sin_family = AF_INET };
	struct session_client	 c = { .set = harness_settings };
	socklen_t		 len = sizeof(sin);
	int			 lfd = socket(AF_INET, SOCK_STREAM, 0);

	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(lfd, (struct sockaddr *)&sin, len), 0);
	assert_int_equal(listen(lfd, 1), 0);
	getsockname(lfd, (struct sockaddr *)&sin, &len);
	harness_client = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(connect(harness_client, (struct sockaddr *)&sin,
	    len), 0);
	fcntl(harness_client, F_SETFL, O_NONBLOCK);
	c.fd = accept4(lfd, NULL, NULL, SOCK_NONBLOCK);
	close(lfd);
	netaddr_parse(&c.addr, str_of("127.0.0.1"));
	buf_reset(&harness_out);
	assert_int_equal(session_new(&c), 0);
}

static void
test_postmaster_literal(void **state)
{
	(void)state;
	harness_connect();	/* makes the settings */
	harness_disconnect();
	connect_tcp();
	harness_send(str_of(HI FROM "RCPT TO:<PostMaster@[127.0.0.1]>\r\n"
	    "RCPT TO:<postmaster@[127.0.0.2]>\r\n"
	    "RCPT TO:<ok@[127.0.0.1]>\r\nDATA\r\n"));
	harness_run();
	harness_send(str_of(".\r\n"));
	harness_run();
	harness_disconnect();
	assert_true(str_equal(buf_str(&fake.envelope), str_of("a@b.example|"
	    "postmaster|postmaster@[127.0.0.2]|ok@[127.0.0.1]")));
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test_setup(test_place_until_closed, before),
		cmocka_unit_test_setup(test_place_without_leave, before),
		cmocka_unit_test_setup(test_no_farewell_when_crowded, before),
		cmocka_unit_test_setup(test_places_full, before),
		cmocka_unit_test_setup(test_deadline_when_crowded, before),
		cmocka_unit_test_setup(test_many_noops, before),
		cmocka_unit_test_setup(test_much_help, before),
		cmocka_unit_test_setup(test_replies_not_read, before),
		cmocka_unit_test_setup(test_idle_commands, before),
		cmocka_unit_test_setup(test_idle_between_mails, before),
		cmocka_unit_test_setup(test_early_data, before),
		cmocka_unit_test_setup(test_delivered_to, before),
		cmocka_unit_test_setup(test_delivered_often, before),
		cmocka_unit_test_setup(test_postmaster_literal, before),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
