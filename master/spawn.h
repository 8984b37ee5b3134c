/*
 * Starting a process: fork and exec of one of our programs with a socket on
 * descriptor 3, nothing else open, an empty environment and no terminal.
 */
#ifndef SPAWN_H
#define SPAWN_H

#include <sys/types.h>

#include <stdbool.h>

#include "roles.h"

struct spawn {
	enum role	 role;
	/*
	 * postern-local: becomes that user, without any network, before the
	 * exec, so that no line of it runs as root.
	 */
	bool		 as_user;
	uid_t		 uid;
	gid_t		 gid;
};

/*
 * The directory of the programs, borrowed for ever.  postern itself is run
 * from the file that is running now.
 */
void	 spawn_setup(const char *libexec);
/*
 * Returns our end of the socket, non-blocking, with the process's id; -1
 * with a log line.  That the program could not be executed shows later, as
 * its exit with SPAWN_EXIT.
 */
int	 spawn(const struct spawn *, pid_t *);

#define SPAWN_EXIT	127

/* Whether a child has ended that is not yet waited for. */
bool	 spawn_has_ended(pid_t);

/* An end of a process for the log: "exit=70", "signal=11"; a static buffer. */
const char *spawn_end_text(int wait_status);

#endif
