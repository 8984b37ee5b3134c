/*
 * The keys of the last configurations: a handshake may have begun with an
 * old one.  Each is for the roles whose listeners show its certificate.
 */
#include "sign_keys.h"

#include <openssl/crypto.h>

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "log.h"
#include "roles.h"
#include "tls_chain.h"
#include "tls_memory.h"
#include "tls_self.h"
#include "xmalloc.h"

#define SETS_MAX	4		/* configurations in force and before */
#define LOCKED_HEAP	(4 << 20)	/* 1,000 keys of RSA-4096 */

struct set {
	uint32_t	 conf;
	size_t		 n;
	struct sign_key	 keys[];
};

static struct set	*under_way, *sets[SETS_MAX];	/* the newest first */
static int		 files[CERTIFICATES_MAX];	/* + 1; 0: none */

void
sign_keys_setup(void)
{
	tzset();	/* gmtime_r would open a file, in the jail */
	tls_memory_setup(LOCKED_HEAP);
	if (OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG |
	    OPENSSL_INIT_LOAD_CRYPTO_STRINGS, NULL) != 1)
		fatal("cannot set up OpenSSL");
}

/* ---- a set ------------------------------------------------------------- */

static void
set_free(struct set **s)
{
	for (size_t i = 0; *s != NULL && i < (*s)->n; i++) {
		EVP_PKEY_free((*s)->keys[i].key);
		X509_free((*s)->keys[i].self_signed);
	}
	free(*s);
	*s = NULL;
}

/* Clients in its trust list are served by msa (CLIENT). */
static unsigned
roles_of(const struct listener_conf *l)
{
	if (l->service != SERVICE_MX)
		return SMTPD_MSA;
	return l->n_trust != 0 ? SMTPD_MX | SMTPD_MSA : SMTPD_MX;
}

static void
set_roles(struct set *s, const struct conf *conf)
{
	for (size_t i = 0; i < conf->n_listeners; i++) {
		const struct listener_conf	*l = &conf->listeners[i];

		for (size_t k = 0; k < l->n_certificates; k++)
			if (l->certificates[k].certificate < s->n)
				s->keys[l->certificates[k].certificate].roles |=
				    roles_of(l);
	}
}

/* So that no channel gets all of our time, whatever its keys. */
static uint32_t
cost_of(EVP_PKEY *key)
{
	int	 bits = EVP_PKEY_get_bits(key);

	if (EVP_PKEY_is_a(key, "RSA"))
		return bits <= 2048 ? 700 : bits <= 3072 ? 2000 : 4500;
	return bits <= 256 ? 40 : 800;
}

static const char *
read_one(struct sign_key *k, const struct conf *conf, size_t i)
{
	const char	*why = "out of memory";

	if (conf->certificates[i].self_signed)
		k->key = tls_self_key(conf->hostname, &k->self_signed);
	else if (files[i] == 0)
		return "the key was not handed over";
	else
		k->key = sign_file_read(files[i] - 1, &conf->certificates[i],
		    &why);
	if (k->key == NULL)
		return why;
	k->kind = tls_key_kind(k->key);
	k->cost = cost_of(k->key);
	return NULL;
}

static int
read_all(struct set *s, const struct conf *conf, char *why, size_t size)
{
	for (; s->n < conf->n_certificates; s->n++) {
		const struct certificate_conf	*c =
						    &conf->certificates[s->n];
		const char			*reason;

		reason = read_one(&s->keys[s->n], conf, s->n);
		if (reason == NULL)
			continue;
		snprintf(why, size, "%.*s:%u: certificate %.*s: %.*s: %s",
		    STR_FMT(c->origin.file), c->origin.line, STR_FMT(c->name),
		    STR_FMT(c->key_file), reason);
		return -1;
	}
	set_roles(s, conf);
	return 0;
}

/* ---- the steps of a configuration -------------------------------------- */

void
sign_keys_secret(unsigned i, int fd)
{
	if (i < CERTIFICATES_MAX && files[i] == 0)
		files[i] = fd + 1;
	else
		close(fd);
}

void
sign_keys_drop(void)
{
	for (size_t i = 0; i < CERTIFICATES_MAX; i++) {
		if (files[i] != 0)
			close(files[i] - 1);
		files[i] = 0;
	}
	set_free(&under_way);
}

int
sign_keys_configure(const struct conf *conf, char *why, size_t size)
{
	struct set	*s;

	s = xcalloc(1, sizeof(*s) +
	    conf->n_certificates * sizeof(s->keys[0]));
	s->conf = conf->number;
	if (read_all(s, conf, why, size) == -1)
		set_free(&s);
	sign_keys_drop();
	under_way = s;
	return s != NULL ? 0 : -1;
}

void
sign_keys_commit(void)
{
	set_free(&sets[SETS_MAX - 1]);
	memmove(sets + 1, sets, (SETS_MAX - 1) * sizeof(sets[0]));
	sets[0] = under_way;
	under_way = NULL;
}

const struct sign_key *
sign_keys_find(uint32_t conf, unsigned certificate)
{
	const struct set	*s = under_way;

	for (size_t i = 0; (s == NULL || s->conf != conf) && i < SETS_MAX; i++)
		s = sets[i];
	if (s == NULL || s->conf != conf || certificate >= s->n)
		return NULL;
	return &s->keys[certificate];
}
