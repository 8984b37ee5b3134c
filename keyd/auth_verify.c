/*
 * argon2id and HMAC by libsodium, crypt(3) by libcrypt.  What came of the
 * password on the way is wiped.
 */
#include "auth_verify.h"

#include <crypt.h>
#include <sodium.h>
#include <stdlib.h>

#define DIGEST	crypto_auth_hmacsha256_BYTES

static bool
verify_argon2id(const struct auth_entry *e, struct str password)
{
	return crypto_pwhash_argon2id_str_verify(e->hash.p, password.p,
	    password.n) == 0;
}

/* One block of PBKDF2 with HMAC-SHA-256 (RFC 8018 5.2), as RFC 5802 2.2. */
static void
salted_password(const struct auth_entry *e, struct str password,
    uint8_t out[DIGEST])
{
	static const uint8_t		 one[] = { 0, 0, 0, 1 };
	crypto_auth_hmacsha256_state	 keyed, st;
	uint8_t				 u[DIGEST];

	crypto_auth_hmacsha256_init(&keyed, (const uint8_t *)password.p,
	    password.n);
	st = keyed;
	crypto_auth_hmacsha256_update(&st, e->salt, e->n_salt);
	crypto_auth_hmacsha256_update(&st, one, sizeof(one));
	crypto_auth_hmacsha256_final(&st, u);
	memcpy(out, u, DIGEST);
	for (uint32_t i = 1; i < e->cost.passes; i++) {
		st = keyed;
		crypto_auth_hmacsha256_update(&st, u, DIGEST);
		crypto_auth_hmacsha256_final(&st, u);
		for (size_t k = 0; k < DIGEST; k++)
			out[k] ^= u[k];
	}
	sodium_memzero(&keyed, sizeof(keyed));
	sodium_memzero(&st, sizeof(st));
	sodium_memzero(u, sizeof(u));
}

/* RFC 5802 3: StoredKey is H(HMAC(SaltedPassword, "Client Key")). */
static bool
verify_scram(const struct auth_entry *e, struct str password)
{
	static const char	 label[] = "Client Key";
	uint8_t			 key[DIGEST], stored[SCRAM_KEY_LEN];

	salted_password(e, password, key);
	crypto_auth_hmacsha256(key, (const uint8_t *)label,
	    sizeof(label) - 1, key);
	crypto_hash_sha256(stored, key, sizeof(key));
	sodium_memzero(key, sizeof(key));
	return sodium_memcmp(stored, e->stored_key, SCRAM_KEY_LEN) == 0;
}

/* What crypt(3) cannot do gives a text that is nobody's hash. */
static bool
verify_crypt(const struct auth_entry *e, struct str password)
{
	struct crypt_data	*data = calloc(1, sizeof(*data));
	const char		*made;
	bool			 ok;

	if (data == NULL)
		return false;
	made = crypt_r(password.p, e->hash.p, data);
	ok = made != NULL && strlen(made) == e->hash.n &&
	    sodium_memcmp(made, e->hash.p, e->hash.n) == 0;
	sodium_memzero(data, sizeof(*data));
	free(data);
	return ok;
}

bool
auth_verify(const struct auth_entry *e, struct str password)
{
	bool	 ok = false;

	switch (e->cost.scheme) {
	case AUTH_ARGON2ID:
		ok = verify_argon2id(e, password);
		break;
	case AUTH_SCRAM:
		ok = verify_scram(e, password);
		break;
	case AUTH_CRYPT:
		ok = verify_crypt(e, password);
		break;
	}
	/* crypt(3) would see the part before a NUL; and nobody has none */
	return ok && password.n != 0 &&
	    memchr(password.p, '\0', password.n) == NULL;
}
