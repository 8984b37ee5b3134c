/*
 * Syncs that take their time, as those of a disk do, while everything else
 * goes on: what is done to a file meanwhile is not synced with it, and who
 * promises something before the sync has come back is found out.
 */
#ifndef SLOW_H
#define SLOW_H

#include <fuse_lowlevel.h>

/* Each sync takes so long; at most a second. */
void	 slow_init(unsigned us);
/* Answers the request when the node is durable. */
void	 slow_sync(fuse_req_t, fuse_ino_t);
/* Ends those whose time has come: the milliseconds until the next one, at
 * least 1, or -1 when none is waiting. */
int	 slow_go_on(void);

#endif
