/*
 * Memory for what a process cannot start or go on without: these end the
 * process when there is none.  Whatever a client can ask for comes from buf
 * or arena instead, whose failure is a reply, not a death.
 */
#ifndef XMALLOC_H
#define XMALLOC_H

#include <stddef.h>

void	*xmalloc(size_t);
void	*xcalloc(size_t n, size_t size);	/* zeroed; checks n * size */
void	*xreallocarray(void *, size_t n, size_t size);
char	*xstrdup(const char *);

#endif
