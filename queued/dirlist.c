/*
 * Reading a directory through a descriptor of its own, so that the one given
 * keeps its position.
 */
#include "dirlist.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "disk.h"
#include "fd.h"

int
dirlist(int dir, void (*each)(void *, const char *), void *arg)
{
	struct dirent	*e;
	DIR		*d;
	int		 fd, saved;

	if ((fd = disk_open(dir, ".", O_RDONLY | O_DIRECTORY)) == -1)
		return -1;
	if ((d = fdopendir(fd)) == NULL)
		return close_keep_errno(fd);
	while ((errno = 0, e = readdir(d)) != NULL)
		if (strcmp(e->d_name, ".") != 0 &&
		    strcmp(e->d_name, "..") != 0)
			each(arg, e->d_name);
	saved = errno;
	closedir(d);
	errno = saved;
	return saved == 0 ? 0 : -1;
}
