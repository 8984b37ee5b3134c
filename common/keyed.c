/*
 * SipHash-2-4 from libsodium.
 */
#include "keyed.h"

#include <sodium.h>
#include <stdbool.h>
#include <string.h>

_Static_assert(KEYED_KEY == crypto_shorthash_KEYBYTES, "the key of SipHash");

uint64_t
keyed_hash_with(const uint8_t key[KEYED_KEY], const void *p, size_t n)
{
	unsigned char	 hash[crypto_shorthash_BYTES];
	uint64_t	 value;

	crypto_shorthash(hash, n != 0 ? p : hash, n, key);
	memcpy(&value, hash, sizeof(value));
	return value;
}

uint64_t
keyed_hash(const void *p, size_t n)
{
	static uint8_t	 key[KEYED_KEY];
	static bool	 drawn;

	if (!drawn) {
		crypto_shorthash_keygen(key);
		drawn = true;
	}
	return keyed_hash_with(key, p, n);
}
