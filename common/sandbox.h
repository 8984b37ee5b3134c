/*
 * What the platform offers to shut a process in; one file per platform
 * (sandbox_linux.c and sandbox_linux_filter.c).  Each function is one step,
 * taken in the order of confine.c, and returns 0, or -1 with errno.  None is
 * optional; what a kernel does not have is said at the function.
 */
#ifndef SANDBOX_H
#define SANDBOX_H

#include <stdbool.h>
#include <stddef.h>

#include "messages.h"

/* Own IPC and host names; with net also a network without any interface.
 * Needs root. */
int	 sandbox_namespaces(bool net);

/* No program that it executes can give it more rights than it has. */
int	 sandbox_no_new_privs(void);
/* Neither dumped nor traced nor read by others of its uid. */
int	 sandbox_undumpable(void);
/* Killed when its parent ends.  A change of uid would undo it. */
int	 sandbox_die_with_parent(void);

/* What can still be named; all else of files and TCP is refused. */
struct sandbox_reach {
	const char		*directory;	/* and below; NULL: no file */
	const struct port	*ports;		/* to connect to by TCP */
	size_t			 n_ports;
	bool			 source;	/* may choose its own address */
};

/*
 * Sets abi to the Landlock version that holds it, 0 where the kernel has
 * none: then the chroot, the network namespace and the filter stand alone.
 * Holds for threads that start afterwards.
 */
int	 sandbox_reach(const struct sandbox_reach *, unsigned *abi);

/*
 * From now on, in all threads, a system call that these rights (enum
 * jail_right) do not include kills the process.  threads: there are some.
 * on is true then; it is false, with a warning, only in a test build where
 * there are no filters (under valgrind).
 */
int	 sandbox_filter(unsigned rights, bool threads, bool *on);

/* Drops what root may, but for what master and the start of its children
 * need.  Without root it does nothing. */
int	 sandbox_master_capabilities(void);

/*
 * A test build under a sanitizer, which maps terabytes, starts a thread at
 * the end and reads its own process: the limits on these cannot hold.
 */
bool	 sandbox_is_sanitized(void);

#endif
