/*
 * Where master's own log lines go: to the log role while there is one, else
 * to standard error.
 */
#ifndef LOG_OUT_H
#define LOG_OUT_H

#include "peer.h"

/* From now on to this peer (borrowed); NULL: standard error again. */
void	 log_out_to(struct peer *log);
/*
 * Passes on the line of a process that has no channel to the log role, with
 * its name before it.
 */
void	 log_out_relay(const struct peer *from, const struct log_line *);

#endif
