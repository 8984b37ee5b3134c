/*
 * TLS between two ends of ours and with OpenSSL by itself: versions and kinds
 * of key, names, certificates of both sides, what is refused.
 */
#include "tls_harness.h"

static struct tls_client *client;

static int
setup(void **state)
{
	(void)state;
	keyd_act = KEYD_SIGNS;
	signs_asked = 0;
	certificates[2].self_signed = false;
	certificates[2].chain = str_of(pairs[2].pem);
	clock_let_go();
	set_listener(&listeners[0], "mx", (const int[]){ 0, 1, 2, -1 });
	keyd_start(ROLE_SMTPD_MX);
	server = new_server(&listeners[0]);
	client = tls_client_new(-1);
	assert_non_null(client);
	SSL_CTX_set_min_proto_version(raw_ctx, 0);
	SSL_CTX_set_max_proto_version(raw_ctx, 0);
	SSL_CTX_set1_sigalgs_list(raw_ctx, "ECDSA+SHA256:RSA-PSS+SHA256:"
	    "RSA+SHA256:ed25519");
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	stop_both();
	tls_server_free(server);
	tls_client_free(client);
	keyd_stop();
	return 0;
}

static void
test_our_two_ends(void **state)
{
	(void)state;
	start_both(client, "mx.example.org");
	assert_int_equal(signs_asked, 1);
	assert_string_equal(srv.facts->version, "TLSv1.3");
	assert_string_equal(srv.facts->cipher, "TLS_AES_256_GCM_SHA384");
	assert_int_equal(srv.facts->bits, 256);
	assert_false(srv.facts->resumed);
	assert_true(str_equal(srv.facts->sni, str_of("mx.example.org")));
	assert_int_equal(srv.facts->cert, TLS_CERT_NONE);
	assert_int_equal(cli.facts->sni.n, 0);
	assert_int_equal(cli.facts->cert, TLS_CERT_UNTRUSTED);
	assert_string_not_equal(cli.facts->cert_why, "");
	assert_true(str_equal(cli.facts->subject, str_of("CN=test1")));
	assert_talk();
}

