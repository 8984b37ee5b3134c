/*
 * Routes and how their connections are protected: what one demands is never
 * served by a connection made for another, and TLS that fails is done
 * without only where that is allowed.
 */
#include "route_harness.h"

#include "trust.h"

#define IDLE_MS		100
#define LONG_MS		2000	/* longer than what is done meanwhile */

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))

static const struct credential_conf	 credentials[] = {
	{ .name = STR("one") }, { .name = STR("two") },
};
static const struct credential_conf	 swapped[] = {
	{ .name = STR("two") }, { .name = STR("one") },
};

static struct route_wake	 plain = {
	.route = 1, .next_hop = STR("b.test"), .tls = TLS_LEVEL_MAY,
	.service = SERVICE_NONE, .credential = CREDENTIAL_NONE,
	.concurrency = 5, .waiting = 1,
};

static void
wake_as(const struct route_wake *m)
{
	route_wake(m);
	if (asker != NULL)
		answer(NAMES_OK, here, 1);
}

static void
try_mail(const struct route_wake *m)
{
	wake_as(m);
	send_job(m->route);
	turn_until(all_ended);
	assert_int_equal(kept_done(next_job - 1), 0);
}

/* A mail by a route like that, and a connection left idle. */
static void
one_mail(const struct route_wake *m)
{
	try_mail(m);
	assert_int_equal(n_open, 1);
}

/* Another queued, which does not know the numbers of the one before. */
static void
new_queued(void)
{
	route_queued_lost();
	kept_resume(&queued_peer);
}

static bool
all_closed(void)
{
	return n_open == 0 && pool_leaving() == 0;
}

static void
reuse_same(void **state)
{
	struct route_wake	 again = plain;

	(void)state;
	conf.connection_idle_ms = LONG_MS;
	one_mail(&plain);
	new_queued();
	again.route = 9;
	try_mail(&again);
	assert_int_equal(n_results[RCPT_DELIVERED], 2);
	assert_int_equal(n_sessions, 1);
}

/* THREATS 8: a connection is for the same route, TLS and credential. */
static void
reuse_policy(void **state)
{
	const struct {
		bool		 via_tls;
		enum tls_level	 tls;
		const char	*tls_name;
		uint16_t	 credential;
	} others[] = {
		{ false, TLS_LEVEL_ENCRYPT, "", CREDENTIAL_NONE },
		{ false, TLS_LEVEL_VERIFY, "", CREDENTIAL_NONE },
		{ false, TLS_LEVEL_NONE, "", CREDENTIAL_NONE },
		{ false, TLS_LEVEL_MAY, "mx.c.test", CREDENTIAL_NONE },
		{ false, TLS_LEVEL_MAY, "", 0 },
		{ false, TLS_LEVEL_MAY, "", 1 },
		{ false, TLS_LEVEL_MAY, "", 200 },
		{ true, TLS_LEVEL_MAY, "", CREDENTIAL_NONE },
	};
	struct route_wake	 m = plain, first = plain;
	unsigned		 sessions;

	(void)state;
	conf.connection_idle_ms = IDLE_MS;
	conf.credentials = credentials;
	conf.n_credentials = COUNT(credentials);
	for (size_t i = 0; i < COUNT(others); i++) {
		first.route = (uint32_t)(2 * i + 1);
		one_mail(&first);
		sessions = n_sessions;
		new_queued();
		m.route = first.route + 1;
		m.via_tls = others[i].via_tls;
		m.tls = others[i].tls;
		m.tls_name = str_of(others[i].tls_name);
		m.credential = others[i].credential;
		try_mail(&m);
		assert_true(n_sessions > sessions);
		new_queued();
		turn_until(all_closed);
	}
	/* two of the others were content with a server like that */
	assert_int_equal(n_mails, COUNT(others) + 2);
	conf.credentials = NULL;
	conf.n_credentials = 0;
}

/* The credential of a route is the one of that name, whatever its number. */
static void
credentials_by_name(void **state)
{
	struct route_wake	 m = plain;
	struct protection	 p;
	struct cred_ask		 ask;

	(void)state;
	conf.credentials = credentials;
	conf.n_credentials = 2;
	conf.number = 1;
	m.conf = 1;
	m.credential = 1;
	protection_set(&p, &m);
	protection_credential(&p, &ask);
	assert_int_equal(ask.conf, 1);
	assert_int_equal(ask.credential, 1);
	conf.credentials = swapped;
	conf.number = 2;
	protection_credential(&p, &ask);
	assert_int_equal(ask.conf, 2);
	assert_int_equal(ask.credential, 0);
	m.conf = 2;
	m.credential = 0;
	assert_true(protection_is(&p, &m));
	m.credential = 1;
	assert_false(protection_is(&p, &m));
	/* gone: keyd is asked for what it was, and says that it is not */
	conf.n_credentials = 0;
	conf.number = 3;
	protection_credential(&p, &ask);
	assert_int_equal(ask.conf, 1);
	assert_int_equal(ask.credential, 1);
	conf = (struct conf){ .number = 0 };
	setup(NULL);
}

static void
fallback(void **state)
{
	(void)state;
	offers_tls = true;
	wake_as(&plain);
	send_job(1);
	turn_until(all_ended);
	assert_int_equal(n_results[RCPT_DELIVERED], 1);
	/* refused, and the same host again in clear */
	assert_int_equal(n_sessions, 2);
}

static void
no_fallback(void **state)
{
	struct route_wake	 m = plain;

	(void)state;
	offers_tls = true;
	m.tls = TLS_LEVEL_ENCRYPT;
	wake_as(&m);
	send_job(1);
	turn_until(is_down);
	assert_int_equal(n_results[RCPT_DEFERRED], 1);
	assert_non_null(strstr(said, "1:T4.7.4"));
	assert_int_equal(n_mails, 0);
	assert_int_equal(n_sessions, 1);
}

/* Stripped of it: the mail waits, whatever the server says. */
static void
strip(void **state)
{
	struct route_wake	 m = plain;

	(void)state;
	m.tls = TLS_LEVEL_VERIFY;
	wake_as(&m);
	send_job(1);
	turn_until(is_down);
	assert_non_null(strstr(said, "1:T4.7.4"));
	assert_int_equal(n_mails, 0);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		TEST(reuse_same),
		TEST(reuse_policy),
		TEST(credentials_by_name),
		TEST(fallback),
		TEST(no_fallback),
		TEST(strip),
	};

	harness_begin();
	trust_setup();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
