/*
 * One directory after the other, each opened by its name in the one before
 * and never through a link.  As no name is ".." or holds a slash, this stays
 * beneath the base as openat2's RESOLVE_BENEATH would, whatever somebody
 * renames meanwhile, and on every kernel.
 */
#include "maildir_dir.h"

#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "fd.h"

#define DIR_FLAGS	(O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
#define DIR_MODE	0700
/* The Maildir convention; no delivery takes as long. */
#define TMP_OLD_S	(36 * 60 * 60)
#define FILE_PART_MAX	255	/* of one name in a path, on Linux */
#define CLEAN_MAX	1000	/* names looked at in one go */

/*
 * On the way there, a directory may be root's or ours; the Maildir is ours.
 * Nobody else may write to either (a sticky one excepted, where nobody can
 * replace what is ours).
 */
static int
check_owner(int fd, bool ours)
{
	struct stat	 st;
	bool		 open_to_all;

	if (fstat(fd, &st) == -1)
		return -1;
	open_to_all = (st.st_mode & S_IWOTH) && !(st.st_mode & S_ISVTX);
	if ((st.st_uid == geteuid() || (!ours && st.st_uid == 0)) &&
	    !open_to_all)
		return 0;
	errno = EPERM;
	return -1;
}

/* A new entry must be on disk before anything in it can be said to be. */
static int
make(int at, const char *name)
{
	if (mkdirat(at, name, DIR_MODE) == -1 && errno != EEXIST)
		return -1;
	return fsync(at);
}

/* Opens name in at, making it if need be. */
static int
enter(int at, const char *name, bool ours)
{
	int	 fd;

	fd = openat(at, name, DIR_FLAGS);
	if (fd == -1 && errno == ENOENT && make(at, name) == 0)
		fd = openat(at, name, DIR_FLAGS);
	if (fd == -1)
		return -1;
	if (check_owner(fd, ours) == -1)
		return close_keep_errno(fd);
	return fd;
}

/* The last of the names is the Maildir itself. */
static int
walk(int at, const char *below)
{
	char		 name[FILE_PART_MAX + 1];
	const char	*end;
	size_t		 n;
	int		 fd;

	for (;;) {
		end = strchrnul(below, '/');
		n = (size_t)(end - below);
		if (n == 0 || n > FILE_PART_MAX) {
			errno = ENAMETOOLONG;
			return close_keep_errno(at);
		}
		memcpy(name, below, n);
		name[n] = '\0';
		fd = enter(at, name, *end == '\0');
		close_keep_errno(at);
		if (fd == -1 || *end == '\0')
			return fd;
		at = fd;
		below = end + 1;
	}
}

static int
enter_all(int maildir, struct maildir_dirs *d)
{
	int	 cur;

	if ((d->tmp = enter(maildir, "tmp", true)) == -1)
		return -1;
	if ((d->new = enter(maildir, "new", true)) == -1)
		return close_keep_errno(d->tmp);
	if ((cur = enter(maildir, "cur", true)) == -1) {
		close_keep_errno(d->new);
		return close_keep_errno(d->tmp);
	}
	close(cur);
	return 0;
}

int
maildir_open(const char *base, const char *below, struct maildir_dirs *d)
{
	int	 fd, r;

	/* the base is the postmaster's, with whatever links he likes */
	if ((fd = open(base, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) == -1)
		return -1;
	if (check_owner(fd, false) == -1)
		return close_keep_errno(fd);
	if ((fd = walk(fd, below)) == -1)
		return -1;
	r = enter_all(fd, d);
	close_keep_errno(fd);
	return r;
}

void
maildir_close(struct maildir_dirs *d)
{
	close(d->tmp);
	close(d->new);
	d->tmp = d->new = -1;
}

static void
clean_one(int tmp, const char *name, time_t before)
{
	struct stat	 st;

	if (fstatat(tmp, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    S_ISREG(st.st_mode) && st.st_mtime < before)
		(void)unlinkat(tmp, name, 0);
}

void
maildir_clean(int tmp)
{
	struct dirent	*e;
	time_t		 before = clock_wall() - TMP_OLD_S;
	DIR		*dir;
	int		 fd;

	/* its own position in the directory, and a descriptor to give away */
	if ((fd = openat(tmp, ".", DIR_FLAGS)) == -1)
		return;
	if ((dir = fdopendir(fd)) == NULL) {
		close(fd);
		return;
	}
	for (int i = 0; i < CLEAN_MAX && (e = readdir(dir)) != NULL; i++)
		if (e->d_name[0] != '.')
			clean_one(tmp, e->d_name, before);
	closedir(dir);
}
