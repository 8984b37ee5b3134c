/*
 * The table of the real system calls, and the loops around those that may do
 * less than they were asked to.
 */
#include "disk.h"

#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/vfs.h>

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define FILE_MODE	0600

static int
real_open(int dir, const char *name, int flags, mode_t mode)
{
	return openat(dir, name, flags, mode);
}

const struct disk	 disk_real = {
	.open = real_open,
	.stat = fstat,
	.statfs = fstatfs,
	.read = pread,
	.read_now = preadv2,
	.write = pwrite,
	.datasync = fdatasync,
	.sync = fsync,
	.truncate = ftruncate,
	.rename = renameat,
	.link = linkat,
	.unlink = unlinkat,
	.mkdir = mkdirat,
};

const struct disk	*disk = &disk_real;

int
disk_open(int dir, const char *name, int flags)
{
	return disk->open(dir, name, flags | O_CLOEXEC | O_NOFOLLOW,
	    FILE_MODE);
}

int
disk_read_all(int fd, void *buf, size_t n, uint64_t offset)
{
	char	*p = buf;
	ssize_t	 got;

	while (n != 0) {
		got = disk->read(fd, p, n, (off_t)offset);
		if (got == -1 && errno == EINTR)
			continue;
		if (got == 0)
			errno = ENODATA;
		if (got <= 0)
			return -1;
		p += got;
		n -= (size_t)got;
		offset += (uint64_t)got;
	}
	return 0;
}

/* Whether to try again, after a wait twice as long as the one before. */
static bool
may_pass(unsigned *ms)
{
	struct timespec	 wait = { 0, (long)*ms * 1000000 };

	if ((errno != EIO && errno != ENFILE && errno != EMFILE &&
	    errno != ENOMEM) || *ms > DISK_PATIENCE_MS / 2)
		return false;
	clock_nanosleep(CLOCK_MONOTONIC, 0, &wait, NULL);
	*ms *= 2;
	return true;
}

int
disk_open_patiently(int dir, const char *name, int flags)
{
	unsigned	 ms = 1;
	int		 fd;

	do
		fd = disk_open(dir, name, flags);
	while (fd == -1 && may_pass(&ms));
	return fd;
}

int
disk_read_patiently(int fd, void *p, size_t n, uint64_t offset)
{
	unsigned	 ms = 1;
	int		 error;

	do
		error = disk_read_all(fd, p, n, offset);
	while (error == -1 && may_pass(&ms));
	return error;
}

int
disk_write_all(int fd, const void *buf, size_t n, uint64_t offset)
{
	const char	*p = buf;
	ssize_t		 done;

	while (n != 0) {
		done = disk->write(fd, p, n, (off_t)offset);
		if (done == -1 && errno == EINTR)
			continue;
		if (done == 0)
			errno = EIO;
		if (done <= 0)
			return -1;
		p += done;
		n -= (size_t)done;
		offset += (uint64_t)done;
	}
	return 0;
}

ssize_t
disk_read_now(int fd, void *buf, size_t n, uint64_t offset)
{
	struct iovec	 iov = { buf, n };

	return disk->read_now(fd, &iov, 1, (off_t)offset, RWF_NOWAIT);
}
