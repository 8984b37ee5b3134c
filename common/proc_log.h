/*
 * Where a child's log lines go: to the log role, or to master while there
 * is no log role.  Never blocks; what does not fit is counted and said with
 * the next line that does.
 */
#ifndef PROC_LOG_H
#define PROC_LOG_H

#include "peer.h"

/* From now on lines go to master; what waits at an exit is still sent. */
void	 proc_log_start(struct peer *master);
/* From now on to this peer, borrowed; NULL: to master again. */
void	 proc_log_to(struct peer *log);
#endif
