/*
 * A file system of one file, "disk", that lies in memory and writes down
 * what is done to it.  Behind a loop device it is a disk: each write and each
 * flush that a real file system makes goes, in their order, to the log.  So
 * does each name beginning with "mark" that somebody looks up here, which is
 * how a test tells what it has been promised by then.
 *
 * usage: recorder OCTETS LOG MOUNTPOINT	(in the foreground, until unmounted)
 *
 * The log: a struct entry, and behind a write its octets.
 */
#define FUSE_USE_VERSION 31

#include <sys/mman.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <fuse.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#define DISK		"/disk"
#define MARK		"/mark"
#define MARK_MAX	64

enum entry_type { ENTRY_WRITE = 1, ENTRY_FLUSH = 2, ENTRY_MARK = 3 };

struct entry {
	uint32_t	 type;
	uint32_t	 len;		/* of what follows */
	uint64_t	 offset;	/* of a write */
};

static char	*octets;
static size_t	 size;
static FILE	*record;

static void
put(enum entry_type type, uint64_t offset, const void *p, size_t n)
{
	struct entry	 e = { type, (uint32_t)n, offset };

	if (fwrite(&e, sizeof(e), 1, record) != 1 ||
	    (n != 0 && fwrite(p, n, 1, record) != 1) || fflush(record) != 0)
		errx(EX_IOERR, "the log cannot be written");
}

static int
do_getattr(const char *path, struct stat *st, struct fuse_file_info *fi)
{
	(void)fi;
	memset(st, 0, sizeof(*st));
	st->st_nlink = 1;
	if (strcmp(path, "/") == 0) {
		st->st_mode = S_IFDIR | 0700;
		return 0;
	}
	if (strncmp(path, MARK, sizeof(MARK) - 1) == 0)
		put(ENTRY_MARK, 0, path + 1, strnlen(path + 1, MARK_MAX));
	if (strcmp(path, DISK) != 0)
		return -ENOENT;
	st->st_mode = S_IFREG | 0600;
	st->st_size = (off_t)size;
	return 0;
}

static int
do_open(const char *path, struct fuse_file_info *fi)
{
	(void)fi;
	return strcmp(path, DISK) == 0 ? 0 : -ENOENT;
}

static size_t
room(size_t n, off_t at)
{
	if (at < 0 || (size_t)at >= size)
		return 0;
	return n < size - (size_t)at ? n : size - (size_t)at;
}

static int
do_read(const char *path, char *to, size_t n, off_t at,
    struct fuse_file_info *fi)
{
	(void)path, (void)fi;
	n = room(n, at);
	if (n != 0)
		memcpy(to, octets + at, n);
	return (int)n;
}

static int
do_write(const char *path, const char *from, size_t n, off_t at,
    struct fuse_file_info *fi)
{
	(void)path, (void)fi;
	if ((n = room(n, at)) == 0)
		return -ENOSPC;
	memcpy(octets + at, from, n);
	put(ENTRY_WRITE, (uint64_t)at, from, n);
	return (int)n;
}

static int
do_fsync(const char *path, int data_only, struct fuse_file_info *fi)
{
	(void)path, (void)data_only, (void)fi;
	put(ENTRY_FLUSH, 0, NULL, 0);
	return 0;
}

/* A hole is zeros, as a write of them would be. */
static int
do_fallocate(const char *path, int mode, off_t at, off_t n,
    struct fuse_file_info *fi)
{
	(void)path, (void)mode, (void)at, (void)n, (void)fi;
	return -EOPNOTSUPP;
}

static const struct fuse_operations	 operations = {
	.getattr = do_getattr,
	.open = do_open,
	.read = do_read,
	.write = do_write,
	.fsync = do_fsync,
	.fallocate = do_fallocate,
};

int
main(int argc, char **argv)
{
	char	*args[] = { argv[0], (char *)"-f", (char *)"-s",
		    (char *)"-oattr_timeout=0,entry_timeout=0,"
		    "negative_timeout=0", NULL, NULL };

	if (argc != 4)
		errx(EX_USAGE, "usage: recorder OCTETS LOG MOUNTPOINT");
	size = strtoull(argv[1], NULL, 10);
	octets = mmap(NULL, size, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (size == 0 || octets == MAP_FAILED)
		err(EX_OSERR, "%s octets", argv[1]);
	if ((record = fopen(argv[2], "w")) == NULL)
		err(EX_CANTCREAT, "%s", argv[2]);
	args[4] = argv[3];
	return fuse_main(5, args, &operations, NULL);
}
