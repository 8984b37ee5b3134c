/*
 * keyd's keys: taken from files, compared with their certificates, used for
 * whole handshakes and for nothing else, whoever asks.
 */
#include "tls_harness.h"

#include "log.h"
#include "sealed.h"
#include "sign.h"
#include "sign_keys.h"

static char	 said[4096];

static void
take_line(enum log_level level, const char *line, size_t n)
{
	(void)level;
	if (strlen(said) + n + 2 < sizeof(said))
		sprintf(said + strlen(said), "%.*s\n", (int)n, line);
}

/* ---- files ------------------------------------------------------------- */

static int
file_of(const char *text, size_t n)
{
	return sealed_new("key", str_bytes(text, n));
}

static int
file_of_key(EVP_PKEY *key, const char *password)
{
	BIO	*b = BIO_new(BIO_s_mem());
	char	*p;
	long	 n;
	int	 fd;

	PEM_write_bio_PKCS8PrivateKey(b, key, password != NULL ?
	    EVP_aes_128_cbc() : NULL, password, password != NULL ?
	    (int)strlen(password) : 0, NULL, NULL);
	n = BIO_get_mem_data(b, &p);
	fd = file_of(p, (size_t)n);
	BIO_free(b);
	return fd;
}

static int
file_of_old_form(EVP_PKEY *key)
{
	BIO	*b = BIO_new(BIO_s_mem());
	char	*p;
	long	 n;
	int	 fd;

	BIO_puts(b, "some text\n");
	if (EVP_PKEY_is_a(key, "EC"))
		BIO_puts(b, "-----BEGIN EC PARAMETERS-----\n"
		    "BggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n");
	PEM_write_bio_PrivateKey_traditional(b, key, NULL, NULL, 0, NULL,
	    NULL);
	n = BIO_get_mem_data(b, &p);
	fd = file_of(p, (size_t)n);
	BIO_free(b);
	return fd;
}

/* ---- a configuration --------------------------------------------------- */

static char	 why[512];

static int
configure(uint32_t number)
{
	conf.number = number;
	why[0] = said[0] = '\0';
	return sign_part.configure(&conf, why, sizeof(why));
}

static void
hand_over_all(void)
{
	for (unsigned i = 0; i < CERTS_N; i++)
		sign_part.secret(i, file_of_key(pairs[i].key, NULL));
}

/* ---- servers that use it ---------------------------------------------- */

static struct tls_client *client;

static void
start_servers(enum role role)
{
	keyd_start(role);
	server = new_server(&listeners[role == ROLE_SMTPD_MX ? 0 : 1]);
	client = tls_client_new(-1);
}

static void
stop_servers(void)
{
	stop_both();
	tls_server_free(server);
	server = NULL;
	tls_client_free(client);
	client = NULL;
	keyd_stop();
}

static int
setup(void **state)
{
	(void)state;
	log_set_sink(take_line);
	certificates[2].self_signed = false;
	certificates[2].chain = str_of(pairs[2].pem);
	conf.hostname = str_of("mx.example.org");
	clock_let_go();
	set_listener(&listeners[0], "mx", (const int[]){ 0, 1, 2, -1 });
	set_listener(&listeners[1], "submission", (const int[]){ 3, -1 });
	listeners[1].service = SERVICE_SUBMISSION;
	hand_over_all();
	if (configure(CONF_NUMBER) == -1)
		fail_msg("%s", why);
	sign_part.commit();
	sign_part.drop();
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	stop_servers();
	sign_part.drop();
	for (uint32_t i = 0; i < 4; i++) {
		struct conf	 none = { .number = 1000 + i };

		assert_int_equal(sign_part.configure(&none, why,
		    sizeof(why)), 0);
		sign_part.commit();
	}
	conf.number = CONF_NUMBER;
	log_set_sink(NULL);
	return 0;
}

static void
test_no_complaints(void **state)
{
	(void)state;
	assert_string_equal(said, "");
	assert_non_null(sign_keys_find(CONF_NUMBER, 0));
	assert_null(sign_keys_find(CONF_NUMBER, CERTS_N));
	assert_null(sign_keys_find(CONF_NUMBER - 1, 0));
	assert_null(sign_keys_find(CONF_NUMBER + 1, 0));
}

