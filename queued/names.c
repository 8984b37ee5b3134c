/*
 * Open addressing at most half full, never shrunk: a miss, which is what
 * most questions about foreign domains are, ends after a step or two.
 */
#include "names.h"

#include <stdlib.h>

#include "keyed.h"
#include "xmalloc.h"

struct name_entry {
	struct str	 name;		/* n 0: free */
	uint32_t	 number;
};

void
names_init(struct names *set, size_t n)
{
	set->size = 2;
	while (set->size < 2 * n)
		set->size *= 2;
	set->entries = xcalloc(set->size, sizeof(*set->entries));
}

void
names_clear(struct names *set)
{
	free(set->entries);
	*set = (struct names){ NULL, 0 };
}

/* The entry of that name, or the free one where it would be. */
static struct name_entry *
find(const struct names *set, struct str name)
{
	size_t	 i = keyed_hash(name.p, name.n) & (set->size - 1);

	while (set->entries[i].name.n != 0 &&
	    !str_equal(set->entries[i].name, name))
		i = (i + 1) & (set->size - 1);
	return &set->entries[i];
}

void
names_add(struct names *set, struct str name, uint32_t number)
{
	struct name_entry	*e;

	if (name.n == 0)
		return;
	e = find(set, name);
	if (e->name.n == 0)
		*e = (struct name_entry){ name, number };
}

uint32_t
names_find(const struct names *set, struct str name)
{
	const struct name_entry	*e;

	if (name.n == 0 || set->size == 0)
		return NAMES_NO;
	e = find(set, name);
	return e->name.n != 0 ? e->number : NAMES_NO;
}
