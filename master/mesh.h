/*
 * Who can talk to whom: a socket pair for each two living processes whose
 * roles have a row in common (messages.h), and none for others.
 */
#ifndef MESH_H
#define MESH_H

#include <stddef.h>

#include "child.h"

/*
 * Connects c with each of the others that lives, has been joined so itself,
 * and may talk to it, both ways told by PEER.  Once in each start of c; what
 * they had with an earlier one went with it.
 */
void	 mesh_join(struct child *c, struct child *others, size_t n);

/*
 * Tells both that they are connected, by the pair of that number (0: who
 * loses it need not say so).  Either may be somebody who is no struct child
 * (postern-local).  0, or -1 when no pair could be made.
 */
int	 mesh_connect(struct peer *, struct peer *, uint32_t pair);
/* A connected pair, non-blocking; -1 with a log line. */
int	 mesh_pair(int fds[2]);
/* PEER with that socket (taken): at its other end is other. */
int	 mesh_tell(struct peer *, int fd, const struct peer *other,
	    uint32_t pair);

/*
 * A descriptor (borrowed) passes as a copy.  Call as
 *	peer_send_fd(p, CONF, 0, mesh_copy(fd), &m);
 * -1 with a log line.
 */
int	 mesh_copy(int fd);

#endif