static void
assert_refused(unsigned i, int fd, const char *wanted)
{
	for (unsigned k = 0; k < CERTS_N; k++)
		sign_part.secret(k, k == i ? fd :
		    file_of_key(pairs[k].key, NULL));
	assert_int_equal(configure(50), -1);
	assert_string_equal(why, wanted);
	assert_null(sign_keys_find(50, 0));
	assert_non_null(sign_keys_find(CONF_NUMBER, 0));
}

#define AT	"test.conf:3: certificate cert: key.pem: "

static void
test_bad_files(void **state)
{
	static const char	 no[] = AT "not a private key in PEM, "
	    "without a password";
	static char		 big[20000];
	EVP_PKEY		*weak = EVP_RSA_gen(1024);
	EVP_PKEY		*curve = EVP_EC_gen("secp256k1");

	(void)state;
	assert_refused(2, file_of("x", 1), no);
	assert_refused(2, file_of(pairs[2].pem, strlen(pairs[2].pem)), no);
	assert_refused(2, file_of(big, sizeof(big)), no);
	assert_refused(2, file_of_key(pairs[2].key, "secret"), no);
	assert_refused(2, open("/dev/null", O_RDONLY), no);
	assert_refused(2, file_of_key(pairs[1].key, NULL),
	    AT "the key does not fit the certificate");
	assert_refused(2, file_of_key(pairs[0].key, NULL),
	    AT "the key does not fit the certificate");
	assert_refused(2, file_of_key(weak, NULL),
	    AT "the key is of a kind or size that is not served");
	assert_refused(2, file_of_key(curve, NULL),
	    AT "the key is of a kind or size that is not served");
	EVP_PKEY_free(weak);
	EVP_PKEY_free(curve);
	sign_part.drop();
	assert_int_equal(configure(50), -1);
	assert_string_equal(why, "test.conf:1: certificate cert: key.pem: "
	    "the key was not handed over");
	certificates[2].chain = str_of("nothing");
	assert_refused(2, file_of_key(pairs[2].key, NULL),
	    AT "the chain has no certificate in PEM");
	certificates[2].chain = str_of(pairs[2].pem);
}

static void
test_forms_of_file(void **state)
{
	(void)state;
	sign_part.secret(0, file_of_old_form(pairs[0].key));
	sign_part.secret(1, file_of_old_form(pairs[1].key));
	sign_part.secret(2, file_of_key(pairs[2].key, NULL));
	sign_part.secret(3, file_of_key(pairs[3].key, NULL));
	sign_part.secret(3, file_of("twice", 5));	/* closed */
	sign_part.secret(CERTIFICATES_MAX, file_of("x", 1));
	assert_int_equal(configure(51), 0);
	assert_non_null(sign_keys_find(51, 1));	/* also before commit */
	sign_part.drop();
	assert_null(sign_keys_find(51, 1));
}

/* Out of date is said, and no reason to refuse. */
static void
test_dates(void **state)
{
	static const struct {
		long		 from, to;
		const char	*said;
	} cases[] = {
		{ -10, -1, "has expired" },
		{ 1, 10, "is not yet valid" },
	};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		X509	*x = make_cert(pairs[2].key, "x", "DNS:x.test", NULL,
			    cases[i].from, cases[i].to);
		char	*pem = pem_of(x);

		certificates[2].chain = str_of(pem);
		hand_over_all();
		assert_int_equal(configure(52), 0);
		assert_non_null(strstr(said, cases[i].said));
		certificates[2].chain = str_of(pairs[2].pem);
		free(pem);
		X509_free(x);
	}
}

