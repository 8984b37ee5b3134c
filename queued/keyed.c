/*
 * SipHash-2-4 from libsodium under one key of the process.
 */
#include "keyed.h"

#include <sodium.h>
#include <stdbool.h>
#include <string.h>

uint64_t
keyed_hash(const void *p, size_t n)
{
	static unsigned char	 key[crypto_shorthash_KEYBYTES];
	static bool		 drawn;
	unsigned char		 hash[crypto_shorthash_BYTES];
	uint64_t		 value;

	if (!drawn) {
		crypto_shorthash_keygen(key);
		drawn = true;
	}
	crypto_shorthash(hash, p, n, key);
	memcpy(&value, hash, sizeof(value));
	return value;
}
