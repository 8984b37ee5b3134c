/*
 * Memory for small structures of which a million may wait: items of one size,
 * side by side without the sixteen octets and the rounding that malloc adds
 * to each.  They lie in chunks; a chunk goes back to the system with its last
 * item, so that a long queue leaves nothing behind.
 */
#ifndef SLAB_H
#define SLAB_H

#include <sys/queue.h>

#include <stddef.h>

struct slab_chunk;

TAILQ_HEAD(slab_chunks, slab_chunk);

/* One kind of item; to be initialised, and never copied. */
struct slab {
	size_t			 size;		/* of an item, octets */
	size_t			 chunks;	/* how many there are */
	struct slab_chunks	 room;		/* those that are not full */
};

/* For items of that type, which has room for a pointer. */
#define SLAB_INIT(slab, type)						\
	{ sizeof(type), 0, TAILQ_HEAD_INITIALIZER((slab).room) }

/* An item, all zero, aligned as a pointer is; NULL: no memory. */
void	*slab_take(struct slab *);
/* Takes back what came from the same slab. */
void	 slab_give(struct slab *, void *);

#endif
