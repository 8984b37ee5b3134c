/*
 * What the tests of TLS share: certificates made on the spot, a keyd that
 * signs in the same process behind a real channel, a server on one end of a
 * socket pair and a client on the other: ours, or OpenSSL by itself.  Each
 * test program includes it once.
 */
#ifndef TLS_HARNESS_H
#define TLS_HARNESS_H

#include <sys/socket.h>

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <cmocka.h>
#include <event2/event.h>

#include "clock.h"
#include "io.h"
#include "peer.h"
#include "tls.h"

#define CONF_NUMBER	7
#define CERTS_N		4

/* ---- certificates ------------------------------------------------------ */

struct pair {
	EVP_PKEY	*key;
	X509		*cert;
	char		*pem;		/* of the certificate */
};

static struct pair		 pairs[CERTS_N];
static struct certificate_conf	 certificates[CERTS_N];
static struct listener_conf	 listeners[2];
static struct conf		 conf;

static inline void
add_extension(X509 *x, int nid, const char *text)
{
	X509_EXTENSION	*e = X509V3_EXT_conf_nid(NULL, NULL, nid, text);

	assert_non_null(e);
	assert_int_equal(X509_add_ext(x, e, -1), 1);
	X509_EXTENSION_free(e);
}

/* Signed by issuer (NULL: by itself), good from and to these days. */
static inline X509 *
make_cert(EVP_PKEY *key, const char *cn, const char *alt,
    const struct pair *issuer, long from, long to)
{
	static long	 serial;
	X509		*x = X509_new();
	X509_NAME	*name = X509_get_subject_name(x);

	X509_set_version(x, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(x), ++serial);
	X509_gmtime_adj(X509_getm_notBefore(x), from * 86400);
	X509_gmtime_adj(X509_getm_notAfter(x), to * 86400);
	X509_set_pubkey(x, key);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
	    (const unsigned char *)cn, -1, -1, 0);
	X509_set_issuer_name(x, issuer != NULL ?
	    X509_get_subject_name(issuer->cert) : name);
	if (alt != NULL)
		add_extension(x, NID_subject_alt_name, alt);
	else
		add_extension(x, NID_basic_constraints, "critical,CA:TRUE");
	assert_true(X509_sign(x, issuer != NULL ? issuer->key : key,
	    EVP_PKEY_is_a(issuer != NULL ? issuer->key : key, "ED25519") ?
	    NULL : EVP_sha256()) > 0);
	return x;
}

static inline char *
pem_of(X509 *x)
{
	BIO	*b = BIO_new(BIO_s_mem());
	char	*p, *text;
	long	 n;

	PEM_write_bio_X509(b, x);
	n = BIO_get_mem_data(b, &p);
	text = strndup(p, (size_t)n);
	BIO_free(b);
	return text;
}

static inline struct pair
make_pair(EVP_PKEY *key, const char *cn, const char *alt)
{
	struct pair	 p = { key, NULL, NULL };

	p.cert = make_cert(key, cn, alt, NULL, -1, 30);
	p.pem = pem_of(p.cert);
	return p;
}

static inline void
pair_clear(struct pair *p)
{
	EVP_PKEY_free(p->key);
	X509_free(p->cert);
	free(p->pem);
	*p = (struct pair){ 0 };
}

static inline void
add_certificate(size_t i, EVP_PKEY *key, const char *alt)
{
	char	 cn[] = "test0";

	cn[4] = (char)('0' + i);	/* issuers are found by it */
	pairs[i] = make_pair(key, cn, alt);
	certificates[i] = (struct certificate_conf){
		.origin = { str_of("test.conf"), (uint32_t)i + 1 },
		.name = str_of("cert"), .key_file = str_of("key.pem"),
		.chain = str_of(pairs[i].pem),
	};
}

