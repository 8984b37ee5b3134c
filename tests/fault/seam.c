/*
 * See seam.h.  Each function does what the call of its name does, as far as
 * the spool relies on it.
 */
#include "seam.h"

#include <sys/file.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/vfs.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "dirlist.h"
#include "disk.h"
#include "log.h"
#include "model.h"
#include "sched.h"
#include "world.h"

#define FD_FIRST	0x40000000	/* no kernel gives as many */
#define FDS_MAX		65536
#define MUCH		(1u << 30)	/* blocks of a disk that is not full */

enum bug	 seam_bug;

static unsigned	 fds[FDS_MAX];		/* their nodes; never used again */
static unsigned	 n_fds;
static bool	 fails[SEAM_CALL_N];

/* --- descriptors --- */

static int
new_fd(unsigned node)
{
	if (n_fds == FDS_MAX)
		fatal("too many files were opened");
	fds[n_fds] = node;
	return FD_FIRST + (int)n_fds++;
}

bool
seam_owns(int fd)
{
	return fd >= FD_FIRST && (unsigned)(fd - FD_FIRST) < n_fds;
}

/* 0 with errno where it is none of ours */
static unsigned
node_of(int fd)
{
	if (fd == AT_FDCWD)
		return MODEL_ROOT;
	if (seam_owns(fd))
		return fds[fd - FD_FIRST];
	errno = EBADF;
	return 0;
}

static int
no(int error)
{
	errno = error;
	return -1;
}

/* Where the next thread may come in between; whether the call fails. */
static bool
goes_wrong(enum seam_call call)
{
	bool	 wrong;

	sched_point();
	wrong = fails[call] && sched_is_thread();
	if (wrong)
		fails[call] = false;
	errno = EIO;
	return wrong;
}

void
seam_fail_next(enum seam_call call)
{
	fails[call] = true;
}

/* --- operations --- */

static void
do_name(enum op_kind kind, unsigned directory, const char *name,
    unsigned target)
{
	struct op	 op = { .kind = kind, .node = directory,
	    .target = target };

	snprintf(op.name, sizeof(op.name), "%s", name);
	world_do(&op);
}

static unsigned
do_new(enum op_kind kind, unsigned directory, const char *name)
{
	unsigned	 node = model_next_node();

	world_do(&(struct op){ .kind = kind });
	do_name(OP_ENTER, directory, name, node);
	return node;
}

static int
seam_open(int dir, const char *name, int flags, mode_t mode)
{
	unsigned	 directory = node_of(dir), node;

	(void)mode;
	if (directory == 0)
		return -1;
	if (strcmp(name, ".") == 0)
		return new_fd(directory);
	if ((flags & O_CREAT) != 0)
		sched_point();
	node = model_lookup(directory, name);
	if (node != 0 && (flags & O_EXCL) != 0)
		return no(EEXIST);
	if (node == 0 && (flags & O_CREAT) == 0)
		return no(ENOENT);
	if (node == 0)
		node = do_new(OP_FILE, directory, name);
	else if ((flags & O_TRUNC) != 0 && model_size(node) != 0)
		world_do(&(struct op){ .kind = OP_TRUNCATE, .node = node });
	return new_fd(node);
}

static int
seam_stat(int fd, struct stat *st)
{
	unsigned	 node = node_of(fd);

	if (node == 0)
		return -1;
	*st = (struct stat){ .st_size = (off_t)model_size(node),
	    .st_nlink = model_links(node),
	    .st_mode = model_is_directory(node) ? S_IFDIR : S_IFREG };
	return 0;
}

static int
seam_statfs(int fd, struct statfs *fs)
{
	(void)fd;
	*fs = (struct statfs){ .f_bsize = 4096, .f_blocks = MUCH,
	    .f_bfree = MUCH, .f_bavail = MUCH };
	return 0;
}

static ssize_t
seam_read(int fd, void *buf, size_t n, off_t offset)
{
	unsigned	 node = node_of(fd);

	if (node == 0)
		return -1;
	return (ssize_t)model_read(node, buf, n, (uint64_t)offset);
}

static ssize_t
seam_read_now(int fd, const struct iovec *iov, int n, off_t offset, int flags)
{
	(void)n, (void)flags;
	return seam_read(fd, iov->iov_base, iov->iov_len, offset);
}

/* One that fails has come half way. */
static ssize_t
seam_write(int fd, const void *buf, size_t n, off_t offset)
{
	unsigned	 node = node_of(fd);
	bool		 wrong = goes_wrong(SEAM_WRITE);

	if (node == 0)
		return no(EBADF);
	world_do(&(struct op){ .kind = OP_WRITE, .node = node,
	    .offset = (uint64_t)offset, .len = wrong ? n / 2 : n,
	    .data = buf });
	return wrong ? no(EIO) : (ssize_t)n;
}

