/*
 * Indexes of the configuration before the one in force.  Who asks may not
 * have heard of a new one yet: what it means is found again by its name.
 */
#ifndef NUMBERING_H
#define NUMBERING_H

#include <stdint.h>

#include "conf.h"
#include "str.h"

#define NUMBERING_MAX	256	/* of tables, credentials, certificates */

/* The name of the thing of that index, or one without a name behind the
 * last. */
typedef struct str (*numbering_name)(const struct conf *, size_t);

struct numbering {
	uint32_t	 conf, before;	/* their numbers */
	size_t		 n, n_before;
	uint16_t	 now[NUMBERING_MAX];	/* of those before; or n */
};

/* old is NULL where there is none; both are borrowed for the call. */
void	 numbering_set(struct numbering *, const struct conf *old,
	    const struct conf *, numbering_name);
/* The index today, or -1. */
int	 numbering_find(const struct numbering *, uint32_t conf, unsigned i);

#endif
