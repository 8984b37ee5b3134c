/*
 * Names that have been seen: an index from a string to a number, to find
 * duplicates among many in one pass.  What is in it comes from the host's
 * own files, so that its hash needs no secret.
 */
#ifndef NAMES_H
#define NAMES_H

#include <stddef.h>
#include <stdint.h>

#include "str.h"

struct name {
	struct str	 key;
	uint32_t	 value;		/* 0: nothing here */
};

struct names {
	struct name	*list;
	size_t		 n, size;	/* size: 0, or a power of two */
};

#define NAMES_INIT	{ NULL, 0, 0 }

/*
 * Adds the key (borrowed) with a value that is not 0, unless it is there:
 * then *before is its value, else 0.  -1 without memory.
 */
int	 names_add(struct names *, struct str key, uint32_t value,
	    uint32_t *before);
/* The value of the key, or 0. */
uint32_t names_find(const struct names *, struct str key);
void	 names_clear(struct names *);

#endif
