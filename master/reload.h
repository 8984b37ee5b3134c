/*
 * Reload: another configuration takes the place of the one in force in all
 * processes, or in none.
 *
 *	LOADING		load reads and compiles it
 *	CHECKING	the new sockets are bound; every process is asked,
 *			and those that will be new are started and asked
 *	COMMITTING	all said yes: it is in force in master; queued, keyd
 *			and other servers are told first, since the others
 *			speak to them by the numbers of the configuration
 *
 * Whatever fails before COMMITTING leaves everything as it was.  After it,
 * those who leave are told to finish, and the one who asked is answered.
 */
#ifndef RELOAD_H
#define RELOAD_H

#include <stdbool.h>

#include "child.h"
#include "peer.h"

#define RELOAD_STEP_MS	10000	/* for all answers to one question, which is
				 * as long as a process may be silent */

void	 reload_setup(void);
/* SIGHUP: at once, or once more after the one that is under way. */
void	 reload_signal(void);
/* The handler of CONF_RELOAD. */
void	 reload_ask(struct peer *, uint32_t id, const struct reload *);
/* master stops: what is under way is given up, nothing new begins. */
void	 reload_stop(void);

/* The configuration that a start of this child begins with. */
const struct loaded *reload_loaded_for(const struct child *);
/* A child says yes or no: false if it was not asked by a reload. */
bool	 reload_checked(struct child *, const struct conf_checked *);
void	 reload_committed(struct child *);
/* The state of a child has changed. */
void	 reload_changed(struct child *, enum child_state from);

#endif
