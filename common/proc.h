/*
 * The life of a child process, the same for all: HELLO on fd 3, the jail,
 * the configuration, sockets to its peers, READY, pings, and an orderly
 * stop.  A program's main() is
 *
 *	return proc_main(argc, argv, &smtpd_ops);
 *
 * and everything else reaches it by the functions of its struct proc_ops,
 * in this order:
 *
 *	prepare		in the jail but for the system-call filter: start
 *			threads, open what the chroot holds
 *	configure	a new configuration and its tables are complete:
 *			check it, build what it needs beside the old; -1 with
 *			why refuses it.  Nothing is in force yet
 *	commit		it is in force; the old one is freed after this
 *	listener	a socket to accept on (taken)
 *	drop		what was checked will not be in force: forget it
 *	peer_up		another process is connected
 *	start		all is there; call proc_ready() at once or later
 *	peer_down	a peer is gone; its requests have ended already
 *	peer_leaving	a peer wants nothing new: use another of its kind
 *	leave		we retire, and peers are being told; take nothing new
 *			but from them
 *	stop		finish: no new work; call proc_exit() when done.  After
 *			PROC_STOP_MS the process ends by itself
 *	retire		the same, but what is under way may take its time, and
 *			is not cut short.  Another process has our place: peers
 *			know it since PROC_LEAVE_MS.  NULL: as stop
 *
 * A process whose effective uid is 0 and that is given no jail does not run.
 */
#ifndef PROC_H
#define PROC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conf.h"
#include "peer.h"
#include "roles.h"
#include "str.h"

#define PROC_FD			3	/* the socket to master */
#define PROC_START_MS		10000	/* from exec to CONFINE, each step */
#define PROC_STOP_MS		10000	/* an orderly stop; master kills after
					 * 15 s (CHILD_STOP_MS) */
#define PROC_LEAVE_MS		1000	/* from LEAVING to retire: what peers
					 * sent before is still served */

struct event_base;

struct proc_ops {
	const char		*program;	/* "smtpd" */
	unsigned		 roles;		/* mask: it can run in */
	const struct handlers	*handlers;
	void	(*prepare)(void);
	int	(*configure)(const struct conf *, char *why, size_t size);
	void	(*commit)(void);
	void	(*drop)(void);
	void	(*listener)(unsigned listener, int fd);
	void	(*peer_up)(struct peer *);
	void	(*peer_down)(struct peer *);
	void	(*peer_leaving)(struct peer *);
	void	(*start)(void);
	void	(*stop)(void);
	void	(*leave)(void);
	void	(*retire)(void);
};

/* -r ROLE names the role; it may be left out where there is only one. */
int		 proc_main(int argc, char **argv, const struct proc_ops *);

enum role	 proc_role(void);
uint16_t	 proc_index(void);	/* of the workers of this role */
struct event_base *proc_base(void);
/* The configuration in force; in configure it is still the old one. */
const struct conf *proc_conf(void);
/* The table's sealed file, borrowed: of the new configuration in configure
 * and commit, else of that in force.  -1: this role has not got it. */
int		 proc_table(unsigned table);
struct peer	*proc_master(void);
/* A peer of that role, one that is leaving only if there is no other; NULL
 * when none is up. */
struct peer	*proc_peer(enum role);
/* All peers that are up, by their next; for a walk. */
struct peer	*proc_peers(void);
bool		 proc_stopping(void);	/* or retiring */

/*
 * What the first commit does by itself: hands over the sockets that came
 * and calls start.  For the one role that gets no configuration, postern-
 * local, once it has its MAILBOX_RULE.
 */
void		 proc_begin(void);
void		 proc_ready(void);
void		 proc_exit(int status) __attribute__((noreturn));

#endif