/* A listener with those certificates; ends with -1. */
static inline void
set_listener(struct listener_conf *l, const char *name, const int *indexes)
{
	static struct certificate_ref	 refs[2][CERTS_N];
	struct certificate_ref		*r = refs[l - listeners];

	memset(l, 0, sizeof(*l));
	l->name = str_of(name);
	l->certificates = r;
	for (; *indexes != -1; indexes++)
		r[l->n_certificates++].certificate = (uint16_t)*indexes;
}

/* 0: RSA, 1: P-256, same names; 2: P-256, a wildcard; 3: Ed25519. */
static inline void
make_conf(void)
{
	add_certificate(0, EVP_RSA_gen(2048), "DNS:mx.example.org,DNS:a.test");
	add_certificate(1, EVP_EC_gen("P-256"),
	    "DNS:mx.example.org,DNS:a.test");
	add_certificate(2, EVP_EC_gen("P-256"), "DNS:*.example.net");
	add_certificate(3, EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"),
	    "DNS:ed.test");
	set_listener(&listeners[0], "mx", (const int[]){ 0, 1, 2, -1 });
	set_listener(&listeners[1], "other", (const int[]){ 0, 1, -1 });
	conf = (struct conf){
		.number = CONF_NUMBER, .hostname = str_of("mx.example.org"),
		.listeners = listeners, .n_listeners = 2,
		.certificates = certificates, .n_certificates = CERTS_N,
	};
}

static inline void
free_conf(void)
{
	for (size_t i = 0; i < CERTS_N; i++)
		pair_clear(&pairs[i]);
}

/* ---- the loop and the channel to keyd ---------------------------------- */

static struct event_base *base;
static struct peer	*to_keyd;	/* a server's end of it */
static struct peer	*at_keyd;	/* keyd's end */
static unsigned		 channels_lost;
static struct handlers	 keyd_handlers;	/* the test fills it in */

static const struct handlers	 server_handlers = {
	.TLS_SIGNED = on_tls_signed,
	.TICKET_KEY = on_ticket_key,
	.CERTIFICATE = on_certificate,
};

static inline void
spin(void)
{
	for (int i = 0; i < 12; i++)
		event_base_loop(base, EVLOOP_NONBLOCK);
}

static inline void
on_channel_lost(struct peer *p)
{
	channels_lost++;
	if (p == to_keyd) {
		to_keyd = NULL;
		tls_keyd(NULL);
	} else if (p == at_keyd) {
		at_keyd = NULL;
	}
}

/* A keyd as that role sees it. */
static inline void
keyd_start(enum role role)
{
	int	 fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	peer_setup(base, ROLE_KEYD_SIGN, 0, 1);
	at_keyd = peer_new(fds[0], role, 0, 1, &keyd_handlers,
	    on_channel_lost);
	peer_setup(base, role, 0, 1);
	to_keyd = peer_new(fds[1], ROLE_KEYD_SIGN, 0, 1, &server_handlers,
	    on_channel_lost);
	tls_keyd(to_keyd);
	spin();
}

static inline void
keyd_stop(void)
{
	if (at_keyd != NULL)
		peer_close(at_keyd);
	if (to_keyd != NULL)
		peer_close(to_keyd);
	spin();
	assert_null(to_keyd);
	assert_null(at_keyd);
}

/* ---- a keyd that signs whatever it is asked ---------------------------- */

enum keyd_act { KEYD_SIGNS, KEYD_IS_SILENT, KEYD_REFUSES, KEYD_LIES,
    KEYD_IS_EMPTY };

static enum keyd_act	 keyd_act;
static unsigned		 signs_asked;
static uint32_t		 sign_id;	/* of the last */
static uint16_t		 sign_scheme_asked;

