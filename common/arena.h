/*
 * Memory that is freed all at once: for what a decoder makes of one frame,
 * or a configuration of one blob.  Has a hard maximum; a failure is NULL.
 */
#ifndef ARENA_H
#define ARENA_H

#include <stddef.h>

#include "str.h"

struct arena_chunk;

struct arena {
	struct arena_chunk	*chunks;	/* the newest first */
	size_t			 used;		/* of all chunks together */
	size_t			 max;
};

#define ARENA_INIT(max)	{ NULL, 0, (max) }

/* Zeroed, aligned for any type; NULL beyond the maximum or without memory. */
void		*arena_calloc(struct arena *, size_t n, size_t size);
/* A copy of s with a NUL behind it; p is NULL on failure. */
struct str	 arena_str(struct arena *, struct str s);
/* Frees all but one chunk of ordinary size, which the next use takes. */
void		 arena_reset(struct arena *);
void		 arena_clear(struct arena *);	/* frees everything */

#endif
