/*
 * deliverd's routes to services, by LMTP, and questions ("recipients
 * verify"), which go the way of mail.
 */
#include "route_harness.h"

#include <errno.h>

static struct service_conf	 services[] = {
	{ .name = STR("unix:/run/other") }, { .name = STR("unix:/run/lmtp") },
};

static struct route_wake
service_wake(uint32_t route)
{
	return (struct route_wake){
		.route = route, .transport = TRANSPORT_LMTP, .via = true,
		.next_hop = STR("unix:/run/lmtp"), .service = 1, .conf = 7,
		.credential = CREDENTIAL_NONE, .concurrency = 5, .waiting = 1,
	};
}

static void
wake_service(uint32_t route)
{
	struct route_wake	 m = service_wake(route);

	is_lmtp = true;
	route_wake(&m);
}

static int
connect_here(void)
{
	struct sockaddr_storage	 ss;
	int			 fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(connect(fd, (struct sockaddr *)&ss,
	    netaddr_to_sockaddr(&server_addr, &ss)), 0);
	return fd;
}

/* The connect role's answer to the open question. */
static void
opened(int fd, int error)
{
	const struct service_opened	 m = { (uint32_t)error };
	struct conn			*conn = opener_asker;

	assert_non_null(conn);
	opener_asker = NULL;
	opened_fd = fd;
	service_on_opened(&opener_peer, conn, &m);
}

static void
ask_by(const struct route_wake *route, uint32_t id, const char *rcpt)
{
	struct verify_ask	 m = { *route, str_of(rcpt) };

	question_ask(&queued_peer, id, &m);
}

static void
ask(uint32_t id, const char *rcpt)
{
	const struct route_wake	 route = { .route = 1,
	    .next_hop = STR("b.test"), .service = SERVICE_NONE,
	    .credential = CREDENTIAL_NONE, .concurrency = concurrency };

	ask_by(&route, id, rcpt);
}

static const char	*awaited;

static bool
is_said(void)
{
	return strstr(said, awaited) != NULL;
}

static void
turn_until_said(const char *text)
{
	awaited = text;
	turn_until(is_said);
}

/* ---- services ---------------------------------------------------------- */

static void
test_service(void **state)
{
	(void)state;
	wake_service(1);
	assert_string_equal(said, "open7/1 w2 ");
	send_job(1);
	opened(connect_here(), 0);
	turn_until(all_ended);
	turn_until(asleep);
	assert_string_equal(said, "open7/1 w2 1:D2.0.0 w0 ");
	assert_int_equal(n_mails, 1);
	assert_int_equal(n_asked, 0);
}

static void
test_service_is_not_there(void **state)
{
	(void)state;
	wake_service(1);
	send_job(1);
	said[0] = '\0';
	opened(-1, ENOENT);
	assert_string_equal(said, "down60 w0 1:T4.4.1 ");
	/* later it is */
	wake_service(1);
	send_job(1);
	opened(connect_here(), 0);
	turn_until(all_ended);
	assert_int_equal(n_results[RCPT_DELIVERED], 1);
}

/* A connect role that is starting, or starting again, is waited for. */
static void
test_no_opener(void **state)
{
	(void)state;
	opener_down = true;
	wake_service(1);
	send_job(1);
	assert_string_equal(said, "w2 ");
	opener_down = false;
	service_opener_up();
	assert_string_equal(said, "w2 open7/1 ");
	opener_lost(opener_asker, LOST_PEER);
	opener_lost(opener_asker, LOST_PEER);
	said[0] = '\0';
	opener_lost(opener_asker, LOST_PEER);
	assert_string_equal(said, "down60 w0 1:T4.3.0 ");
}

