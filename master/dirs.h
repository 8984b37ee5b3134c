/*
 * The directories that must be there before anything runs.
 */
#ifndef DIRS_H
#define DIRS_H

#include <sys/types.h>

#include "conf.h"

/*
 * run_dir with its empty root, the spool of queued's uid and the directory
 * of state's, which a reload may start.  0, or what to exit with, after a
 * log line.
 */
int	 dirs_make(const struct conf *);
/*
 * One directory of that mode and owner, made with its parents when it is
 * missing.  One that is there stays as it is; it must belong to uid, or to
 * root and be empty: then it is handed over.  0, or -1 with a log line.
 */
int	 dirs_one(const char *path, mode_t mode, uid_t uid, gid_t gid);

/*
 * A new empty directory, as the root of a process that runs while there is
 * no run_dir yet.  -1 with a log line, and root is "".
 */
#define DIRS_EMPTY_MAX	sizeof("/tmp/postern.XXXXXX")
int	 dirs_empty_make(char root[DIRS_EMPTY_MAX]);
/* Takes what dirs_empty_make gave. */
void	 dirs_empty_remove(char root[DIRS_EMPTY_MAX]);

#endif
