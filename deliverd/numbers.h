/*
 * Things found by a number that queued gave them: jobs and routes.  The
 * numbers come from our own queue, never from the network, so they need no
 * keyed hash.  A thing embeds a struct numbered; the table owns nothing.
 */
#ifndef NUMBERS_H
#define NUMBERS_H

#include <stddef.h>
#include <stdint.h>

struct numbered {
	uint32_t	 number;
	struct numbered	*next;		/* in its bucket */
};

struct numbers {
	struct numbered	**buckets;
	size_t		 size;		/* of buckets: a power of two */
	size_t		 n;
};

/* The number must not be in the table yet. */
void		 numbers_add(struct numbers *, struct numbered *);
struct numbered	*numbers_find(const struct numbers *, uint32_t);
/* Takes it out; nothing happens when it is not in. */
void		 numbers_remove(struct numbers *, struct numbered *);

#endif
