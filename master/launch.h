/*
 * Starting one child: its process, its jail, its configuration, its sockets
 * and its peers, in the order that proc.h takes them.
 */
#ifndef LAUNCH_H
#define LAUNCH_H

#include "child.h"
#include "peer.h"

/*
 * 0 with a process and a channel, whose handlers and lost function these
 * are and whose data is the child; or -1 with a log line.
 */
int	 launch_child(struct child *, const struct handlers *,
	    void (*lost)(struct peer *));

#endif
