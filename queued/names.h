/*
 * A set of domain names, each with a number: built once from a
 * configuration, then only asked.  Borrows the names.
 */
#ifndef NAMES_H
#define NAMES_H

#include <stddef.h>
#include <stdint.h>

#include "str.h"

#define NAMES_NO	UINT32_MAX	/* not in the set */

struct name_entry;

struct names {
	struct name_entry	*entries;
	size_t			 size;	/* a power of two, or 0 */
};

/* Room for n names; more must not be added. */
void		 names_init(struct names *, size_t n);
void		 names_clear(struct names *);
/* name is in lower case; the first of equal names stays. */
void		 names_add(struct names *, struct str name, uint32_t number);
uint32_t	 names_find(const struct names *, struct str name);

#endif