/* Handshakes go on with the configuration they know, but not for ever. */
static void
test_last_four(void **state)
{
	(void)state;
	for (uint32_t n = CONF_NUMBER + 1; n < CONF_NUMBER + 4; n++) {
		assert_non_null(sign_keys_find(CONF_NUMBER, 0));
		hand_over_all();
		assert_int_equal(configure(n), 0);
		sign_part.commit();
		sign_part.drop();
	}
	assert_non_null(sign_keys_find(CONF_NUMBER, 0));
	hand_over_all();
	assert_int_equal(configure(CONF_NUMBER + 4), 0);
	sign_part.commit();
	assert_null(sign_keys_find(CONF_NUMBER, 0));
	assert_non_null(sign_keys_find(CONF_NUMBER + 1, 0));
}

/* ---- who gets what ----------------------------------------------------- */

static struct tls_signed	 answer;
static uint8_t			 signature[SIGNATURE_MAX];
static unsigned			 answers;

static void
take_signed(struct peer *p, void *asker, const struct tls_signed *m)
{
	(void)p, (void)asker;
	answers++;
	answer = *m;
	memcpy(signature, m->signature.p, m->signature.n);
	answer.signature.p = (const char *)signature;
}

static const struct handlers	 asking_handlers = {
	.TLS_SIGNED = take_signed,
};

static void
channel(enum role role)
{
	int	 fds[2];

	socketpair(AF_UNIX, SOCK_STREAM, 0, fds);
	peer_setup(base, ROLE_KEYD_SIGN, 0, 1);
	at_keyd = peer_new(fds[0], role, 0, 1, &keyd_handlers,
	    on_channel_lost);
	sign_part.peer_up(at_keyd);
	peer_setup(base, role, 0, 1);
	to_keyd = peer_new(fds[1], ROLE_KEYD_SIGN, 0, 1, &asking_handlers,
	    on_channel_lost);
	spin();
}

static void
hang_up(void)
{
	sign_part.peer_down(at_keyd);
	keyd_stop();
}

static void
lost(void *asker, enum lost_why reason)
{
	(void)asker, (void)reason;
}

static enum secret_result
ask(uint32_t number, uint16_t key, uint16_t scheme, const void *tbs, size_t n)
{
	struct tls_sign	 m = { number, key, scheme, str_bytes(tbs, n) };
	unsigned	 before = answers;

	assert_int_not_equal(peer_ask(to_keyd, TLS_SIGN, &m, lost, NULL, 0),
	    0);
	spin();
	assert_int_equal(answers, before + 1);
	if (answer.result != SECRET_OK)
		assert_int_equal(answer.signature.n, 0);
	return answer.result;
}

#define SERVER	"TLS 1.3, server CertificateVerify"
#define CLIENT	"TLS 1.3, client CertificateVerify"

static uint8_t	 tbs[TLS_TBS_MAX];

static size_t
make_tbs(const char *context)
{
	size_t	 n = 64 + strlen(context) + 1;

	memset(tbs, ' ', 64);
	strcpy((char *)tbs + 64, context);
	memset(tbs + n, 0xab, 32);
	return n + 32;
}