/* Every version with every kind of key that it may have. */
static void
test_versions_and_keys(void **state)
{
	static const struct {
		int		 version;
		const char	*sigalgs;
		uint16_t	 scheme;
		const char	*cipher;
	} cases[] = {
		{ TLS1_3_VERSION, "ECDSA+SHA256", 0x0403,
		    "TLS_AES_256_GCM_SHA384" },
		{ TLS1_3_VERSION, "RSA-PSS+SHA256", 0x0804,
		    "TLS_AES_256_GCM_SHA384" },
		{ TLS1_3_VERSION, "RSA-PSS+SHA512", 0x0806,
		    "TLS_AES_256_GCM_SHA384" },
		{ TLS1_2_VERSION, "ECDSA+SHA256", 0x0403,
		    "ECDHE-ECDSA-AES256-GCM-SHA384" },
		{ TLS1_2_VERSION, "ECDSA+SHA384", 0x0503,
		    "ECDHE-ECDSA-AES256-GCM-SHA384" },
		{ TLS1_2_VERSION, "RSA-PSS+SHA256", 0x0804,
		    "ECDHE-RSA-AES256-GCM-SHA384" },
		{ TLS1_2_VERSION, "RSA+SHA256", 0x0401,
		    "ECDHE-RSA-AES256-GCM-SHA384" },
		{ TLS1_2_VERSION, "RSA+SHA384", 0x0501,
		    "ECDHE-RSA-AES256-GCM-SHA384" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		SSL	*ssl;

		SSL_CTX_set_min_proto_version(raw_ctx, cases[i].version);
		SSL_CTX_set_max_proto_version(raw_ctx, cases[i].version);
		SSL_CTX_set1_sigalgs_list(raw_ctx, cases[i].sigalgs);
		ssl = raw_start(start_server(), NULL, NULL);
		assert_int_equal(raw_handshake(ssl), 1);
		assert_string_equal(SSL_get_cipher(ssl), cases[i].cipher);
		assert_int_equal(sign_scheme_asked, cases[i].scheme);
		assert_int_equal(SSL_write(ssl, "NOOP\r\n", 6), 6);
		spin();
		assert_got(&srv, "NOOP\r\n");
		raw_stop(ssl);
		assert_int_equal(srv.ends, 1);
		end_stop(&srv);
	}
}

static void
test_ed25519(void **state)
{
	SSL	*ssl;

	(void)state;
	tls_server_free(server);
	set_listener(&listeners[0], "mx", (const int[]){ 3, -1 });
	server = new_server(&listeners[0]);
	for (int v = TLS1_2_VERSION; v <= TLS1_3_VERSION; v++) {
		SSL_CTX_set_max_proto_version(raw_ctx, v);
		ssl = raw_start(start_server(), NULL, NULL);
		assert_int_equal(raw_handshake(ssl), 1);
		assert_int_equal(sign_scheme_asked, 0x0807);
		raw_stop(ssl);
		end_stop(&srv);
	}
}

/* Below TLS 1.2, without forward secrecy, with SHA-1. */
static void
test_old_is_refused(void **state)
{
	SSL	*ssl;

	(void)state;
	SSL_CTX_set_security_level(raw_ctx, 0);
	SSL_CTX_set_max_proto_version(raw_ctx, TLS1_1_VERSION);
	ssl = raw_start(start_server(), NULL, NULL);
	assert_int_equal(raw_handshake(ssl), 0);
	assert_string_equal(srv.why, "unsupported protocol");
	raw_stop(ssl);
	end_stop(&srv);

	SSL_CTX_set_max_proto_version(raw_ctx, TLS1_2_VERSION);
	ssl = raw_start(start_server(), NULL, NULL);
	SSL_set_cipher_list(ssl, "AES256-GCM-SHA384:AES128-SHA");
	assert_int_equal(raw_handshake(ssl), 0);
	assert_string_equal(srv.why, "no shared cipher");
	assert_int_equal(srv.end, IO_ERROR);
	raw_stop(ssl);
	end_stop(&srv);

	ssl = raw_start(start_server(), NULL, NULL);
	SSL_set1_sigalgs_list(ssl, "ECDSA+SHA1:RSA+SHA1");
	assert_int_equal(raw_handshake(ssl), 0);
	assert_int_equal(srv.done, 0);
	raw_stop(ssl);
	SSL_CTX_set_security_level(raw_ctx, 1);
	assert_int_equal(signs_asked, 0);
}

/* ---- names ------------------------------------------------------------- */

static void
assert_shown(const char *name, size_t wanted)
{
	SSL	*ssl = raw_start(start_server(), name, NULL);
	X509	*x;

	assert_int_equal(raw_handshake(ssl), 1);
	x = SSL_get1_peer_certificate(ssl);
	if (X509_cmp(x, pairs[wanted].cert) != 0)
		fail_msg("%s: not certificate %zu", name, wanted);
	X509_free(x);
	raw_stop(ssl);
	end_stop(&srv);
}

static void
test_names(void **state)
{
	(void)state;
	assert_shown("mx.example.org", 1);
	assert_shown("MX.Example.ORG", 1);
	assert_shown("a.test", 1);
	assert_shown("www.example.net", 2);
	assert_shown("example.net", 1);		/* no label for the * */
	assert_shown("a.b.example.net", 1);	/* * is one label */
	assert_shown("*.example.net", 2);
	assert_shown("unknown.test", 1);
	assert_shown("127.0.0.1", 1);
	assert_shown("..", 1);
	assert_shown(".example.net", 1);
	assert_shown(NULL, 1);
	SSL_CTX_set1_sigalgs_list(raw_ctx, "RSA-PSS+SHA256:RSA+SHA256");
	assert_shown("mx.example.org", 0);
	assert_shown("unknown.test", 0);
}

/* ---- certificates ------------------------------------------------------ */

/* A bundle with the issuer of everything, as a file. */
static int
bundle_of(const char *pem)
{
	FILE	*f = tmpfile();
	int	 fd;

	assert_non_null(f);
	fputs(pem, f);
	fflush(f);
	fd = dup(fileno(f));
	fclose(f);
	return fd;
}

static void
assert_verdict(const char *name, enum tls_peer_cert wanted)
{
	start_both(client, name);
	assert_int_equal(cli.done, 1);
	if (cli.facts->cert != wanted)
		fail_msg("%s: %d: %s", name, cli.facts->cert,
		    cli.facts->cert_why);
	assert_int_equal(cli.facts->cert_why[0] == '\0',
	    wanted == TLS_CERT_VERIFIED);
	stop_both();
}

static void
test_verdicts(void **state)
{
	char	 both[16384];

	(void)state;
	snprintf(both, sizeof(both), "# comment\n%s\n%s", pairs[1].pem,
	    pairs[2].pem);
	tls_client_free(client);
	client = tls_client_new(bundle_of(both));
	assert_verdict("mx.example.org", TLS_CERT_VERIFIED);
	assert_verdict("A.TEST", TLS_CERT_VERIFIED);
	assert_verdict("any.example.net", TLS_CERT_VERIFIED);
	assert_verdict("other.test", TLS_CERT_MISMATCH);
	assert_verdict("127.0.0.1", TLS_CERT_MISMATCH);
	tls_client_free(client);
	client = tls_client_new(bundle_of(pairs[0].pem));
	assert_verdict("mx.example.org", TLS_CERT_UNTRUSTED);
	tls_client_free(client);
	client = tls_client_new(bundle_of("nothing"));
	assert_verdict("mx.example.org", TLS_CERT_UNTRUSTED);
}

/* Out of date, it is untrusted whatever its issuer. */
static void
test_expired(void **state)
{
	char	*pem = pairs[2].pem;
	X509	*x = make_cert(pairs[2].key, "old", "DNS:old.test", NULL, -10,
		    -2);

	(void)state;
	tls_server_free(server);
	pem = pem_of(x);
	certificates[2].chain = str_of(pem);
	set_listener(&listeners[0], "mx", (const int[]){ 2, -1 });
	server = new_server(&listeners[0]);
	tls_client_free(client);
	client = tls_client_new(bundle_of(pem));
	start_both(client, "old.test");
	assert_int_equal(cli.facts->cert, TLS_CERT_UNTRUSTED);
	assert_string_equal(cli.facts->cert_why, "certificate has expired");
	certificates[2].chain = str_of(pairs[2].pem);
	free(pem);
	X509_free(x);
}

/* The name of a subject is not one that counts. */
static void
test_common_name(void **state)
{
	X509	*x = make_cert(pairs[2].key, "cn.test", "email:cn@cn.test",
		    NULL, -1, 1);
	char	*pem = pem_of(x);

	(void)state;
	tls_server_free(server);
	certificates[2].chain = str_of(pem);
	set_listener(&listeners[0], "mx", (const int[]){ 2, -1 });
	server = new_server(&listeners[0]);
	tls_client_free(client);
	client = tls_client_new(bundle_of(pem));
	assert_verdict("cn.test", TLS_CERT_MISMATCH);
	certificates[2].chain = str_of(pairs[2].pem);
	free(pem);
	X509_free(x);
}

/* One with a NUL in it would be compared as what stands before. */
static void
test_bad_names(void **state)
{
	static const char	 with_nul[] = "a.test\0.evil.test";
	char			 long_name[300];
	int			 fds[2];

	(void)state;
	memset(long_name, 'x', sizeof(long_name));
	for (int i = 0; i < 2; i++) {
		socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds);
		end_start(&cli, fds[0]);
		assert_int_equal(tls_connect(cli.io, client, i == 0 ?
		    str_bytes(with_nul, sizeof(with_nul) - 1) :
		    str_bytes(long_name, sizeof(long_name)), &end_tls_ops,
		    &cli), -1);
		end_stop(&cli);
		close(fds[1]);
	}
}

