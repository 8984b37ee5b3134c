/*
 * The spool's directories, its version and its lock, as a start finds or
 * makes them.  The version is durable before the first segment is made, so a
 * log without one is somebody else's.
 */
#include <sys/file.h>

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "disk.h"
#include "durable.h"

#define VERSION_TEXT	"postern spool 2\n"
#define VERSION_SIZE	(sizeof(VERSION_TEXT) - 1)
#define IN_USE		"spool: in use by another process"

struct spool_dirs	 spool_dirs = { -1, -1, -1, -1, -1, -1 };

static int
failed(char *why, size_t size, const char *what)
{
	snprintf(why, size, "spool: %s: %s", what, strerror(errno));
	return -1;
}

static int
open_dir(int *fd, const char *name, char *why, size_t size)
{
	if (disk->mkdir(spool_dirs.root, name, 0700) == -1 && errno != EEXIST)
		return failed(why, size, name);
	*fd = disk_open(spool_dirs.root, name, O_RDONLY | O_DIRECTORY);
	return *fd == -1 ? failed(why, size, name) : 0;
}

static int
take_lock(char *why, size_t size)
{
	spool_dirs.lock = disk_open(spool_dirs.root, "lock",
	    O_RDWR | O_CREAT);
	if (spool_dirs.lock == -1)
		return failed(why, size, "lock");
	if (flock(spool_dirs.lock, LOCK_EX | LOCK_NB) == 0)
		return 0;
	if (errno != EWOULDBLOCK)
		return failed(why, size, "lock");
	snprintf(why, size, IN_USE);
	return -1;
}

static int
write_version(char *why, size_t size)
{
	int	 fd;

	fd = disk_open(spool_dirs.root, "version.new",
	    O_WRONLY | O_CREAT | O_TRUNC);
	if (fd == -1)
		return failed(why, size, "version.new");
	if (disk_write_all(fd, VERSION_TEXT, VERSION_SIZE, 0) == -1 ||
	    disk->sync(fd) == -1) {
		close(fd);
		return failed(why, size, "version.new");
	}
	close(fd);
	if (disk->rename(spool_dirs.root, "version.new", spool_dirs.root,
	    "version") == -1 || disk->sync(spool_dirs.root) == -1)
		return failed(why, size, "version");
	return 0;
}

/* may_write: a directory without one is a new spool. */
static int
check_version(bool may_write, char *why, size_t size)
{
	char	 text[VERSION_SIZE + 1];
	ssize_t	 n;
	int	 fd;

	fd = disk_open(spool_dirs.root, "version", O_RDONLY);
	if (fd == -1 && errno == ENOENT && may_write)
		return write_version(why, size);
	if (fd == -1)
		return failed(why, size, "version");
	n = disk->read(fd, text, sizeof(text), 0);
	close(fd);
	if (n == -1)
		return failed(why, size, "version");
	if ((size_t)n == VERSION_SIZE &&
	    memcmp(text, VERSION_TEXT, VERSION_SIZE) == 0)
		return 0;
	snprintf(why, size, "spool: its version is not one this program knows");
	return -1;
}

static int
open_all(char *why, size_t size)
{
	spool_dirs.root = disk_open(AT_FDCWD, ".", O_RDONLY | O_DIRECTORY);
	if (spool_dirs.root == -1)
		return failed(why, size, "its directory");
	if (take_lock(why, size) == -1 ||
	    open_dir(&spool_dirs.log, "log", why, size) == -1 ||
	    open_dir(&spool_dirs.large, "large", why, size) == -1 ||
	    open_dir(&spool_dirs.tmp, "tmp", why, size) == -1 ||
	    open_dir(&spool_dirs.damaged, "damaged", why, size) == -1)
		return -1;
	/* the directories' own names, and what a process that was killed had
	 * not yet synced in them */
	if (disk->sync(spool_dirs.root) == -1 ||
	    disk->sync(spool_dirs.log) == -1 ||
	    disk->sync(spool_dirs.large) == -1)
		return failed(why, size, "its directory");
	return check_version(true, why, size);
}

int
dirs_open(char *why, size_t size)
{
	if (open_all(why, size) == 0)
		return 0;
	dirs_close();
	return -1;
}

/* --- for a look, which makes and changes nothing --- */

static int
look_dir(int *fd, int from, const char *name, char *why, size_t size)
{
	*fd = disk_open(from, name, O_RDONLY | O_DIRECTORY);
	return *fd == -1 ? failed(why, size, name) : 0;
}

/* Shared: many may look, and nobody begins to use it meanwhile. */
static enum dirs_look
look_lock(char *why, size_t size)
{
	spool_dirs.lock = disk_open(spool_dirs.root, "lock", O_RDONLY);
	if (spool_dirs.lock == -1) {
		failed(why, size, "lock");
		return LOOK_NOTHING;
	}
	if (flock(spool_dirs.lock, LOCK_SH | LOCK_NB) == 0)
		return LOOK_OK;
	if (errno == EWOULDBLOCK)
		snprintf(why, size, IN_USE);
	else
		failed(why, size, "lock");
	return LOOK_IN_USE;
}

static enum dirs_look
look_all(char *why, size_t size)
{
	struct spool_dirs	*d = &spool_dirs;
	enum dirs_look		 r;

	if (look_dir(&d->root, AT_FDCWD, ".", why, size) == -1 ||
	    check_version(false, why, size) == -1)
		return LOOK_NOTHING;
	if ((r = look_lock(why, size)) != LOOK_OK)
		return r;
	if (look_dir(&d->log, d->root, "log", why, size) == -1 ||
	    look_dir(&d->large, d->root, "large", why, size) == -1 ||
	    look_dir(&d->damaged, d->root, "damaged", why, size) == -1)
		return LOOK_NOTHING;
	return LOOK_OK;
}

enum dirs_look
dirs_look(char *why, size_t size)
{
	enum dirs_look	 r = look_all(why, size);

	if (r != LOOK_OK)
		dirs_close();
	return r;
}

static void
close_fd(int *fd)
{
	if (*fd != -1)
		close(*fd);
	*fd = -1;
}

void
dirs_close(void)
{
	close_fd(&spool_dirs.root);
	close_fd(&spool_dirs.log);
	close_fd(&spool_dirs.large);
	close_fd(&spool_dirs.tmp);
	close_fd(&spool_dirs.damaged);
	close_fd(&spool_dirs.lock);
}
