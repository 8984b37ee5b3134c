/*
 * What a process is handed of a configuration, before it is asked whether it
 * takes it.
 */
#ifndef HAND_H
#define HAND_H

#include "loader.h"
#include "peer.h"

/*
 * CONF, and the tables and secrets that its role is to have, each as a
 * descriptor of its own.  There may be so many that they are written out
 * here, for a second at most.
 */
void	 hand_conf(struct peer *, const struct loaded *);

#endif