/* Asked for, taken whatever it is, and recorded. */
static void
test_client_certificate(void **state)
{
	struct pair	 p = make_pair(EVP_EC_gen("P-256"), "me\xc3\xa9\r\n",
			    "DNS:client.test");
	uint8_t		 wanted[32];
	unsigned	 len = sizeof(wanted);
	SSL		*ssl;

	(void)state;
	ssl = raw_start(start_server(), NULL, NULL);
	SSL_use_certificate(ssl, p.cert);
	SSL_use_PrivateKey(ssl, p.key);
	assert_int_equal(raw_handshake(ssl), 1);
	spin();
	assert_int_equal(srv.facts->cert, TLS_CERT_NONE);	/* not asked */
	raw_stop(ssl);
	end_stop(&srv);

	tls_server_free(server);
	listeners[0].client_certificates = true;
	server = new_server(&listeners[0]);
	X509_digest(p.cert, EVP_sha256(), wanted, &len);
	for (int v = TLS1_2_VERSION; v <= TLS1_3_VERSION; v++) {
		SSL_CTX_set_max_proto_version(raw_ctx, v);
		ssl = raw_start(start_server(), NULL, NULL);
		SSL_use_certificate(ssl, p.cert);
		SSL_use_PrivateKey(ssl, p.key);
		assert_int_equal(raw_handshake(ssl), 1);
		spin();
		assert_int_equal(srv.done, 1);
		assert_int_equal(srv.facts->cert, TLS_CERT_UNTRUSTED);
		assert_memory_equal(srv.facts->fingerprint, wanted, 32);
		for (size_t i = 0; i < srv.facts->subject.n; i++)
			assert_in_range(srv.facts->subject.p[i], ' ', '~');
		raw_stop(ssl);
		end_stop(&srv);
	}
	ssl = raw_start(start_server(), NULL, NULL);	/* shows none */
	assert_int_equal(raw_handshake(ssl), 1);
	spin();
	assert_int_equal(srv.facts->cert, TLS_CERT_NONE);
	raw_stop(ssl);
	pair_clear(&p);
}