static void
test_keyd_oracle(void **state)
{
	size_t	 n = make_tbs(SERVER);
	uint8_t	 hash[32] = { 1 };

	(void)state;
	channel(ROLE_SMTPD_MX);
	assert_int_equal(ask(CONF_NUMBER, 1, 0x0403, tbs, n), SECRET_OK);
	assert_int_equal(ask(CONF_NUMBER, 0, 0x0804, tbs, n), SECRET_OK);
	assert_int_equal(answer.signature.n, 256);

	/* arbitrary, truncated, longer */
	assert_int_equal(ask(CONF_NUMBER, 1, 0x0403, hash, 32),
	    SECRET_REFUSED);
	assert_int_equal(ask(CONF_NUMBER, 1, 0x0403, "", 0), SECRET_REFUSED);
	assert_int_equal(ask(CONF_NUMBER, 1, 0x0403, tbs, n - 1),
	    SECRET_REFUSED);
	assert_int_equal(ask(CONF_NUMBER, 1, 0x0403, tbs, n + 1),
	    SECRET_REFUSED);
	/* a scheme that is another kind's, or of no use here */
	assert_int_equal(ask(CONF_NUMBER, 1, 0x0804, tbs, n), SECRET_REFUSED);
	assert_int_equal(ask(CONF_NUMBER, 0, 0x0403, tbs, n), SECRET_REFUSED);
	assert_int_equal(ask(CONF_NUMBER, 0, 0x0401, tbs, n), SECRET_REFUSED);
	assert_int_equal(ask(CONF_NUMBER, 0, 0x0201, tbs, n), SECRET_REFUSED);
	assert_int_equal(ask(CONF_NUMBER, 1, 0x0808, tbs, n), SECRET_REFUSED);
	/* keys that are not there, and that are another role's */
	assert_int_equal(ask(CONF_NUMBER, CERTS_N, 0x0403, tbs, n),
	    SECRET_UNKNOWN);
	assert_int_equal(ask(CONF_NUMBER, 0xffff, 0x0403, tbs, n),
	    SECRET_UNKNOWN);
	assert_int_equal(ask(CONF_NUMBER + 1, 1, 0x0403, tbs, n),
	    SECRET_UNKNOWN);
	assert_int_equal(ask(CONF_NUMBER, 3, 0x0807, tbs, n), SECRET_REFUSED);
	/* what a client signs */
	n = make_tbs(CLIENT);
	assert_int_equal(ask(CONF_NUMBER, 1, 0x0403, tbs, n), SECRET_REFUSED);
	hang_up();

	n = make_tbs(SERVER);
	channel(ROLE_SMTPD_MSA);
	assert_int_equal(ask(CONF_NUMBER, 3, 0x0807, tbs, n), SECRET_OK);
	assert_int_equal(ask(CONF_NUMBER, 1, 0x0403, tbs, n), SECRET_REFUSED);
	hang_up();
}

/* Clients that mx trusts are served by msa, with mx's certificates. */
static void
test_trusted_clients(void **state)
{
	size_t	 n = make_tbs(SERVER);

	(void)state;
	listeners[0].n_trust = 1;
	hand_over_all();
	assert_int_equal(configure(60), 0);
	sign_part.commit();
	channel(ROLE_SMTPD_MSA);
	assert_int_equal(ask(60, 1, 0x0403, tbs, n), SECRET_OK);
	assert_int_equal(ask(60, 3, 0x0807, tbs, n), SECRET_OK);
	assert_int_equal(ask(CONF_NUMBER, 1, 0x0403, tbs, n), SECRET_REFUSED);
	hang_up();
}

/* No channel gets all of keyd's time, and the others get theirs. */
static void
test_rate(void **state)
{
	size_t	 n = make_tbs(SERVER);
	unsigned	 ok = 0;

	(void)state;
	clock_hold(5000000, 1000);
	channel(ROLE_SMTPD_MX);
	for (int i = 0; i < 1000; i++)
		ok += ask(CONF_NUMBER, 0, 0x0804, tbs, n) == SECRET_OK;
	assert_int_equal(ok, 500000 / 700);
	assert_int_equal(ask(CONF_NUMBER, 0, 0x0804, tbs, n), SECRET_BUSY);
	clock_hold(5000100, 1000);
	assert_int_equal(ask(CONF_NUMBER, 0, 0x0804, tbs, n), SECRET_OK);
	hang_up();
	channel(ROLE_SMTPD_MX);
	assert_int_equal(ask(CONF_NUMBER, 0, 0x0804, tbs, n), SECRET_OK);
	hang_up();
	clock_let_go();
}

/* ---- handshakes -------------------------------------------------------- */

static void
test_handshakes(void **state)
{
	static const char *const	 sigalgs[] = { "ECDSA+SHA256",
	    "RSA-PSS+SHA256", "RSA-PSS+SHA384", "RSA-PSS+SHA512" };

	(void)state;
	start_servers(ROLE_SMTPD_MX);
	start_both(client, "mx.example.org");
	assert_talk();
	stop_both();
	for (int v = TLS1_2_VERSION; v <= TLS1_3_VERSION; v++)
		for (size_t i = 0; i < 4; i++) {
			SSL	*ssl = raw_start(start_server(), NULL, NULL);

			SSL_set_max_proto_version(ssl, v);
			SSL_set1_sigalgs_list(ssl, sigalgs[i]);
			assert_int_equal(raw_handshake(ssl), 1);
			raw_stop(ssl);
			end_stop(&srv);
		}
	stop_servers();
	start_servers(ROLE_SMTPD_MSA);
	start_both(client, "ed.test");
	assert_talk();
	stop_servers();
}