static void
test_opener_is_late(void **state)
{
	(void)state;
	wake_service(1);
	send_job(1);
	said[0] = '\0';
	opener_lost(opener_asker, LOST_TIMEOUT);
	assert_string_equal(said, "down60 w0 1:T4.4.1 ");
	/* and comes after all */
	opened_fd = dup(STDERR_FILENO);
	service_on_opened(&opener_peer, NULL, &(struct service_opened){ 0 });
	assert_int_equal(opened_fd, -1);
}

/* One that lies is reported, and is no connection. */
static void
test_opener_lies(void **state)
{
	(void)state;
	fault = NULL;
	wake_service(1);
	send_job(1);
	opened(-1, 0);
	assert_string_equal(fault, "socket-or-error");
	assert_non_null(strstr(said, "1:T4.4.1 "));
	fault = NULL;
	wake_service(1);
	send_job(1);
	opened(connect_here(), ECONNREFUSED);
	assert_string_equal(fault, "socket-or-error");
	assert_non_null(strstr(said, "2:T4.4.1 "));
}

/* In another configuration the same service has another place. */
static void
test_reconfigured(void **state)
{
	(void)state;
	conf.connection_messages = 1;
	wake_service(1);
	send_job(1);
	opened(connect_here(), 0);
	conf.number = 8;
	conf.services = services + 1;
	conf.n_services = 1;
	route_reconfigure();
	turn_until_said("open8/0 ");
	/* one that it does not know stays known as it was */
	conf.number = 9;
	conf.n_services = 0;
	route_reconfigure();
	opened(-1, ESTALE);
	wake_service(1);
	assert_non_null(strstr(said, "open7/1 "));
	opened(-1, ENOENT);
}

/* ---- questions --------------------------------------------------------- */

static void
test_questions(void **state)
{
	(void)state;
	ask(1, "yes@b.test");
	assert_string_equal(said, "ask-mx ");
	ask(2, "no@b.test");
	ask(3, "later@b.test");
	answer(NAMES_OK, here, 1);
	turn_until_said("q3:");
	assert_string_equal(said, "ask-mx q1:D250/2.1.5 q2:F550/5.1.1 "
	    "q3:T450/4.2.0 ");
	assert_int_equal(n_sessions, 1);
	assert_int_equal(n_resets, 3);
	assert_int_equal(n_mails, 0);
	turn_until(asleep);
}

/* A mail and a question use the same connection. */
static void
test_question_beside_mail(void **state)
{
	(void)state;
	concurrency = 1;
	wake(1, "b.test", false);
	send_job(1);
	ask(1, "no@b.test");
	send_job(1);
	answer(NAMES_OK, here, 1);
	turn_until(all_ended);
	turn_until_said("q1:F550/5.1.1");
	assert_int_equal(n_results[RCPT_DELIVERED], 2);
	assert_int_equal(n_sessions, 1);
}

/* A route of which there was only a question becomes queued's. */
static void
test_question_then_mail(void **state)
{
	(void)state;
	concurrency = 1;
	ask(1, "yes@b.test");
	wake(77, "b.test", false);
	send_job(77);
	answer(NAMES_OK, here, 1);
	turn_until(all_ended);
	assert_int_equal(n_results[RCPT_DELIVERED], 1);
	assert_non_null(strstr(said, "q1:D250/2.1.5"));
	assert_int_equal(n_asked, 1);
	assert_int_equal(n_sessions, 1);
}

static void
test_question_by_service(void **state)
{
	struct route_wake	 m = service_wake(1);

	(void)state;
	is_lmtp = true;
	ask_by(&m, 1, "no@b.test");
	ask_by(&m, 2, "yes@b.test");
	assert_string_equal(said, "open7/1 ");
	opened(connect_here(), 0);
	turn_until_said("q2:D250/2.1.5");
	assert_non_null(strstr(said, "q1:F550/5.1.1"));
	turn_until(asleep);
}

