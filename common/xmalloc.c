/*
 * Allocation that does not fail; see xmalloc.h for what may use it.
 */
#include "xmalloc.h"

#include <stdlib.h>
#include <string.h>

#include "log.h"

static void *
must(void *p)
{
	if (p == NULL)
		fatal("out of memory");
	return p;
}

void *
xmalloc(size_t n)
{
	return must(malloc(n != 0 ? n : 1));
}

void *
xcalloc(size_t n, size_t size)
{
	return must(calloc(n != 0 ? n : 1, size != 0 ? size : 1));
}

void *
xreallocarray(void *p, size_t n, size_t size)
{
	return must(reallocarray(p, n != 0 ? n : 1, size != 0 ? size : 1));
}

char *
xstrdup(const char *s)
{
	return must(strdup(s));
}