static const X509 *
own_certificate(uint32_t number)
{
	return sign_keys_find(number, 2)->self_signed;
}

/* What keyd makes by itself: for the host, by name, and the same for all. */
static void
test_self_signed(void **state)
{
	X509		*x;
	const char	*names = "mx.example.org";

	(void)state;
	certificates[2].self_signed = true;
	set_listener(&listeners[0], "mx", (const int[]){ 2, -1 });
	for (uint32_t n = CONF_NUMBER + 1; n < CONF_NUMBER + 3; n++) {
		hand_over_all();
		assert_int_equal(configure(n), 0);
		sign_part.commit();
		sign_part.drop();
	}
	assert_int_equal(X509_cmp(own_certificate(CONF_NUMBER + 1),
	    own_certificate(CONF_NUMBER + 2)), 0);
	start_servers(ROLE_SMTPD_MX);
	assert_true(tls_server_ready(server));
	start_both(client, names);
	assert_int_equal(cli.done, 1);
	assert_int_equal(cli.facts->cert, TLS_CERT_UNTRUSTED);
	assert_true(str_equal(cli.facts->subject,
	    str_of("CN=mx.example.org")));
	stop_both();

	SSL	*ssl = raw_start(start_server(), NULL, NULL);

	assert_int_equal(raw_handshake(ssl), 1);
	x = SSL_get1_peer_certificate(ssl);
	assert_int_equal(X509_check_host(x, names, 0,
	    X509_CHECK_FLAG_NEVER_CHECK_SUBJECT, NULL), 1);
	assert_int_equal(X509_cmp_current_time(X509_get0_notBefore(x)), -1);
	assert_int_equal(X509_verify(x, X509_get0_pubkey(x)), 1);
	X509_free(x);
	raw_stop(ssl);
	stop_servers();

	/* the host gets another name; what began keeps the old one */
	conf.hostname = str_of("new.example.org");
	hand_over_all();
	assert_int_equal(configure(CONF_NUMBER + 3), 0);
	sign_part.commit();
	assert_int_not_equal(X509_cmp(own_certificate(CONF_NUMBER + 2),
	    own_certificate(CONF_NUMBER + 3)), 0);
	assert_int_equal(X509_check_host((X509 *)(uintptr_t)own_certificate(
	    CONF_NUMBER + 2), names, 0, 0, NULL), 1);
	conf.hostname = str_of(names);
	certificates[2].self_signed = false;
}

/* A key of one role's tickets is not another's, and lives. */
static void
test_ticket_keys(void **state)
{
	(void)state;
	start_servers(ROLE_SMTPD_MX);
	SSL_CTX_set_session_cache_mode(raw_ctx, SSL_SESS_CACHE_CLIENT);
	for (int i = 0; i < 2; i++) {
		static SSL_SESSION	*old;
		SSL			*ssl = raw_start(start_server(), NULL,
					    old);

		assert_int_equal(raw_handshake(ssl), 1);
		assert_string_equal(raw_read(ssl), "");
		assert_int_equal(SSL_session_reused(ssl), i);
		SSL_SESSION_free(old);
		old = i == 0 ? SSL_get1_session(ssl) : NULL;
		SSL_shutdown(ssl);
		raw_stop(ssl);
		end_stop(&srv);
	}
	stop_servers();
}

static char	 ticket_keys[2][TICKET_NAME_LEN + TICKET_KEY_LEN];
static uint32_t	 ticket_lives_for_s;

static void
take_ticket_key(struct peer *p, void *asker, const struct ticket_key *m)
{
	(void)p;
	memcpy(asker, m->name.p, TICKET_NAME_LEN);
	memcpy((char *)asker + TICKET_NAME_LEN, m->key.p, TICKET_KEY_LEN);
	ticket_lives_for_s = m->lives_s;
}

