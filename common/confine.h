/*
 * The jails: what each role may do, in one table (confine.c), and the one
 * right order of entering.  There is no switch to leave one open; a process
 * that cannot enter its jail ends.
 */
#ifndef CONFINE_H
#define CONFINE_H

#include <stdbool.h>

#include "messages.h"
#include "roles.h"

/* groups of system calls beyond the base that every role has; sandbox.h */
enum jail_right {
	MAY_ACCEPT = 1 << 0,		/* accept4 on listeners given */
	MAY_SPOOL = 1 << 1,		/* files below its root */
	MAY_CONNECT = 1 << 2,		/* by TCP, from any own address */
	MAY_RESOLVE = 1 << 3,		/* the same, and by UDP */
	MAY_CONNECT_UNIX = 1 << 4,	/* to configured local sockets */
	MAY_PASS_FDS = 1 << 5,		/* sendmsg, without MSG_FASTOPEN */
	MAY_MAILBOX = 1 << 6,		/* files below the mailbox's root */
	MAY_MEMFD = 1 << 7,		/* memory files, sealed */
};

struct jail_type {
	enum role	 role;
	unsigned	 rights;
	bool		 netns;		/* an empty one of its own */
	bool		 chroot;	/* to the root that CONFINE names */
	unsigned	 threads;	/* that prepare may start */
};

/* NULL for MASTER and CTL, which have none. */
const struct jail_type	*jail_type(enum role);

/*
 * Enters the jail of the role with the limits of m; prepare (or NULL) runs
 * after the uid has changed and before threads and new system calls are shut
 * off.  Fills in what was reached; its root stays valid.  Ends the process,
 * with a log line that names the step, when any step fails.
 *
 * A process that is not root cannot take the steps that need root
 * (namespaces, chroot, change of uid), nor has it what they take away: it
 * takes all the others, and its working directory is the root of m instead.
 * So what a role opens below its root it names relative to ".".
 */
void	 confine_enter(enum role, const struct confine *m,
	    void (*prepare)(void), struct jail *reached);

/*
 * The few steps of master itself, which stays root: drops the capabilities
 * it does not need.
 */
void	 confine_master(void);

#endif
