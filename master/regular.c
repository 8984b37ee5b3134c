/*
 * Opens regular files.
 */
#include "regular.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

int
regular_open(const char *path)
{
	struct stat	 st;
	int		 fd, error;

	if ((fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)) == -1)
		return -1;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		return fd;
	error = S_ISDIR(st.st_mode) ? EISDIR : EINVAL;
	close(fd);
	errno = error;
	return -1;
}

/* A copy of the descriptor would share its place in the file. */
int
regular_again(int fd)
{
	char	 path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return regular_open(path);
}
