/*
 * Memory files that can no more change.
 */
#include "sealed.h"

#include <sys/mman.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <unistd.h>

#include "fd.h"

#define SEALS	(F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL)

int
sealed_close(int fd)
{
	return fcntl(fd, F_ADD_SEALS, SEALS);
}

int
sealed_new(const char *name, struct str content)
{
	int	 fd;
	ssize_t	 n;

	if ((fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING)) == -1)
		return -1;
	while (content.n != 0) {
		if ((n = write(fd, content.p, content.n)) <= 0)
			return close_keep_errno(fd);
		content = str_skip(content, (size_t)n);
	}
	return sealed_close(fd) == 0 ? fd : close_keep_errno(fd);
}

void *
sealed_map(int fd, size_t max, size_t *len)
{
	struct stat	 st;
	void		*p;

	if ((fcntl(fd, F_GET_SEALS) & SEALS) != SEALS ||
	    fstat(fd, &st) == -1 || st.st_size <= 0 ||
	    (uintmax_t)st.st_size > max)
		return NULL;
	p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (p == MAP_FAILED)
		return NULL;
	*len = (size_t)st.st_size;
	return p;
}
