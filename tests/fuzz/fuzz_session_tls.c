/*
 * libFuzzer target for sessions under TLS as it really is: a keyd that signs,
 * OpenSSL as the client, and between them octets as they come.  The first
 * octet chooses the listener and how far the handshake goes.  What follows
 * are steps, of an octet each and what that takes:
 *
 *	0 N ...		N octets as one record
 *	1 N ...		N octets as they are: no record at all, mostly
 *	2		all that moves moves, and what came is read
 *	3		queued is replaced
 *	4		keyd is replaced
 *	5		close_notify
 *	6		the last octet sent is sent again
 *	7		keyd is silent from now on, or no longer
 *
 * Nothing crashes or leaks, and no session stays behind.
 */
#include <stddef.h>
#include <stdint.h>

#include <openssl/pem.h>
#include <openssl/ssl.h>

#include "smtpd_harness.h"

#define IMPLICIT	0x01
#define OLD		0x02	/* TLS 1.2 */
#define ROUNDS_MAX	8	/* of a handshake; the flags may say fewer */
#define CONF_NUMBER	7

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static EVP_PKEY			*key;
static SSL_CTX			*client_ctx;
static SSL			*client;
static BIO			*to_client, *from_client;
static struct certificate_conf	 certificate = { .name = STR("x") };
static struct peer		*at_sign, *to_sign;
static bool			 sign_is_silent;
static char			 last = '\0';

static void
must(bool holds)
{
	if (!holds)
		abort();
}

/* ---- keyd's role sign -------------------------------------------------- */

static void
sign(struct peer *p, uint32_t id, const struct tls_sign *m)
{
	static uint8_t		 sig[SIGNATURE_MAX];
	struct tls_signed	 answer = { SECRET_OK, STR_NONE };
	EVP_MD_CTX		*ctx = EVP_MD_CTX_new();
	size_t			 n = sizeof(sig);

	if (sign_is_silent) {
		EVP_MD_CTX_free(ctx);
		return;
	}
	must(EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key) == 1 &&
	    EVP_DigestSign(ctx, sig, &n, (const uint8_t *)m->tbs.p,
	    m->tbs.n) == 1);
	EVP_MD_CTX_free(ctx);
	answer.signature = str_bytes(sig, n);
	peer_send(p, TLS_SIGNED, id, &answer);
}

static void
give_ticket_key(struct peer *p, uint32_t id, const struct nothing *m)
{
	static const uint8_t	 octets[TICKET_KEY_LEN];
	struct ticket_key	 answer = { str_bytes(octets,
	    TICKET_NAME_LEN), str_bytes(octets, sizeof(octets)), 3600 };

	(void)m;
	peer_send(p, TICKET_KEY, id, &answer);
}

static const struct handlers	 sign_handlers = {
	.TLS_SIGN = sign,
	.TICKET_KEY_ASK = give_ticket_key,
};

static void
sign_lost(struct peer *p)
{
	if (p == to_sign)
		tls_keyd(to_sign = NULL);
	if (p == at_sign)
		at_sign = NULL;
}

static void
sign_start(void)
{
	int	 sv[2];

	must(socketpair(AF_UNIX, SOCK_STREAM, 0, sv) == 0);
	peer_setup(harness_base, ROLE_KEYD_SIGN, 0, 1);
	at_sign = peer_new(sv[0], ROLE_SMTPD_MSA, 0, 1, &sign_handlers,
	    sign_lost);
	peer_setup(harness_base, ROLE_SMTPD_MSA, 0, 1);
	to_sign = peer_new(sv[1], ROLE_KEYD_SIGN, 0, 1, &harness_handlers,
	    sign_lost);
	tls_keyd(to_sign);
	sign_is_silent = false;
}

static void
sign_stop(void)
{
	if (at_sign != NULL)
		peer_close(at_sign);
	if (to_sign != NULL)
		peer_close(to_sign);
	harness_run();
	must(at_sign == NULL && to_sign == NULL);
}

/* ---- what is set up once ----------------------------------------------- */

static void
make_certificate(void)
{
	X509		*x = X509_new();
	X509_NAME	*name = X509_get_subject_name(x);
	BIO		*pem = BIO_new(BIO_s_mem());
	char		*p;
	long		 n;

	key = EVP_EC_gen("P-256");
	X509_set_version(x, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
	X509_gmtime_adj(X509_getm_notBefore(x), 0);
	X509_gmtime_adj(X509_getm_notAfter(x), 86400);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
	    (const uint8_t *)"mx.test", -1, -1, 0);
	X509_set_issuer_name(x, name);
	X509_set_pubkey(x, key);
	must(X509_sign(x, key, EVP_sha256()) != 0 &&
	    PEM_write_bio_X509(pem, x) == 1);
	n = BIO_get_mem_data(pem, &p);
	certificate.chain = str_bytes(memcpy(malloc((size_t)n), p,
	    (size_t)n), (size_t)n);
	BIO_free(pem);
	X509_free(x);
}

