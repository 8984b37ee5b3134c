/*
 * The servers of this process, one for each listener with TLS, and their
 * certificates.  A self-signed one is keyd's, and another with each keyd;
 * what is missing is asked for again whenever somebody looks for it.
 */
#include <openssl/err.h>

#include <stdio.h>
#include <stdlib.h>

#include "clock.h"
#include "tls_chain.h"
#include "tls_private.h"
#include "tls_site.h"

#define AGAIN_MS	1000	/* between questions for a certificate */

static LIST_HEAD(, tls_server)	 servers = LIST_HEAD_INITIALIZER(servers);

/* ---- certificates ------------------------------------------------------ */

static void
site_clear(struct tls_site *s)
{
	GENERAL_NAMES_free(s->names);
	EVP_PKEY_free(s->key);
	tls_chain_free(s->chain);
	s->names = NULL;
	s->key = NULL;
	s->chain = NULL;
}

/* Takes chain; NULL, or why it cannot be served. */
static const char *
set_chain(struct tls_site *s, STACK_OF(X509) *chain)
{
	X509		*own = sk_X509_value(chain, 0);
	EVP_PKEY	*pub = X509_get0_pubkey(own);

	site_clear(s);
	s->chain = chain;
	if (pub == NULL || (s->kind = tls_key_kind(pub)) == NULL) {
		site_clear(s);
		return "its key is of a kind or size that is not served";
	}
	s->key = tls_provider_key(pub, s->server->conf, s->index);
	s->names = X509_get_ext_d2i(own, NID_subject_alt_name, NULL, NULL);
	if (s->key == NULL) {
		site_clear(s);
		return "out of memory";
	}
	return NULL;
}

static void
on_lost(void *asker, enum lost_why why)
{
	struct tls_site	*s = asker;

	(void)why;
	s->keyd = NULL;
}

/* keyd has made one, or will have soon. */
static void
ask(struct tls_site *s)
{
	struct certificate_ask	 m = { s->server->conf, s->index };
	struct peer		*keyd = tls_keyd_peer();

	if (s->keyd != NULL || keyd == NULL ||
	    (s->asked_ms != 0 && clock_ms() - s->asked_ms < AGAIN_MS))
		return;
	s->asked_ms = clock_ms();
	s->id = peer_ask(keyd, CERTIFICATE_ASK, &m, on_lost, s, TLS_SIGN_MS);
	s->keyd = s->id != 0 ? keyd : NULL;
}

static void
ask_missing(struct tls_server *s)
{
	for (size_t i = 0; i < s->n_sites; i++)
		if (s->sites[i].chain == NULL)
			ask(&s->sites[i]);
}

/* The new keyd has others. */
static void
forget_self_signed(struct tls_server *s)
{
	bool	 any = false;

	for (size_t i = 0; i < s->n_sites; i++) {
		struct tls_site	*site = &s->sites[i];

		if (!site->self_signed)
			continue;
		any = true;
		site_clear(site);
		if (site->keyd != NULL)
			peer_forget(site->keyd, site->id);
		site->keyd = NULL;
		site->asked_ms = 0;
	}
	if (any)
		(void)tls_contexts_make(s);
	ask_missing(s);
}

void
tls_server_keyd(void)
{
	struct tls_server	*s;

	LIST_FOREACH(s, &servers, next)
		forget_self_signed(s);
}

static STACK_OF(X509) *
chain_of(struct str der)
{
	const unsigned char	*p = (const unsigned char *)der.p;
	STACK_OF(X509)		*chain = sk_X509_new_null();
	X509			*x = d2i_X509(NULL, &p, (long)der.n);

	if (chain != NULL && x != NULL && sk_X509_push(chain, x) != 0)
		return chain;
	X509_free(x);
	sk_X509_free(chain);
	return NULL;
}

