/*
 * The memory of a process that has private keys.
 */
#ifndef TLS_MEMORY_H
#define TLS_MEMORY_H

#include <stddef.h>

/*
 * Before anything else of OpenSSL's: what is secret of a key goes to a heap
 * of that many octets (a power of 2), locked, not in any dump, and between
 * guard pages; everything else is wiped when it is freed.  Ends the process
 * when that cannot be; memory that cannot be locked is only warned of.
 */
void	 tls_memory_setup(size_t locked);

#endif