/* 100 KB of issuers behind a client's certificate. */
static void
test_long_chain(void **state)
{
	struct pair	 p = make_pair(EVP_EC_gen("P-256"), "me",
			    "DNS:client.test");
	SSL		*ssl;

	(void)state;
	tls_server_free(server);
	listeners[0].client_certificates = true;
	server = new_server(&listeners[0]);
	ssl = raw_start(start_server(), NULL, NULL);
	SSL_use_certificate(ssl, p.cert);
	SSL_use_PrivateKey(ssl, p.key);
	for (size_t n = 0; n < 100000; n += (size_t)i2d_X509(p.cert, NULL))
		SSL_add1_chain_cert(ssl, p.cert);
	SSL_set_mode(ssl, SSL_MODE_NO_AUTO_CHAIN);
	(void)raw_handshake(ssl);	/* ours is done before theirs is */
	spin();
	assert_int_equal(srv.done, 0);
	assert_int_equal(srv.ends, 1);
	assert_int_equal(srv.end, IO_ERROR);
	assert_string_equal(srv.why, "excessive message size");
	raw_stop(ssl);
	pair_clear(&p);
}

/* ---- what a server is made of ------------------------------------------ */

static void
test_bad_certificates(void **state)
{
	static const struct {
		const char	*chain, *why;
	} cases[] = {
		{ "", "certificate cert: the chain has no certificate in "
		    "PEM" },
		{ "text\n", "certificate cert: the chain has no certificate "
		    "in PEM" },
		{ "-----BEGIN CERTIFICATE-----\nMIIB\n"
		    "-----END CERTIFICATE-----\n",
		    "certificate cert: the chain is malformed or too long" },
	};
	char		 why[TLS_WHY_MAX], many[65536] = "";
	struct pair	 p;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		certificates[2].chain = str_of(cases[i].chain);
		assert_null(tls_server_new(&conf, &listeners[0], why));
		assert_string_equal(why, cases[i].why);
	}
	for (int i = 0; i < 11; i++)
		strcat(many, pairs[2].pem);
	certificates[2].chain = str_of(many);
	assert_null(tls_server_new(&conf, &listeners[0], why));
	p = make_pair(EVP_RSA_gen(1024), "weak", "DNS:weak.test");
	certificates[2].chain = str_of(p.pem);
	assert_null(tls_server_new(&conf, &listeners[0], why));
	assert_string_equal(why, "certificate cert: its key is of a kind or "
	    "size that is not served");
	certificates[2].chain = str_of(pairs[2].pem);
	pair_clear(&p);
	set_listener(&listeners[0], "mx", (const int[]){ -1 });
	assert_null(tls_server_new(&conf, &listeners[0], why));
}

/* ---- keyd's own certificates ------------------------------------------- */

static unsigned			 certificate_asks;
static enum secret_result	 certificate_result;
static X509			*certificate_given;

static void
give_certificate(struct peer *p, uint32_t id, const struct certificate_ask *m)
{
	uint8_t			*der = NULL;
	struct certificate	 answer = { certificate_result, STR_NONE };
	int			 n;

	assert_int_equal(m->conf, CONF_NUMBER);
	assert_int_equal(m->certificate, 2);
	certificate_asks++;
	n = i2d_X509(certificate_given, &der);
	if (answer.result == SECRET_OK)
		answer.der = str_bytes(der, (size_t)n);
	peer_send(p, CERTIFICATE, id, &answer);
	OPENSSL_free(der);
}

