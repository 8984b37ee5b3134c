/*
 * Session tickets: resumed where they may be, and nowhere else.
 */
#include "tls_harness.h"

static SSL_SESSION	*kept;

static int
setup(void **state)
{
	(void)state;
	keyd_act = KEYD_SIGNS;
	keyd_handlers.TICKET_KEY_ASK = fake_ticket_key_ask;
	ticket_lives_s = 3600;
	clock_hold(1000000, 1000);
	keyd_start(ROLE_SMTPD_MX);
	server = new_server(&listeners[0]);
	SSL_CTX_set_max_proto_version(raw_ctx, 0);
	SSL_CTX_set_session_cache_mode(raw_ctx, SSL_SESS_CACHE_CLIENT);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	SSL_SESSION_free(kept);
	kept = NULL;
	end_stop(&srv);
	tls_server_free(server);
	keyd_stop();
	clock_let_go();
	return 0;
}

/* Whether the session kept (none: a new one) was taken up. */
static bool
resumes(int version)
{
	SSL_SESSION	*old = kept;
	SSL		*ssl;
	bool		 resumed;

	SSL_CTX_set_max_proto_version(raw_ctx, version);
	ssl = raw_start(start_server(), "a.test", old);
	assert_int_equal(raw_handshake(ssl), 1);
	assert_string_equal(raw_read(ssl), "");	/* takes the ticket */
	assert_int_equal(srv.done, 1);
	resumed = SSL_session_reused(ssl);
	assert_int_equal(srv.facts->resumed, resumed);
	kept = SSL_get1_session(ssl);
	if (!SSL_SESSION_has_ticket(kept)) {
		SSL_SESSION_free(kept);
		kept = NULL;
	}
	SSL_SESSION_free(old);
	SSL_shutdown(ssl);
	raw_stop(ssl);
	end_stop(&srv);
	return resumed;
}

static void
test_resumption(void **state)
{
	(void)state;
	for (int v = TLS1_2_VERSION; v <= TLS1_3_VERSION; v++) {
		signs_asked = 0;
		SSL_SESSION_free(kept);
		kept = NULL;
		assert_false(resumes(v));
		assert_non_null(kept);
		assert_int_equal(signs_asked, 1);
		assert_true(resumes(v));
		assert_int_equal(signs_asked, 1);	/* keyd has rest */
		SSL_SESSION_free(kept);
		kept = NULL;
		assert_false(resumes(v));
	}
}

/* Another server of the same listener, as after a reload, takes them. */
static void
test_reloaded(void **state)
{
	(void)state;
	assert_false(resumes(TLS1_3_VERSION));
	tls_server_free(server);
	server = new_server(&listeners[0]);
	assert_true(resumes(TLS1_3_VERSION));
}

/* ticket_cross: another listener's, and another role's. */
static void
test_ticket_cross(void **state)
{
	(void)state;
	for (int v = TLS1_2_VERSION; v <= TLS1_3_VERSION; v++) {
		assert_false(resumes(v));
		tls_server_free(server);
		server = new_server(&listeners[1]);
		assert_false(resumes(v));
		assert_true(resumes(v));
		keyd_stop();
		keyd_start(ROLE_SMTPD_MSA);
		assert_false(resumes(v));
		assert_true(resumes(v));
		teardown(NULL);
		setup(NULL);
	}
}

static void
test_without_key(void **state)
{
	(void)state;
	keyd_stop();
	keyd_handlers.TICKET_KEY_ASK = NULL;	/* that channel closes */
	keyd_start(ROLE_SMTPD_MX);
	assert_null(to_keyd);
	keyd_handlers.TICKET_KEY_ASK = fake_ticket_key_ask;
	keyd_start(ROLE_SMTPD_MX);
	ticket_lives_s = 0;
	keyd_stop();
	keyd_start(ROLE_SMTPD_MX);
	for (int v = TLS1_2_VERSION; v <= TLS1_3_VERSION; v++) {
		assert_false(resumes(v));
		assert_null(kept);
	}
}

/*
 * keyd goes, with its key, before a client's last step: the ticket that it
 * has been promised must not be sealed with no key at all.
 */
static void
test_keyd_goes_before_seal(void **state)
{
	static const uint8_t	 none[TICKET_NAME_LEN];
	const unsigned char	*ticket;
	SSL			*ssl;
	size_t			 n;

	(void)state;
	for (int v = TLS1_2_VERSION; v <= TLS1_3_VERSION; v++) {
		SSL_CTX_set_max_proto_version(raw_ctx, v);
		ssl = raw_start(start_server(), "a.test", NULL);
		(void)SSL_connect(ssl);
		spin();			/* the server's part of it */
		keyd_stop();
		keyd_handlers.TICKET_KEY_ASK = NULL;
		keyd_start(ROLE_SMTPD_MX);
		assert_int_equal(raw_handshake(ssl), 1);
		assert_string_equal(raw_read(ssl), "");
		kept = SSL_get1_session(ssl);
		SSL_SESSION_get0_ticket(kept, &ticket, &n);
		assert_true(n > sizeof(none));
		assert_memory_not_equal(ticket, none, sizeof(none));
		SSL_shutdown(ssl);
		raw_stop(ssl);
		end_stop(&srv);
		keyd_handlers.TICKET_KEY_ASK = fake_ticket_key_ask;
		keyd_start(ROLE_SMTPD_MX);
		assert_false(resumes(v));	/* and nobody opens it */
		SSL_SESSION_free(kept);
		kept = NULL;
	}
}

/* It seals for as long as it lives, and opens for as long again. */
static void
test_rotation(void **state)
{
	unsigned	 asks = ticket_asks;

	(void)state;
	assert_false(resumes(TLS1_2_VERSION));
	assert_int_equal(ticket_asks, asks);
	clock_hold(1000000 + 2600000, 1000);
	assert_true(resumes(TLS1_2_VERSION));
	assert_int_equal(ticket_asks, asks);
	clock_hold(1000000 + 2800000, 1000);	/* past three quarters */
	assert_true(resumes(TLS1_2_VERSION));
	assert_int_equal(ticket_asks, asks + 1);
	assert_true(resumes(TLS1_2_VERSION));	/* by the one before */
	assert_true(resumes(TLS1_2_VERSION));	/* by the new one */
	assert_int_equal(ticket_asks, asks + 1);
	clock_hold(1000000 + 2800000 + 7200000, 1000);
	assert_false(resumes(TLS1_2_VERSION));
}

static void
test_malformed_key(void **state)
{
	static const struct ticket_key	 keys[] = {
		{ STR("0123456789abcde"), STR("x"), 3600 },
		{ STR("0123456789abcdef"), STR("x"), 3600 },
		{ { NULL, 0 }, { NULL, 0 }, 3600 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		on_ticket_key(to_keyd, NULL, &keys[i]);
	assert_false(resumes(TLS1_3_VERSION));
	assert_true(resumes(TLS1_3_VERSION));
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
#define T(name)	cmocka_unit_test_setup_teardown(name, setup, teardown)
		T(test_resumption),
		T(test_reloaded),
		T(test_ticket_cross),
		T(test_without_key),
		T(test_keyd_goes_before_seal),
		T(test_rotation),
		T(test_malformed_key),
	};
	int	 failed;

	harness_start();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	harness_stop();
	return failed;
}