static void
set_up(uint8_t flags)
{
	static struct certificate_ref	 ref;

	if (client_ctx == NULL) {
		tls_setup();
		harness_setup();
		make_certificate();
		client_ctx = SSL_CTX_new(TLS_client_method());
	}
	harness_set_defaults();
	harness_conf.number = CONF_NUMBER;
	harness_conf.certificates = &certificate;
	harness_conf.n_certificates = 1;
	harness_listener.certificates = &ref;
	harness_listener.n_certificates = 1;
	harness_listener.tls = TLS_LEVEL_MAY;
	harness_listener.auth_table = 0;
	harness_listener.handshake_timeout_ms = 30000;
	harness_listener.service = flags & IMPLICIT ? SERVICE_SUBMISSIONS :
	    SERVICE_SUBMISSION;
	sign_start();
	harness_run();
}

/* ---- the client -------------------------------------------------------- */

static void
client_start(bool old)
{
	client = SSL_new(client_ctx);
	to_client = BIO_new(BIO_s_mem());
	from_client = BIO_new(BIO_s_mem());
	SSL_set_bio(client, to_client, from_client);
	SSL_set_connect_state(client);
	if (old)
		SSL_set_max_proto_version(client, TLS1_2_VERSION);
}

/* What the client wants to send goes out. */
static void
client_flush(void)
{
	char	*p;
	long	 n = BIO_get_mem_data(from_client, &p);

	if (n > 0) {
		last = p[n - 1];
		harness_send(str_bytes(p, (size_t)n));
	}
	(void)BIO_reset(from_client);
}

/* All moves; what came is the client's. */
static void
client_read(void)
{
	static char	 plain[16384];

	harness_run();
	BIO_write(to_client, buf_data(&harness_out), (int)harness_out.len);
	buf_reset(&harness_out);
	if (SSL_is_init_finished(client))
		while (SSL_read(client, plain, sizeof(plain)) > 0)
			continue;
	else
		SSL_do_handshake(client);
	client_flush();
}

static void
client_write(const uint8_t *p, size_t n)
{
	if (n != 0 && SSL_is_init_finished(client))
		SSL_write(client, p, (int)n);
	client_flush();
}

static void
handshake(uint8_t flags)
{
	unsigned	 rounds = flags >> 4;

	harness_connect();
	if ((flags & IMPLICIT) == 0)
		harness_send((struct str)STR("EHLO c\r\nSTARTTLS\r\n"));
	harness_run();
	buf_reset(&harness_out);	/* what was said in clear */
	client_start(flags & OLD);
	if (rounds == 0 || rounds > ROUNDS_MAX)
		rounds = ROUNDS_MAX;
	for (unsigned i = 0; i < rounds; i++)
		client_read();
}

/* ---- steps ------------------------------------------------------------- */

static void
act(unsigned step)
{
	switch (step) {
	case 2:
		client_read();
		break;
	case 3:
		harness_queued_stop();
		harness_queued_start();
		break;
	case 4:
		sign_stop();
		sign_start();
		break;
	case 5:
		SSL_shutdown(client);
		client_flush();
		break;
	case 6:
		harness_send(str_bytes(&last, 1));
		break;
	default:
		sign_is_silent = !sign_is_silent;
	}
}

static void
take_steps(const uint8_t *p, size_t n)
{
	size_t	 k;

	while (n > 0) {
		unsigned	 step = *p++ % 8;

		n--;
		if (step > 1) {
			act(step);
			continue;
		}
		if (n == 0)
			break;
		k = *p++;
		n--;
		k = k < n ? k : n;
		if (step == 0)
			client_write(p, k);
		else
			harness_send(str_bytes(p, k));
		p += k;
		n -= k;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 1)
		return 0;
	set_up(data[0]);
	handshake(data[0]);
	take_steps(data + 1, size - 1);
	client_read();
	SSL_free(client);
	sign_stop();		/* who waits for it waits no longer */
	harness_disconnect();
	must(session_count() == 0);
	must(budget_total() == 0);
	settings_drop(&harness_settings);
	return 0;
}