static inline size_t
fake_sign(const struct tls_sign *m, uint8_t *sig, size_t size)
{
	static const EVP_MD	*(*const mds[])(void) = { NULL, NULL, NULL,
	    NULL, EVP_sha256, EVP_sha384, EVP_sha512 };
	bool		 pss = m->scheme >> 8 == 8;
	const EVP_MD	*md;
	EVP_MD_CTX	*ctx = EVP_MD_CTX_new();
	EVP_PKEY_CTX	*p;
	size_t		 len = size;

	md = m->scheme == 0x0807 ? NULL : pss ? mds[m->scheme & 0xf]() :
	    mds[m->scheme >> 8]();
	assert_int_equal(m->conf, CONF_NUMBER);
	assert_true(m->key < CERTS_N);
	assert_int_equal(EVP_DigestSignInit(ctx, &p, md, NULL,
	    pairs[m->key].key), 1);
	if (pss && md != NULL) {
		EVP_PKEY_CTX_set_rsa_padding(p, RSA_PKCS1_PSS_PADDING);
		EVP_PKEY_CTX_set_rsa_pss_saltlen(p, RSA_PSS_SALTLEN_DIGEST);
	}
	assert_int_equal(EVP_DigestSign(ctx, sig, &len,
	    (const uint8_t *)m->tbs.p, m->tbs.n), 1);
	EVP_MD_CTX_free(ctx);
	return len;
}

static inline void
fake_tls_sign(struct peer *p, uint32_t id, const struct tls_sign *m)
{
	uint8_t			 sig[SIGNATURE_MAX] = { 0 };
	struct tls_signed	 answer = { SECRET_OK, STR_NONE };

	signs_asked++;
	sign_id = id;
	sign_scheme_asked = m->scheme;
	if (keyd_act == KEYD_IS_SILENT)
		return;
	if (keyd_act == KEYD_REFUSES)
		answer.result = SECRET_REFUSED;
	else if (keyd_act == KEYD_LIES)
		answer.signature = str_bytes(sig, sizeof(sig));
	else if (keyd_act != KEYD_IS_EMPTY)
		answer.signature = str_bytes(sig, fake_sign(m, sig,
		    sizeof(sig)));
	peer_send(p, TLS_SIGNED, id, &answer);
}

static unsigned	 ticket_asks;
static uint32_t	 ticket_lives_s = 3600;

/* Another key for each role, and for each time one is asked for. */
static inline void
fake_ticket_key_ask(struct peer *p, uint32_t id, const struct nothing *m)
{
	uint8_t			 key[TICKET_KEY_LEN];
	struct ticket_key	 answer = { str_bytes(key, TICKET_NAME_LEN),
	    str_bytes(key, TICKET_KEY_LEN), ticket_lives_s };

	(void)m;
	memset(key, (int)(p->role * 16 + ticket_asks++), sizeof(key));
	peer_send(p, TICKET_KEY, id, &answer);
}

/* ---- the two ends ------------------------------------------------------ */

struct end {
	struct io		*io;
	struct buf		 got;
	unsigned		 done, ends;
	enum io_end		 end;
	char			 why[TLS_WHY_MAX];
	const struct tls_facts	*facts;
	bool			 free_when_done, free_at_data, pause_when_done;
};

static struct end	 srv, cli;
static struct tls_server *server;

static inline size_t
end_data(void *arg, struct str s)
{
	struct end	*e = arg;

	assert_int_equal(buf_put_str(&e->got, s), 0);
	if (e->free_at_data)
		io_free(&e->io);
	return s.n;
}

static inline void
end_ended(void *arg, enum io_end why)
{
	struct end	*e = arg;

	e->ends++;
	e->end = why;
	snprintf(e->why, sizeof(e->why), "%s", tls_why(e->io));
	io_free(&e->io);
}

static inline void
end_done(void *arg, const struct tls_facts *f)
{
	struct end	*e = arg;

	e->done++;
	e->facts = f;
	assert_ptr_equal(tls_facts(e->io), f);
	if (e->pause_when_done)
		io_pause(e->io);
	if (e->free_when_done)
		io_free(&e->io);
}

static const struct io_ops	 end_ops = { end_data, NULL, end_ended };
static const struct tls_ops	 end_tls_ops = { end_done };

static inline void
end_start(struct end *e, int fd)
{
	*e = (struct end){ .got = BUF_INIT(1 << 22) };
	e->io = io_new(fd, &end_ops, e);
	assert_non_null(e->io);
}

static inline void
end_stop(struct end *e)
{
	io_free(&e->io);
	buf_clear(&e->got);
}

