/*
 * A table from message ids to pointers.  The hash is keyed: a broken-into
 * smtpd may choose ids, but not where they fall.
 */
#ifndef IDMAP_H
#define IDMAP_H

#include <stdbool.h>
#include <stddef.h>

#include "msgid.h"

struct idmap_slot {
	struct msgid	 id;
	void		*value;		/* NULL: the slot is free */
};

struct idmap {
	struct idmap_slot	*slots;
	size_t			 size;	/* a power of two, or 0 */
	size_t			 n;
};

void	*idmap_get(const struct idmap *, const struct msgid *);
/* value is not NULL; replaces.  0, or -1 without memory. */
int	 idmap_put(struct idmap *, const struct msgid *, void *value);
/* what was there, or NULL */
void	*idmap_remove(struct idmap *, const struct msgid *);
void	 idmap_clear(struct idmap *);	/* frees the table, not the values */

#endif
