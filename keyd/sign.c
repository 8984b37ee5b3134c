/*
 * The answers of the role that signs.
 */
#include "sign.h"

#include <openssl/err.h>
#include <openssl/rsa.h>

#include <sodium.h>

#include "clock.h"
#include "peer_rate.h"

#include "sign_form.h"
#include "sign_keys.h"

/* A key of tickets; it is followed by another when half of that is over. */
#define TICKET_LIFE_S	(4 * 3600)

/* Microseconds of signing: one channel gets three quarters of our time. */
static const struct bucket_rate	 rate = { 750000, 1000, 500000 };

static struct ticket {
	uint8_t		 name[TICKET_NAME_LEN];
	uint8_t		 key[TICKET_KEY_LEN];
	uint64_t	 made_ms;	/* 0: not yet */
} tickets[ROLE_N];

const struct keyd_part	 sign_part = {
	.role = ROLE_KEYD_SIGN,
	.prepare = sign_keys_setup,
	.configure = sign_keys_configure,
	.commit = sign_keys_commit,
	.drop = sign_keys_drop,
	.secret = sign_keys_secret,
	.peer_up = peer_rate_up,
	.peer_down = peer_rate_down,
};

/* ---- signatures -------------------------------------------------------- */

static int
set_padding(EVP_PKEY_CTX *ctx, const struct sign_scheme *scheme)
{
	if (!scheme->pss)
		return 1;
	return EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) == 1 &&
	    EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, RSA_PSS_SALTLEN_DIGEST) == 1;
}

static bool
sign(EVP_PKEY *key, const struct sign_scheme *scheme, struct str tbs,
    uint8_t *sig, size_t *len)
{
	EVP_MD_CTX	*md = EVP_MD_CTX_new();
	EVP_PKEY_CTX	*ctx;		/* md's */
	bool		 ok;

	ok = md != NULL && EVP_DigestSignInit_ex(md, &ctx, scheme->md, NULL,
	    NULL, key, NULL) == 1 && set_padding(ctx, scheme) &&
	    EVP_DigestSign(md, sig, len, (const uint8_t *)tbs.p, tbs.n) == 1;
	EVP_MD_CTX_free(md);
	ERR_clear_error();
	return ok;
}

/* Whether it may be made; only then is its cost taken. */
static enum secret_result
judge(struct peer *p, const struct tls_sign *m, const struct sign_key *key)
{
	if (!sign_is_handshake(m->scheme, m->tbs))
		return SECRET_REFUSED;
	if (key == NULL)
		return SECRET_UNKNOWN;
	if (!(key->roles & 1u << p->role) ||
	    strcmp(key->kind, sign_scheme(m->scheme)->kind) != 0)
		return SECRET_REFUSED;
	if (!peer_rate_take(p, &rate, key->cost))
		return SECRET_BUSY;
	return SECRET_OK;
}

void
on_tls_sign(struct peer *p, uint32_t id, const struct tls_sign *m)
{
	const struct sign_key	*key = sign_keys_find(m->conf, m->key);
	uint8_t			 sig[SIGNATURE_MAX];
	size_t			 len = sizeof(sig);
	struct tls_signed	 answer = { judge(p, m, key), STR_NONE };

	if (answer.result == SECRET_OK) {
		if (sign(key->key, sign_scheme(m->scheme), m->tbs, sig, &len))
			answer.signature = str_bytes(sig, len);
		else
			answer.result = SECRET_REFUSED;
	}
	peer_send(p, TLS_SIGNED, id, &answer);
}

/* ---- what else servers need -------------------------------------------- */

void
on_certificate_ask(struct peer *p, uint32_t id,
    const struct certificate_ask *m)
{
	const struct sign_key	*key = sign_keys_find(m->conf, m->certificate);
	struct certificate	 answer = { SECRET_UNKNOWN, STR_NONE };
	unsigned char		*der = NULL;
	int			 n;

	if (key != NULL)
		answer.result = SECRET_REFUSED;
	if (key != NULL && key->self_signed != NULL &&
	    (key->roles & 1u << p->role) &&
	    (n = i2d_X509(key->self_signed, &der)) > 0)
		answer = (struct certificate){ SECRET_OK,
		    str_bytes(der, (size_t)n) };
	peer_send(p, CERTIFICATE, id, &answer);
	OPENSSL_free(der);
}

void
on_ticket_key_ask(struct peer *p, uint32_t id, const struct nothing *m)
{
	struct ticket		*t = &tickets[p->role];
	uint64_t		 now = clock_ms();
	struct ticket_key	 answer;

	(void)m;
	if (t->made_ms == 0 || (now - t->made_ms) / 1000 >= TICKET_LIFE_S / 2) {
		randombytes_buf(t->name, sizeof(t->name));
		randombytes_buf(t->key, sizeof(t->key));
		t->made_ms = now;
	}
	answer.name = str_bytes(t->name, sizeof(t->name));
	answer.key = str_bytes(t->key, sizeof(t->key));
	answer.lives_s = TICKET_LIFE_S - (uint32_t)((now - t->made_ms) / 1000);
	peer_send(p, TICKET_KEY, id, &answer);
}