static int
sync_fd(int fd, enum seam_call call, bool forgotten)
{
	unsigned	 node = node_of(fd);
	bool		 wrong = goes_wrong(call);

	if (node == 0)
		return no(EBADF);
	sched_sync();
	if (!forgotten)
		world_do(&(struct op){ .kind = wrong ? OP_SPOIL : OP_SYNC,
		    .node = node });
	return wrong ? no(EIO) : 0;
}

/* of a file in the root directory whose name begins so */
struct look {
	const char	*prefix;
	unsigned	 node;
	bool		 found;
};

static void
compare(void *arg, const char *name)
{
	struct look	*l = arg;

	l->found |= strncmp(name, l->prefix, strlen(l->prefix)) == 0 &&
	    model_lookup(MODEL_ROOT, name) == l->node;
}

static bool
is_called(int fd, const char *prefix)
{
	struct look	 l = { prefix, node_of(fd), false };

	model_list(MODEL_ROOT, compare, &l);
	return l.found;
}

static int
seam_datasync(int fd)
{
	return sync_fd(fd, SEAM_DATASYNC, seam_bug == BUG_NO_DATASYNC ||
	    (seam_bug == BUG_NO_COUNTERS_SYNC && is_called(fd, "log-")));
}

/* A thread syncs the root for what it has replaced there, and nothing else. */
static bool
forgets_directory(int fd)
{
	return seam_bug == BUG_NO_DIRECTORY_SYNC ||
	    (seam_bug == BUG_NO_REPLACED_SYNC && node_of(fd) == MODEL_ROOT &&
	    sched_is_thread());
}

static bool
forgets_file(int fd)
{
	return seam_bug == BUG_NO_FILE_SYNC ||
	    (seam_bug == BUG_NO_REPLACE_SYNC && is_called(fd, "replace."));
}

static int
seam_sync(int fd)
{
	bool	 directory = seam_owns(fd) && model_is_directory(node_of(fd));

	return sync_fd(fd, SEAM_SYNC, directory ? forgets_directory(fd) :
	    forgets_file(fd));
}

static int
seam_truncate(int fd, off_t size)
{
	unsigned	 node = node_of(fd);

	if (node == 0)
		return -1;
	sched_point();
	world_do(&(struct op){ .kind = OP_TRUNCATE, .node = node,
	    .len = (uint64_t)size });
	return 0;
}

static int
seam_rename(int from, const char *old, int to, const char *new)
{
	unsigned	 a = node_of(from), b = node_of(to), node;

	if (goes_wrong(SEAM_RENAME))
		return -1;
	if (a == 0 || b == 0 || (node = model_lookup(a, old)) == 0)
		return no(ENOENT);
	do_name(OP_ENTER, b, new, node);
	do_name(OP_LEAVE, a, old, node);
	return 0;
}

static int
seam_link(int from, const char *old, int to, const char *new, int flags)
{
	unsigned	 a = node_of(from), b = node_of(to), node;

	(void)flags;
	if (goes_wrong(SEAM_LINK))
		return -1;
	if (a == 0 || b == 0 || (node = model_lookup(a, old)) == 0)
		return no(ENOENT);
	if (model_lookup(b, new) != 0)
		return no(EEXIST);
	do_name(OP_ENTER, b, new, node);
	return 0;
}

static int
seam_unlink(int dir, const char *name, int flags)
{
	unsigned	 directory = node_of(dir);

	(void)flags;
	sched_point();
	if (directory == 0 || model_lookup(directory, name) == 0)
		return no(ENOENT);
	do_name(OP_LEAVE, directory, name, 0);
	return 0;
}

static int
seam_mkdir(int dir, const char *name, mode_t mode)
{
	unsigned	 directory = node_of(dir);

	(void)mode;
	if (directory == 0)
		return -1;
	if (model_lookup(directory, name) != 0)
		return no(EEXIST);
	do_new(OP_DIRECTORY, directory, name);
	return 0;
}

/* In the place of queued/dirlist.c, whose object is not linked for it. */
int
dirlist(int dir, void (*each)(void *, const char *), void *arg)
{
	unsigned	 directory = node_of(dir);

	if (directory == 0)
		return -1;
	model_list(directory, each, arg);
	return 0;
}

/* In the place of the C library's: nobody else has this disk. */
int
flock(int fd, int operation)
{
	(void)operation;
	return node_of(fd) != 0 ? 0 : -1;
}

void
seam_install(void)
{
	static const struct disk	 table = {
		.open = seam_open, .stat = seam_stat,
		.statfs = seam_statfs, .read = seam_read,
		.read_now = seam_read_now, .write = seam_write,
		.datasync = seam_datasync, .sync = seam_sync,
		.truncate = seam_truncate, .rename = seam_rename,
		.link = seam_link, .unlink = seam_unlink,
		.mkdir = seam_mkdir,
	};

	disk = &table;
	n_fds = 0;
	memset(fails, 0, sizeof(fails));
}
