/*
 * See control.h.
 */
#include "control.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "state.h"
#include "tree.h"

#define VALUE_MAX	512

static int
cut(const char *value)
{
	uint64_t	 n, seed;
	char		 kind[16], dir[VALUE_MAX];

	if (sscanf(value, "%" SCNu64 " %15s %" SCNu64 " %511s", &n, kind,
	    &seed, dir) != 4)
		return EINVAL;
	return state_write(tree_journal(), n, kind, seed, dir);
}

static int
mark(const char *text)
{
	if (!tree_is_name(text))
		return ENAMETOOLONG;
	tree_mark(text);
	return 0;
}

int
control_set(const char *name, const char *value, size_t n)
{
	char	 text[VALUE_MAX];

	if (n >= sizeof(text))
		return E2BIG;
	memcpy(text, value, n);
	text[n] = '\0';
	if (strcmp(name, "user.mark") == 0)
		return mark(text);
	return strcmp(name, "user.cut") == 0 ? cut(text) : ENOTSUP;
}

size_t
control_get(const char *name, char text[CONTROL_TEXT])
{
	if (strcmp(name, "user.journal") != 0)
		return 0;
	return (size_t)snprintf(text, CONTROL_TEXT, "%zu",
	    tree_journal()->n);
}
