/*
 * OpenSSL's memory, for a process that has keys.  (An allocation of
 * sodium_malloc(3) takes four pages and as many system calls, and a
 * signature makes a hundred of them: so OpenSSL's own heap holds the keys,
 * and what a signature has used for a moment is wiped.)
 */
#include "tls_memory.h"

#include <openssl/crypto.h>

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"

#define LOCKED_MIN	32	/* octets of one allocation */

static void *
allocate(size_t n, const char *file, int line)
{
	(void)file, (void)line;
	return malloc(n);
}

static void
wipe_and_free(void *p, const char *file, int line)
{
	(void)file, (void)line;
	if (p != NULL)
		OPENSSL_cleanse(p, malloc_usable_size(p));
	free(p);
}

static void *
reallocate(void *old, size_t n, const char *file, int line)
{
	size_t	 had = old != NULL ? malloc_usable_size(old) : 0;
	void	*p = n != 0 ? malloc(n) : NULL;

	if (p == NULL && n != 0)
		return NULL;
	if (p != NULL && old != NULL)
		memcpy(p, old, had < n ? had : n);
	wipe_and_free(old, file, line);
	return p;
}

void
tls_memory_setup(size_t locked)
{
	if (CRYPTO_set_mem_functions(allocate, reallocate,
	    wipe_and_free) != 1)
		fatal("cannot have OpenSSL's memory wiped");
	switch (CRYPTO_secure_malloc_init(locked, LOCKED_MIN)) {
	case 1:
		break;
	case 2:
		log_warn("keys may be swapped out: memory cannot be locked");
		break;
	default:
		fatal("no memory for keys");
	}
}
