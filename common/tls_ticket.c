/*
 * Session tickets (RFC 5077, RFC 8446 4.6.1), sealed with a key that keyd
 * gives to all processes of a role, and to no other role: one's tickets say
 * nothing at another's.  Until there is a key, and when it has lived, there
 * are no tickets.
 */
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include "clock.h"
#include "log.h"
#include "tls_private.h"

#define IV_LEN		16
#define CIPHER_KEY_LEN	32	/* AES-256; the rest is for HMAC-SHA-256 */
#define AGAIN_MS	1000	/* between questions for a key */

struct key {
	uint8_t		 name[TICKET_NAME_LEN];
	uint8_t		 octets[TICKET_KEY_LEN];
	uint64_t	 begins_ms;
	uint64_t	 lives_ms;	/* seals so long, opens twice; or 0 */
};

static struct key	 now, before;
static bool		 asked;
static uint64_t		 asked_ms;
static EVP_CIPHER	*cipher;

void
tls_ticket_setup(void)
{
	if (cipher == NULL)
		cipher = EVP_CIPHER_fetch(NULL, "AES-256-CBC", NULL);
	if (cipher == NULL)
		fatal("tls: no AES");
}

/* ---- its keys ---------------------------------------------------------- */

static uint64_t
age(const struct key *k)
{
	return clock_ms() - k->begins_ms;
}

static void
on_lost(void *asker, enum lost_why why)
{
	(void)why;
	if (asker == tls_keyd_peer())
		asked = false;
}

/* Early enough for the next to be there when this one has lived. */
static void
ask(void)
{
	const struct nothing	 nothing = { };
	struct peer		*keyd = tls_keyd_peer();

	if (keyd == NULL || asked || age(&now) * 4 < now.lives_ms * 3 ||
	    (asked_ms != 0 && clock_ms() - asked_ms < AGAIN_MS) ||
	    !(message_rule(MSG_TICKET_KEY_ASK)->senders & 1u << keyd->self))
		return;
	asked_ms = clock_ms();
	asked = peer_ask(keyd, TICKET_KEY_ASK, &nothing, on_lost, keyd,
	    TLS_SIGN_MS) != 0;
}

void
tls_ticket_keyd(void)
{
	asked = false;
	asked_ms = 0;
	/* were the last keyd's.  A handshake under way may still seal with
	 * its key, never with none: nobody opens that */
	now.lives_ms = 0;
	before = (struct key){ 0 };
	ask();
}

void
on_ticket_key(struct peer *p, void *asker, const struct ticket_key *m)
{
	(void)asker;
	if (p != tls_keyd_peer())
		return;		/* another keyd is there by now */
	asked = false;
	if (m->name.n != TICKET_NAME_LEN || m->key.n != TICKET_KEY_LEN)
		return;
	if (memcmp(m->name.p, now.name, TICKET_NAME_LEN) != 0) {
		before = now;
		memcpy(now.name, m->name.p, TICKET_NAME_LEN);
		memcpy(now.octets, m->key.p, TICKET_KEY_LEN);
	}
	now.begins_ms = clock_ms();
	now.lives_ms = m->lives_s * 1000ull;
}

static bool
may_seal(void)
{
	return age(&now) < now.lives_ms;
}

static const struct key *
find(const uint8_t *name)
{
	if (now.lives_ms != 0 && age(&now) < 2 * now.lives_ms &&
	    memcmp(name, now.name, TICKET_NAME_LEN) == 0)
		return &now;
	if (before.lives_ms != 0 && age(&before) < 2 * before.lives_ms &&
	    memcmp(name, before.name, TICKET_NAME_LEN) == 0)
		return &before;
	return NULL;
}

/* ---- its use ----------------------------------------------------------- */

static int
set_mac(EVP_MAC_CTX *ctx, const struct key *k)
{
	OSSL_PARAM	 params[] = {
		OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY,
		    (void *)(uintptr_t)(k->octets + CIPHER_KEY_LEN),
		    TICKET_KEY_LEN - CIPHER_KEY_LEN),
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST,
		    (char *)(uintptr_t)"SHA256", 0),
		OSSL_PARAM_construct_end(),
	};

	return EVP_MAC_CTX_set_params(ctx, params);
}

static int
seal(uint8_t *name, uint8_t *iv, EVP_CIPHER_CTX *c, EVP_MAC_CTX *mac)
{
	memcpy(name, now.name, TICKET_NAME_LEN);
	return RAND_bytes(iv, IV_LEN) == 1 &&
	    EVP_EncryptInit_ex2(c, cipher, now.octets, iv, NULL) == 1 &&
	    set_mac(mac, &now) == 1 ? 1 : -1;
}

/* 2: with a new ticket. */
static int
unseal(uint8_t *name, uint8_t *iv, EVP_CIPHER_CTX *c, EVP_MAC_CTX *mac)
{
	const struct key	*k = find(name);

	if (k == NULL)
		return 0;
	if (EVP_DecryptInit_ex2(c, cipher, k->octets, iv, NULL) != 1 ||
	    set_mac(mac, k) != 1)
		return -1;
	return k == &now ? 1 : 2;
}

static int
on_ticket(SSL *ssl, unsigned char *name, unsigned char *iv, EVP_CIPHER_CTX *c,
    EVP_MAC_CTX *mac, int sealing)
{
	(void)ssl;
	return sealing ? seal(name, iv, c, mac) : unseal(name, iv, c, mac);
}

void
tls_ticket_serve(SSL_CTX *ctx)
{
	(void)SSL_CTX_set_tlsext_ticket_key_evp_cb(ctx, on_ticket);
	(void)SSL_CTX_set_num_tickets(ctx, 1);
}

void
tls_ticket_accept(SSL *ssl)
{
	ask();
	if (may_seal())
		return;
	(void)SSL_set_options(ssl, SSL_OP_NO_TICKET);
	(void)SSL_set_num_tickets(ssl, 0);
}
