/*
 * Names to numbers; durable.c makes the names.
 */
#include "segment_names.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "dirlist.h"
#include "durable.h"

#define NAME_DIGITS	16

struct numbers {
	uint32_t	*list;
	size_t		 n, allocated;
	bool		 failed;
	void		(*other)(const char *);
};

/* "0000000000000012.seg"; 0: it is not so */
static uint32_t
number_of(const char *name, const char *suffix)
{
	char		*end;
	unsigned long	 n = strtoul(name, &end, 10);

	if (end != name + NAME_DIGITS || strcmp(end, suffix) != 0 ||
	    n > UINT32_MAX)
		return 0;
	return (uint32_t)n;
}

static void
add(struct numbers *all, uint32_t number)
{
	uint32_t	*p;

	if (all->n == all->allocated) {
		all->allocated = all->allocated * 2 + 64;
		p = reallocarray(all->list, all->allocated, sizeof(*p));
		if (p == NULL) {
			all->failed = true;
			return;
		}
		all->list = p;
	}
	all->list[all->n++] = number;
}

static void
note_name(void *arg, const char *name)
{
	struct numbers	*all = arg;
	uint32_t	 number = number_of(name, ".seg");

	if (number_of(name, ".idx") != 0 || all->failed)
		return;
	if (number == 0)
		all->other(name);
	else
		add(all, number);
}

static int
by_number(const void *a, const void *b)
{
	uint32_t	 x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

int
segment_names(uint32_t **numbers, size_t *n, void (*other)(const char *))
{
	struct numbers	 all = { .other = other };
	int		 error;

	error = dirlist(spool_dirs.log, note_name, &all) == -1 ? errno :
	    all.failed ? ENOMEM : 0;
	if (error != 0) {
		free(all.list);
		errno = error;
		return -1;
	}
	if (all.n != 0)
		qsort(all.list, all.n, sizeof(*all.list), by_number);
	*numbers = all.list;
	*n = all.n;
	return 0;
}
