/*
 * The batches that were written last, as long as messages in them live: most
 * mail is sent on moments after it came, and is read here and not from the
 * disk.  Bounded; the oldest go first.
 */
#ifndef CACHE_H
#define CACHE_H

#include <stddef.h>
#include <stdint.h>

#include "batch.h"

/*
 * Octets of memory: about a second's mail where most comes, and a tenth of
 * what a million waiting messages take.  What does not fit is read from the
 * kernel's memory.  And batches; a power of two.
 */
#define CACHE_MAX	(24u << 20)
#define CACHE_BATCHES	4096

/* Takes the batch, which is durable. */
void		 cache_add(struct batch *);
/* What is at place and behind it in its batch, borrowed; NULL: not here. */
const uint8_t	*cache_find(struct spool_place, size_t *n);
/* The message there has ended. */
void		 cache_gone(struct spool_place);
void		 cache_clear(void);

#endif
