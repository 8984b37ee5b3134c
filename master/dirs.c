/*
 * Makes directories.  Never changes the owner of anything that may be
 * somebody's: a slip in the configuration must not give /etc to queued.
 */
#include "dirs.h"

#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "log.h"
#include "roles.h"

#include "plan.h"

#define PARENT_MODE	0755
#define RUN_MODE	0755
#define EMPTY_MODE	0755
#define OWN_MODE	0700

#define EMPTY_TEMPLATE	"/tmp/postern.XXXXXX"
#define EMPTY_TEMP_MODE	0555

/*
 * The name that the path ends with is durable.  A spool of which a power cut
 * takes the name is lost with all that was ever synced in it.
 */
static int
sync_name(const char *path)
{
	const char	*slash = strrchr(path, '/');
	char		 parent[FILE_NAME_MAX + 16] = ".";
	int		 fd, r;

	if (slash != NULL)
		snprintf(parent, sizeof(parent), "%.*s",
		    (int)(slash - path + 1), path);
	fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1)
		return -1;
	r = fsync(fd);
	close(fd);
	/* not every file system has that */
	return r == -1 && errno != EINVAL ? -1 : 0;
}

static int
make_parents(const char *path)
{
	char	 part[FILE_NAME_MAX + 16], *slash = part;

	if (snprintf(part, sizeof(part), "%s", path) >= (int)sizeof(part)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	while ((slash = strchr(slash + 1, '/')) != NULL) {
		*slash = '\0';
		if (mkdir(part, PARENT_MODE) == 0) {
			if (sync_name(part) == -1)
				return -1;
		} else if (errno != EEXIST)
			return -1;
		*slash = '/';
	}
	return 0;
}

static bool
is_empty(int fd)
{
	int		 copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	DIR		*dir = copy != -1 ? fdopendir(copy) : NULL;
	struct dirent	*e;
	bool		 empty = dir != NULL;

	while (empty && (e = readdir(dir)) != NULL)
		empty = strcmp(e->d_name, ".") == 0 ||
		    strcmp(e->d_name, "..") == 0;
	if (dir != NULL)
		closedir(dir);
	else if (copy != -1)
		close(copy);
	return empty;
}

static int
cannot(const char *path, const char *what)
{
	log_error("directory %s: %s: %s", path, what, strerror(errno));
	return -1;
}

int
dirs_one(const char *path, mode_t mode, uid_t uid, gid_t gid)
{
	struct stat	 st;
	bool		 made;
	int		 fd, r = 0;

	if (make_parents(path) == -1)
		return cannot(path, "cannot make its parents");
	made = mkdir(path, mode) == 0;
	if (!made && errno != EEXIST)
		return cannot(path, "cannot make it");
	if (sync_name(path) == -1)
		return cannot(path, "cannot sync its name");
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1 || fstat(fd, &st) == -1)
		r = cannot(path, "cannot open it");
	else if (st.st_uid != uid && !made &&
	    (st.st_uid != 0 || !is_empty(fd))) {
		log_error("directory %s: belongs to uid %u, not to %u", path,
		    st.st_uid, uid);
		r = -1;
	} else if ((st.st_uid != uid && fchown(fd, uid, gid) == -1) ||
	    (made && fchmod(fd, mode) == -1))
		r = cannot(path, "cannot hand it over");
	if (fd != -1)
		close(fd);
	return r;
}

int
dirs_empty_make(char root[DIRS_EMPTY_MAX])
{
	memcpy(root, EMPTY_TEMPLATE, DIRS_EMPTY_MAX);
	if (mkdtemp(root) == NULL) {
		log_error("directory %s: %s", EMPTY_TEMPLATE,
		    strerror(errno));
		*root = '\0';
		return -1;
	}
	chmod(root, EMPTY_TEMP_MODE);
	return 0;
}

void
dirs_empty_remove(char root[DIRS_EMPTY_MAX])
{
	if (*root != '\0')
		rmdir(root);
	*root = '\0';
}

/* The root of a role that has files. */
static int
make_own(const struct conf *conf, enum role role)
{
	const uid_t	 uid = conf->uid_base + role;
	char		 path[PLAN_ROOT_MAX];

	return plan_root(conf, role, path) == -1 ? -1 :
	    dirs_one(path, OWN_MODE, uid, uid);
}

int
dirs_make(const struct conf *conf)
{
	char		 path[PLAN_ROOT_MAX];

	snprintf(path, sizeof(path), "%.*s", STR_FMT(conf->run_dir));
	if (dirs_one(path, RUN_MODE, 0, 0) == -1)
		return EX_CANTCREAT;
	snprintf(path, sizeof(path), "%.*s/empty", STR_FMT(conf->run_dir));
	if (dirs_one(path, EMPTY_MODE, 0, 0) == -1)
		return EX_CANTCREAT;
	if (make_own(conf, ROLE_QUEUED) == -1 ||
	    make_own(conf, ROLE_STATE) == -1)
		return EX_CANTCREAT;
	return EX_OK;
}
