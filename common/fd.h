/*
 * Descriptors on the way out of what has failed.
 */
#ifndef FD_H
#define FD_H

#include <errno.h>
#include <unistd.h>

/* Closes it and leaves errno as it is; always -1, for a return. */
static inline int
close_keep_errno(int fd)
{
	int	 saved = errno;

	close(fd);
	errno = saved;
	return -1;
}

#endif
