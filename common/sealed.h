/*
 * Sealed memory: files without a name whose content and size can no more be
 * changed, by anyone (memfd_create(2), F_ADD_SEALS).  What is passed between
 * processes to be read for long travels so.
 */
#ifndef SEALED_H
#define SEALED_H

#include <stddef.h>

#include "str.h"

/* A new sealed file with that content; the caller owns it; -1: errno. */
int	 sealed_new(const char *name, struct str content);
/* Seals fd, a memory file written by the caller; 0, or -1 with errno. */
int	 sealed_close(int fd);
/*
 * Maps fd (borrowed) for reading.  NULL when it is not a sealed file, is
 * empty or larger than max, or cannot be mapped.  The caller unmaps.
 */
void	*sealed_map(int fd, size_t max, size_t *len);

#endif