void
on_certificate(struct peer *p, void *asker, const struct certificate *m)
{
	struct tls_site	*s = asker;
	STACK_OF(X509)	*chain;

	(void)p;
	if (s == NULL)
		return;
	s->keyd = NULL;
	if (m->result == SECRET_OK && (chain = chain_of(m->der)) != NULL &&
	    set_chain(s, chain) == NULL)
		(void)tls_contexts_make(s->server);
	ERR_clear_error();
}

/* ---- the server -------------------------------------------------------- */

static const char *
read_certificate(struct tls_site *s, const struct certificate_conf *c)
{
	STACK_OF(X509)	*chain;
	const char	*why;

	s->self_signed = c->self_signed;
	if (c->self_signed)
		return NULL;
	if ((chain = tls_chain_read(c->chain, &why)) == NULL)
		return why;
	return set_chain(s, chain);
}

static const char *
read_certificates(struct tls_server *s, const struct conf *conf,
    const struct listener_conf *l, struct str *name)
{
	const char	*why = l->n_certificates == 0 ? "there is none" : NULL;

	for (size_t i = 0; i < l->n_certificates && why == NULL; i++) {
		uint16_t	 index = l->certificates[i].certificate;

		if (index >= conf->n_certificates)
			return "there is no such certificate";
		s->sites[i].server = s;
		s->sites[i].index = index;
		s->n_sites = i + 1;
		*name = conf->certificates[index].name;
		why = read_certificate(&s->sites[i],
		    &conf->certificates[index]);
	}
	if (why == NULL && !tls_contexts_make(s))
		why = "OpenSSL does not take it";
	return why;
}

/* Tickets of one listener are no good at another of the same role. */
static const char *
set_id(struct tls_server *s, const struct listener_conf *l)
{
	size_t	 len;

	return EVP_Q_digest(NULL, "SHA256", NULL, l->name.p, l->name.n, s->id,
	    &len) == 1 ? NULL : "out of memory";
}

struct tls_server *
tls_server_new(const struct conf *conf, const struct listener_conf *l,
    char why[TLS_WHY_MAX])
{
	struct str		 name = l->name;
	struct tls_server	*s;
	const char		*reason = "out of memory";

	s = calloc(1, sizeof(*s) + l->n_certificates * sizeof(s->sites[0]));
	if (s != NULL) {
		s->count = 1;
		s->conf = conf->number;
		s->client_certificates = l->client_certificates;
		LIST_INSERT_HEAD(&servers, s, next);
		if ((reason = set_id(s, l)) == NULL)
			reason = read_certificates(s, conf, l, &name);
	}
	if (reason == NULL) {
		ask_missing(s);
		return s;
	}
	snprintf(why, TLS_WHY_MAX, "certificate %.*s: %s", STR_FMT(name),
	    reason);
	ERR_clear_error();
	tls_server_free(s);
	return NULL;
}

void
tls_server_free(struct tls_server *s)
{
	if (s == NULL || --s->count != 0)
		return;
	LIST_REMOVE(s, next);
	for (size_t i = 0; i < s->n_sites; i++) {
		if (s->sites[i].keyd != NULL)
			peer_forget(s->sites[i].keyd, s->sites[i].id);
		SSL_CTX_free(s->sites[i].ctx);
		site_clear(&s->sites[i]);
	}
	free(s);
}

SSL_CTX *
tls_server_default(const struct tls_server *s)
{
	for (size_t i = 0; i < s->n_sites; i++)
		if (s->sites[i].ctx != NULL)
			return s->sites[i].ctx;
	return NULL;
}

bool
tls_server_ready(struct tls_server *s)
{
	ask_missing(s);
	return tls_server_default(s) != NULL;
}

int
tls_accept(struct io *io, struct tls_server *s, const struct tls_ops *ops,
    void *arg)
{
	if (!tls_server_ready(s))
		return -1;
	s->count++;
	return tls_start(io, tls_server_default(s), s, STR_NONE, ops, arg);
}