static void
ask_ticket_key(enum role role, char *to)
{
	static const struct handlers	 handlers = { .TICKET_KEY =
					    take_ticket_key };
	const struct nothing		 nothing = { };

	channel(role);
	to_keyd->handlers = &handlers;
	peer_ask(to_keyd, TICKET_KEY_ASK, &nothing, lost, to, 0);
	spin();
	hang_up();
}

static bool
same_ticket_keys(void)
{
	return memcmp(ticket_keys[0], ticket_keys[1], TICKET_NAME_LEN) == 0 ||
	    memcmp(ticket_keys[0] + TICKET_NAME_LEN, ticket_keys[1] +
	    TICKET_NAME_LEN, TICKET_KEY_LEN) == 0;
}

static void
test_ticket_roles(void **state)
{
	(void)state;
	clock_hold(90000000, 1000);
	ask_ticket_key(ROLE_SMTPD_MX, ticket_keys[0]);
	ask_ticket_key(ROLE_SMTPD_MSA, ticket_keys[1]);
	assert_false(same_ticket_keys());
	ask_ticket_key(ROLE_SMTPD_MX, ticket_keys[1]);
	assert_true(same_ticket_keys());	/* all workers of a role */
	assert_int_equal(ticket_lives_for_s, 4 * 3600);
	clock_hold(90000000 + 7199000, 1000);
	ask_ticket_key(ROLE_SMTPD_MX, ticket_keys[1]);
	assert_true(same_ticket_keys());
	assert_int_equal(ticket_lives_for_s, 2 * 3600 + 1);
	clock_hold(90000000 + 7200000, 1000);
	ask_ticket_key(ROLE_SMTPD_MX, ticket_keys[1]);
	assert_false(same_ticket_keys());
	clock_let_go();
}

/* A certificate that is not keyd's own, or another role's, is not given. */
static enum secret_result	 certificate_result;

static void
take_certificate(struct peer *p, void *asker, const struct certificate *m)
{
	(void)p, (void)asker;
	certificate_result = m->result;
}

static void
test_certificate_ask(void **state)
{
	struct handlers		 handlers = { .CERTIFICATE =
				    take_certificate };
	static const struct {
		uint32_t		 number;
		uint16_t		 certificate;
		enum role		 role;
		enum secret_result	 result;
	} cases[] = {
		{ 70, 2, ROLE_SMTPD_MX, SECRET_OK },
		{ 70, 2, ROLE_SMTPD_MSA, SECRET_REFUSED },
		{ 70, 1, ROLE_SMTPD_MX, SECRET_REFUSED },
		{ 70, 9, ROLE_SMTPD_MX, SECRET_UNKNOWN },
		{ 71, 2, ROLE_SMTPD_MX, SECRET_UNKNOWN },
	};

	(void)state;
	certificates[2].self_signed = true;
	hand_over_all();
	assert_int_equal(configure(70), 0);
	sign_part.commit();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct certificate_ask	 m = { cases[i].number,
		    cases[i].certificate };

		channel(cases[i].role);
		to_keyd->handlers = &handlers;
		peer_ask(to_keyd, CERTIFICATE_ASK, &m, lost, NULL, 0);
		spin();
		assert_int_equal(certificate_result, cases[i].result);
		hang_up();
	}
	certificates[2].self_signed = false;
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
#define T(name)	cmocka_unit_test_setup_teardown(name, setup, teardown)
		T(test_no_complaints),
		T(test_bad_files),
		T(test_forms_of_file),
		T(test_dates),
		T(test_last_four),
		T(test_keyd_oracle),
		T(test_trusted_clients),
		T(test_rate),
		T(test_handshakes),
		T(test_self_signed),
		T(test_ticket_keys),
		T(test_ticket_roles),
		T(test_certificate_ask),
	};
	int	 failed;

	sign_part.prepare();
	harness_start();
	keyd_handlers.TLS_SIGN = on_tls_sign;
	keyd_handlers.CERTIFICATE_ASK = on_certificate_ask;
	keyd_handlers.TICKET_KEY_ASK = on_ticket_key_ask;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	harness_stop();
	return failed;
}
