/*
 * The hash for every table in memory whose keys others choose: SipHash with
 * a key drawn at the first use of it in the process, so that nobody can make
 * keys that fall together.
 */
#ifndef KEYED_H
#define KEYED_H

#include <stddef.h>
#include <stdint.h>

#define KEYED_KEY	16	/* octets of a key */

/* Of n octets; p may be NULL where n is 0. */
uint64_t	 keyed_hash(const void *p, size_t n);
/* The same with a key that is kept, where the hashes are kept as well. */
uint64_t	 keyed_hash_with(const uint8_t key[KEYED_KEY], const void *p,
		    size_t n);

#endif
