/*
 * Starting one child: its process, its jail and its configuration; and once
 * it has said yes to that, its sockets and its peers.  A reload repeats the
 * part from the configuration on.
 */
#ifndef LAUNCH_H
#define LAUNCH_H

#include "child.h"
#include "loader.h"
#include "peer.h"

/*
 * 0 with a process and a channel, whose handlers and lost function these
 * are and whose data is the child; or -1 with a log line.  It is asked
 * whether it takes that configuration.
 */
int	 launch_child(struct child *, const struct loaded *,
	    const struct handlers *, void (*lost)(struct peer *));
/* Asks one that runs the same of a new configuration.  -1: it cannot be. */
int	 launch_hand_in(struct child *, const struct loaded *);
/*
 * It has said yes, and the configuration is in force: it is told, and gets
 * what sockets it has not got yet and, in its start, its peers.  -1: it
 * cannot be reached.
 */
int	 launch_commit(struct child *);
/* The log role: where to write, which may have been opened again. */
void	 launch_sink(struct child *);

#endif
