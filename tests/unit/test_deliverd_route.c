/*
 * deliverd's routes, from ROUTE_WAKE to JOB_RESULT, for mail by SMTP.
 */
#include "route_harness.h"

/* ---- tests ------------------------------------------------------------- */

static void
test_one(void **state)
{
	(void)state;
	conf.connection_idle_ms = 1000;
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
	conf.connection_idle_ms = 2000;	/* none is closed meanwhile */
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

/* One that is just starting, or starting again, is waited for. */
static void
test_no_resolver(void **state)
{
	(void)state;
	resolver_down = true;
	wake(1, "b.test", false);
	send_job(1);
	assert_string_equal(said, "w2 ");
	resolver_down = false;
	route_resolver_up();
	assert_string_equal(said, "w2 ask-mx ");
	/* it dies with the question */
	resolver_down = true;
	asker_lost(asker, LOST_PEER);
	resolver_down = false;
	route_resolver_up();
	assert_string_equal(said, "w2 ask-mx ask-mx ");
	answer(NAMES_OK, here, 1);
	turn_until(all_ended);
	assert_int_equal(n_results[RCPT_DELIVERED], 1);
}

/* But not again and again: it may be this question that it dies of. */
static void
test_resolver_lost(void **state)
{
	(void)state;
	wake(1, "b.test", false);
	send_job(1);
	asker_lost(asker, LOST_PEER);
	asker_lost(asker, LOST_PEER);
	said[0] = '\0';
	asker_lost(asker, LOST_PEER);
	assert_string_equal(said, "down60 w0 1:T4.4.3 ");
	/* twice as long the next time, and up again when it is well */
	wake(1, "b.test", false);
	asker_lost(asker, LOST_TIMEOUT);
	assert_non_null(strstr(said, "down120"));
	/* sent before queued knew */
	send_job(1);
	assert_non_null(strstr(said, "2:R "));
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

/* Whatever waits for it, a route that was down is probed by one connection. */
static void
test_one_probe(void **state)
{
	struct netaddr	 dead;
	int		 fd = loopback_socket(&dead);

	(void)state;
	close(fd);
	conf.smtp_port = dead.port;
	n_to_send = 100;
	wake(1, "b.test", false);
	/* two, at first */
	assert_non_null(strstr(said, "w4 "));
	answer(NAMES_OK, here, 1);
	turn_until(is_down);
	said[0] = '\0';
	n_down = 0;
	wake(1, "b.test", false);
	assert_non_null(strstr(said, "w2 "));
	assert_null(strstr(said, "w4 "));
	turn_until(is_down);
	assert_non_null(strstr(said, "down120 w0 "));
	assert_null(strstr(said, "w4 "));
	n_to_send = 0;
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
	conf.connection_idle_ms = 2000;	/* it is kept open */
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
		TEST(test_one_probe),
		cmocka_unit_test(test_greetings),
		TEST(test_next_address),
		TEST(test_loopback),
		TEST(test_private),
		TEST(test_ourselves),
		TEST(test_queued_lost),
		TEST(test_stop),	/* the last: it cannot be undone */
	};

	harness_begin();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
