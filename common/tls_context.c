/*
 * What the connections of one listener are served with.  For each of its
 * certificates there is a context with that one and, of each other kind of
 * key, the first that is good for the same names; OpenSSL takes of these
 * what the client can do.  The name that the client asks for chooses the
 * context.
 */
#include <stdlib.h>

#include "tls_private.h"
#include "tls_site.h"

#define TICKET_LIFE_S	(4 * 3600)

/* Forward secrecy, and last what old senders have. */
#define CIPHERS		"ECDHE+AESGCM:ECDHE+CHACHA20:ECDHE+AES"
#define GROUPS		"X25519:P-256:P-384:P-521"
/* what keyd signs with */
#define SIGALGS		"ECDSA+SHA256:ECDSA+SHA384:ECDSA+SHA512:ed25519:" \
			"RSA-PSS+SHA256:RSA-PSS+SHA384:RSA-PSS+SHA512:" \
			"RSA+SHA256:RSA+SHA384:RSA+SHA512"

/* ---- names ------------------------------------------------------------- */

/* RFC 6125 6.4.3: the wildcard is the whole of the left-most label. */
static bool
fits(struct str pattern, struct str name)
{
	const char	*dot;

	if (pattern.n > 2 && memcmp(pattern.p, "*.", 2) == 0 &&
	    (dot = memchr(name.p, '.', name.n)) != NULL && dot != name.p) {
		pattern = str_skip(pattern, 1);
		name = str_skip(name, (size_t)(dot - name.p));
	}
	return str_equal_nocase(pattern, name);
}

/* The i-th name, if it is a host's. */
static struct str
host_name(const struct tls_site *s, int i)
{
	const GENERAL_NAME	*g = sk_GENERAL_NAME_value(s->names, i);

	if (g->type != GEN_DNS)
		return STR_NONE;
	return str_bytes(ASN1_STRING_get0_data(g->d.dNSName),
	    (size_t)ASN1_STRING_length(g->d.dNSName));
}

static bool
is_for(const struct tls_site *s, struct str name)
{
	for (int i = 0; i < sk_GENERAL_NAME_num(s->names); i++)
		if (fits(host_name(s, i), name))
			return true;
	return false;
}

/* Whatever a is good for, b is. */
static bool
covers(const struct tls_site *b, const struct tls_site *a)
{
	bool	 any = false;

	for (int i = 0; i < sk_GENERAL_NAME_num(a->names); i++) {
		struct str	 name = host_name(a, i);

		if (name.n != 0 && !is_for(b, name))
			return false;
		any |= name.n != 0;
	}
	return any;
}

/* Called within a handshake, once its ClientHello is there. */
static int
on_name(SSL *ssl, int *alert, void *arg)
{
	const struct tls_conn	*c = SSL_get_app_data(ssl);
	const char		*name;

	(void)alert, (void)arg;
	name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
	for (size_t i = 0; name != NULL && i < c->server->n_sites; i++) {
		const struct tls_site	*s = &c->server->sites[i];

		if (s->ctx != NULL && is_for(s, str_of(name)))
			return SSL_set_SSL_CTX(ssl, s->ctx) != NULL ?
			    SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
	}
	return SSL_TLSEXT_ERR_NOACK;
}

/* ---- contexts ---------------------------------------------------------- */

/* It is recorded, and nothing depends on it. */
static int
on_verify(int ok, X509_STORE_CTX *ctx)
{
	(void)ok, (void)ctx;
	return 1;
}

static bool
set_up(SSL_CTX *ctx, const struct tls_server *s)
{
	SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ASYNC |
	    SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_NO_AUTO_CHAIN);
	SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION |
	    SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE |
	    SSL_OP_PRIORITIZE_CHACHA);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_timeout(ctx, TICKET_LIFE_S);
	SSL_CTX_set_max_cert_list(ctx, CHAIN_MAX);
	SSL_CTX_set_verify_depth(ctx, TLS_DEPTH_MAX);
	if (s->client_certificates)
		SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, on_verify);
	SSL_CTX_set_tlsext_servername_callback(ctx, on_name);
	tls_ticket_serve(ctx);
	return SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) == 1 &&
	    SSL_CTX_set_max_early_data(ctx, 0) == 1 &&
	    SSL_CTX_set_cipher_list(ctx, CIPHERS) == 1 &&
	    SSL_CTX_set1_groups_list(ctx, GROUPS) == 1 &&
	    SSL_CTX_set1_sigalgs_list(ctx, SIGALGS) == 1 &&
	    SSL_CTX_set_session_id_context(ctx, s->id, sizeof(s->id)) == 1;
}

/* OpenSSL wants the issuers alone behind the certificate. */
static bool
add_certificate(SSL_CTX *ctx, const struct tls_site *s)
{
	STACK_OF(X509)	*issuers = sk_X509_dup(s->chain);
	bool		 ok;

	if (issuers == NULL)
		return false;
	(void)sk_X509_shift(issuers);
	ok = SSL_CTX_use_cert_and_key(ctx, sk_X509_value(s->chain, 0), s->key,
	    issuers, 0) == 1;
	sk_X509_free(issuers);
	return ok;
}

/* With the first certificate of each other kind that is as good. */
static bool
add_certificates(SSL_CTX *ctx, const struct tls_site *s)
{
	const char	*kinds[LISTENER_CERTIFICATES_MAX] = { s->kind };
	size_t		 n = 1;

	if (!add_certificate(ctx, s))
		return false;
	for (size_t i = 0; i < s->server->n_sites; i++) {
		const struct tls_site	*o = &s->server->sites[i];
		bool			 has = o->chain == NULL;

		for (size_t k = 0; k < n && !has; k++)
			has = strcmp(kinds[k], o->kind) == 0;
		if (has || !covers(o, s))
			continue;
		if (!add_certificate(ctx, o))
			return false;
		kinds[n++] = o->kind;
	}
	return true;
}

/* As connections have the context they began with, it is made anew. */
static bool
make_context(struct tls_site *s)
{
	SSL_CTX_free(s->ctx);
	s->ctx = NULL;
	if (s->chain == NULL)
		return true;
	s->ctx = SSL_CTX_new(TLS_server_method());
	if (s->ctx != NULL && set_up(s->ctx, s->server) &&
	    add_certificates(s->ctx, s))
		return true;
	SSL_CTX_free(s->ctx);
	s->ctx = NULL;
	return false;
}

bool
tls_contexts_make(struct tls_server *s)
{
	bool	 ok = true;

	for (size_t i = 0; i < s->n_sites; i++)
		ok &= make_context(&s->sites[i]);
	return ok;
}
