/*
 * What a client may have TLS do for it once its handshake is complete: there
 * is an end to it, in octets kept and in work, and no session hears of it.
 */
#include "tls_harness.h"

#define OUT_MAX		200000	/* what may wait for one that does not read */

static int
setup(void **state)
{
	(void)state;
	keyd_act = KEYD_SIGNS;
	keyd_start(ROLE_SMTPD_MX);
	server = new_server(&listeners[0]);
	SSL_CTX_set_max_proto_version(raw_ctx, 0);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	stop_both();
	tls_server_free(server);
	keyd_stop();
	return 0;
}

static SSL *
connected(void)
{
	SSL	*ssl = raw_start(start_server(), NULL, NULL);

	assert_int_equal(raw_handshake(ssl), 1);
	spin();
	assert_int_equal(srv.done, 1);
	return ssl;
}

/* One more; the server has seen it. */
static void
update_key(SSL *ssl, int kind)
{
	if (SSL_key_update(ssl, kind) == 1)
		(void)SSL_do_handshake(ssl);
	spin();
}

/* RFC 8446 4.6.3: as often as anybody needs it, each is answered. */
static void
test_key_updates(void **state)
{
	SSL	*ssl = connected();

	(void)state;
	for (int i = 0; i < 100; i++) {
		update_key(ssl, SSL_KEY_UPDATE_REQUESTED);
		assert_string_equal(raw_read(ssl), "");
	}
	SSL_write(ssl, "NOOP\r\n", 6);
	spin();
	assert_got(&srv, "NOOP\r\n");
	io_write(srv.io, str_of("250\r\n"));
	assert_string_equal(raw_read(ssl), "250\r\n");
	raw_stop(ssl);
}

/* Nor is one served for ever who never says anything else. */
static void
test_key_updates_without_end(void **state)
{
	SSL	*ssl = connected();

	(void)state;
	for (int i = 0; i < 20000 && srv.ends == 0; i++) {
		update_key(ssl, SSL_KEY_UPDATE_REQUESTED);
		if (srv.ends == 0)
			assert_true(io_waiting(srv.io) < OUT_MAX);
	}
	assert_int_equal(srv.ends, 1);
	assert_string_equal(srv.why, "too much asked of TLS");
	assert_int_equal(srv.got.len, 0);
	raw_stop(ssl);
}

#define T(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		T(test_key_updates),
		T(test_key_updates_without_end),
	};
	int	 failed;

	harness_start();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	harness_stop();
	return failed;
}
