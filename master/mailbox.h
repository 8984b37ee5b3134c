/*
 * postern-local: one short-lived process for each user whose mailbox is
 * being written, started when deliverd asks, by rule and slot, never by
 * path or uid.  It ends by itself when idle and is not started again.
 */
#ifndef MAILBOX_H
#define MAILBOX_H

#include <sys/types.h>

#include <stdbool.h>
#include <stdint.h>

#include "peer.h"

#define MAILBOX_TICK_MS		10000	/* between pings */
#define MAILBOX_SILENT_MS	60000	/* it hangs: longer than a slow disk
					 * may take for one fsync */
#define MAILBOX_STOP_MS		15000	/* as CHILD_STOP_MS */

/* The handler of MAILBOX_OPEN. */
void	 mailbox_open(struct peer *, uint32_t id, const struct mailbox_open *);
/* A process has ended that is no child of child.h. */
void	 mailbox_died(pid_t, int wait_status);
/* Tells all to finish, once; true while any is left. */
bool	 mailbox_stop(void);

#endif
