/*
 * Channels between two children that closed though both live: our own bug,
 * or no memory where there was no other way out.  They are connected anew.
 */
#ifndef REJOIN_H
#define REJOIN_H

#include <stdint.h>

#include "child.h"

#define REJOIN_MS	250	/* by then a death is known as one */

/* A number, never 0, for a new pair of sockets between these two. */
uint32_t	 rejoin_number(const struct child *, const struct child *);

/*
 * by says that the pair of that number, to other, is closed.  Only for the
 * latest pair between them, and once: then REJOIN_MS later, or more if that
 * is often so, they get another if both are still in the same start.
 */
void		 rejoin_lost(struct child *by, struct child *other,
		    uint32_t pair);

#endif
