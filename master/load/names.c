/*
 * An open hash table that doubles when it is half full.
 */
#include "names.h"

#include <stdlib.h>

#define FIRST_SIZE	64

/* FNV-1a */
static size_t
hash(struct str s)
{
	uint64_t	 h = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < s.n; i++)
		h = (h ^ (unsigned char)s.p[i]) * UINT64_C(0x100000001b3);
	return (size_t)(h ^ h >> 32);
}

/* Where the key is, or would be. */
static struct name *
place(struct name *list, size_t size, struct str key)
{
	size_t	 i = hash(key) & (size - 1);

	while (list[i].value != 0 && !str_equal(list[i].key, key))
		i = (i + 1) & (size - 1);
	return &list[i];
}

static int
grow(struct names *names)
{
	size_t		 size = names->size != 0 ? 2 * names->size :
			    FIRST_SIZE;
	struct name	*list = calloc(size, sizeof(*list));

	if (list == NULL)
		return -1;
	for (size_t i = 0; i < names->size; i++)
		if (names->list[i].value != 0)
			*place(list, size, names->list[i].key) =
			    names->list[i];
	free(names->list);
	names->list = list;
	names->size = size;
	return 0;
}

int
names_add(struct names *names, struct str key, uint32_t value,
    uint32_t *before)
{
	struct name	*at;

	if (2 * names->n >= names->size && grow(names) == -1)
		return -1;
	at = place(names->list, names->size, key);
	*before = at->value;
	if (at->value == 0) {
		*at = (struct name){ key, value };
		names->n++;
	}
	return 0;
}

uint32_t
names_find(const struct names *names, struct str key)
{
	if (names->size == 0)
		return 0;
	return place(names->list, names->size, key)->value;
}

void
names_clear(struct names *names)
{
	free(names->list);
	*names = (struct names)NAMES_INIT;
}