static void
test_self_signed(void **state)
{
	X509	*another = make_cert(pairs[2].key, "again", "DNS:x.test", NULL,
		    -1, 1);

	(void)state;
	keyd_handlers.CERTIFICATE_ASK = give_certificate;
	tls_server_free(server);
	certificates[2].self_signed = true;
	set_listener(&listeners[0], "mx", (const int[]){ 2, -1 });
	certificate_asks = 0;
	certificate_result = SECRET_UNKNOWN;
	certificate_given = pairs[2].cert;
	clock_hold(100000, 1000);
	server = new_server(&listeners[0]);
	assert_int_equal(certificate_asks, 1);
	assert_false(tls_server_ready(server));
	assert_int_equal(tls_accept(NULL, server, &end_tls_ops, NULL), -1);
	certificate_result = SECRET_OK;
	spin();
	assert_int_equal(certificate_asks, 1);	/* not at once again */
	clock_hold(102000, 1000);
	assert_false(tls_server_ready(server));
	spin();
	assert_int_equal(certificate_asks, 2);
	assert_true(tls_server_ready(server));
	assert_shown(NULL, 2);
	keyd_stop();				/* the next has another one */
	assert_true(tls_server_ready(server));
	certificate_given = another;
	keyd_start(ROLE_SMTPD_MX);
	assert_int_equal(certificate_asks, 3);
	assert_true(tls_server_ready(server));
	start_both(client, "x.test");
	assert_true(str_equal(cli.facts->subject, str_of("CN=again")));
	X509_free(another);
	certificates[2].self_signed = false;
	clock_let_go();
}

static struct peer	*asked_peer;
static uint32_t		 asked_id;

static void
keep_question(struct peer *p, uint32_t id, const struct certificate_ask *m)
{
	(void)m;
	asked_peer = p;
	asked_id = id;
}

/* A keyd that has been replaced answers all the same: its certificate is of
 * no use, as the next one has not got its key. */
static void
test_self_signed_late(void **state)
{
	X509		*another = make_cert(pairs[2].key, "again",
			    "DNS:x.test", NULL, -1, 1);
	const struct certificate_ask	 about = { CONF_NUMBER, 2 };
	struct peer	*old, *old_end;

	(void)state;
	tls_server_free(server);
	certificates[2].self_signed = true;
	set_listener(&listeners[0], "mx", (const int[]){ 2, -1 });
	keyd_handlers.CERTIFICATE_ASK = keep_question;
	server = new_server(&listeners[0]);
	old = asked_peer;
	old_end = to_keyd;
	keyd_handlers.CERTIFICATE_ASK = give_certificate;
	certificate_result = SECRET_OK;
	certificate_given = pairs[2].cert;
	keyd_start(ROLE_SMTPD_MX);
	assert_ptr_not_equal(to_keyd, old_end);
	certificate_given = another;
	give_certificate(old, asked_id, &about);
	spin();
	assert_shown(NULL, 2);
	peer_close(old);
	peer_close(old_end);
	spin();
	X509_free(another);
	certificates[2].self_signed = false;
}

/* Gone before its certificate has come. */
static void
test_self_signed_freed(void **state)
{
	char	 why[TLS_WHY_MAX];

	(void)state;
	keyd_handlers.CERTIFICATE_ASK = give_certificate;
	certificates[2].self_signed = true;
	certificate_given = pairs[2].cert;
	tls_server_free(server);
	server = tls_server_new(&conf, &listeners[0], why);
	assert_non_null(server);
	tls_server_free(server);
	server = NULL;
	spin();
	certificates[2].self_signed = false;
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
#define T(name)	cmocka_unit_test_setup_teardown(name, setup, teardown)
		T(test_our_two_ends),
		T(test_versions_and_keys),
		T(test_ed25519),
		T(test_old_is_refused),
		T(test_names),
		T(test_verdicts),
		T(test_expired),
		T(test_common_name),
		T(test_bad_names),
		T(test_client_certificate),
		T(test_long_chain),
		T(test_bad_certificates),
		T(test_self_signed),
		T(test_self_signed_late),
		T(test_self_signed_freed),
	};
	int	 failed;

	harness_start();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	harness_stop();
	return failed;
}