/* Only the reply to RCPT, and what we know ourselves, is a no. */
static void
test_not_about_the_recipient(void **state)
{
	(void)state;
	greeting = "554 5.7.1 never\r\n";
	ask(1, "yes@b.test");
	answer(NAMES_OK, here, 1);
	turn_until_said("q1:T554/4.7.1 ");
	greeting = "220 sink\r\n";
	assert_int_equal(n_asked, 1);
	route_queued_lost();
	ask(2, "yes@b.test");
	answer(NAMES_NULL_MX, NULL, 0);
	turn_until_said("q2:F0/5.1.10 ");
	/* of a route that has mail it is known for a while */
	wake(1, "b.test", false);
	answer(NAMES_NULL_MX, NULL, 0);
	ask(3, "other@b.test");
	turn_until_said("q3:F0/5.1.10 ");
	assert_int_equal(n_asked, 3);
}

/* All that wait have the reason, not only the first. */
static void
test_down(void **state)
{
	(void)state;
	ask(1, "a@b.test");
	ask(2, "b@b.test");
	answer(NAMES_FAILED, NULL, 0);
	assert_string_equal(said, "ask-mx q1:T0/4.4.3 q2:T0/4.4.3 ");
	/* nobody's route that has failed is forgotten */
	said[0] = '\0';
	ask(3, "c@b.test");
	assert_string_equal(said, "ask-mx ");
	asker_lost(asker, LOST_TIMEOUT);
}

/* Questions find out that a host is up again; that it is still down must not
 * put off the mail that waits for it. */
static void
test_down_is_told_once(void **state)
{
	uint64_t	 now = clock_ms();

	(void)state;
	wake(1, "b.test", false);
	send_job(1);
	answer(NAMES_FAILED, NULL, 0);
	assert_non_null(strstr(said, "down60 w0 1:T4.4.3 "));
	said[0] = '\0';
	ask(1, "a@b.test");
	assert_string_equal(said, "q1:T0/4.4.3 ");
	clock_hold(now + 6000, 1);
	said[0] = '\0';
	ask(2, "a@b.test");
	assert_non_null(strstr(said, "ask-mx "));
	answer(NAMES_FAILED, NULL, 0);
	assert_non_null(strstr(said, "q2:T0/4.4.3 "));
	assert_null(strstr(said, "down"));
	clock_hold(now + 61000, 1);
	said[0] = '\0';
	ask(3, "a@b.test");
	answer(NAMES_OK, here, 1);
	clock_let_go();
	turn_until_said("q3:D250/2.1.5");
}

static void
test_queued_gone(void **state)
{
	(void)state;
	ask(1, "a@b.test");
	question_peer_lost(&queued_peer);
	route_queued_lost();
	answer(NAMES_OK, here, 1);
	while (n_resets == 0)
		event_base_loop(base, EVLOOP_ONCE);
	assert_string_equal(said, "ask-mx ");
}

static void
test_unsayable(void **state)
{
	(void)state;
	ask(1, "a@b.test>\r\nRSET");
	answer(NAMES_OK, here, 1);
	turn_until_said("q1:F0/5.1.3 ");
	assert_int_equal(n_rcpts, 0);
}

static void
test_stop(void **state)
{
	(void)state;
	ask(1, "a@b.test");
	stopping = true;
	route_stop(on_stopped);
	turn_until(is_stopped);
	assert_non_null(strstr(said, "q1:R0/"));
	ask(2, "a@b.test");
	assert_non_null(strstr(said, "q2:R0/"));
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		TEST(test_service),
		TEST(test_service_is_not_there),
		TEST(test_no_opener),
		TEST(test_opener_is_late),
		TEST(test_opener_lies),
		TEST(test_reconfigured),
		TEST(test_questions),
		TEST(test_question_beside_mail),
		TEST(test_question_then_mail),
		TEST(test_question_by_service),
		TEST(test_not_about_the_recipient),
		TEST(test_down),
		TEST(test_down_is_told_once),
		TEST(test_queued_gone),
		TEST(test_unsayable),
		TEST(test_stop),	/* the last: it cannot be undone */
	};

	harness_begin();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