static inline struct tls_server *
new_server(const struct listener_conf *l)
{
	char			 why[TLS_WHY_MAX] = "";
	struct tls_server	*s = tls_server_new(&conf, l, why);

	assert_string_equal(why, "");
	assert_non_null(s);
	spin();
	return s;
}

/* The server's end is ours; the other is returned, non-blocking. */
static inline int
start_server(void)
{
	int	 fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0,
	    fds), 0);
	end_start(&srv, fds[0]);
	assert_int_equal(tls_accept(srv.io, server, &end_tls_ops, &srv), 0);
	return fds[1];
}

static inline void
start_both(struct tls_client *client, const char *name)
{
	end_start(&cli, start_server());
	assert_int_equal(tls_connect(cli.io, client, str_of(name),
	    &end_tls_ops, &cli), 0);
	spin();
}

static inline void
stop_both(void)
{
	end_stop(&srv);
	end_stop(&cli);
	spin();
}

static inline void
assert_got(const struct end *e, const char *text)
{
	assert_int_equal(e->got.len, strlen(text));
	if (e->got.len != 0)
		assert_memory_equal(buf_data(&e->got), text, e->got.len);
}

/* A word each way, and then the orderly end. */
static inline void
assert_talk(void)
{
	assert_int_equal(srv.done, 1);
	assert_int_equal(cli.done, 1);
	assert_int_equal(io_write(cli.io, str_of("EHLO\r\n")), 0);
	spin();
	assert_got(&srv, "EHLO\r\n");
	assert_int_equal(io_write(srv.io, str_of("250\r\n")), 0);
	spin();
	assert_got(&cli, "250\r\n");
	io_finish(&srv.io, 1000);
	spin();
	assert_int_equal(cli.ends, 1);
	assert_int_equal(cli.end, IO_EOF);
	assert_string_equal(cli.why, "");
}

/* ---- OpenSSL by itself, as the client ---------------------------------- */

static SSL_CTX	*raw_ctx;

static inline SSL *
raw_start(int fd, const char *name, SSL_SESSION *session)
{
	SSL	*ssl = SSL_new(raw_ctx);

	assert_non_null(ssl);
	assert_int_equal(SSL_set_fd(ssl, fd), 1);
	if (name != NULL)
		SSL_set_tlsext_host_name(ssl, name);
	if (session != NULL)
		assert_int_equal(SSL_set_session(ssl, session), 1);
	return ssl;
}

/* 1, or 0 when it has failed. */
static inline int
raw_handshake(SSL *ssl)
{
	for (int i = 0; i < 50; i++) {
		int	 r = SSL_connect(ssl);

		if (r == 1)
			return 1;
		if (SSL_get_error(ssl, r) != SSL_ERROR_WANT_READ)
			return 0;
		spin();
	}
	return 0;
}

/* What is there by now, at most size - 1 octets; "" for none. */
static inline const char *
raw_read(SSL *ssl)
{
	static char	 text[256];
	int		 n;

	spin();
	n = SSL_read(ssl, text, sizeof(text) - 1);
	text[n > 0 ? n : 0] = '\0';
	return text;
}

static inline void
raw_stop(SSL *ssl)
{
	int	 fd = SSL_get_fd(ssl);

	SSL_free(ssl);
	close(fd);
	ERR_clear_error();
	spin();
}

/* ---- a whole program --------------------------------------------------- */

static inline void
harness_start(void)
{
	signal(SIGPIPE, SIG_IGN);
	tls_setup();
	base = event_base_new();
	io_setup(base);
	make_conf();
	keyd_handlers.TLS_SIGN = fake_tls_sign;
	keyd_handlers.TICKET_KEY_ASK = fake_ticket_key_ask;
	raw_ctx = SSL_CTX_new(TLS_client_method());
	assert_non_null(raw_ctx);
}

static inline void
harness_stop(void)
{
	SSL_CTX_free(raw_ctx);
	free_conf();
	event_base_free(base);
}

#endif
