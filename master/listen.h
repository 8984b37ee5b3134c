/*
 * Sockets that clients connect to, one by one; sockets.h has them all.
 */
#ifndef LISTEN_H
#define LISTEN_H

#include <stdint.h>

#include "netaddr.h"

#define LISTEN_BACKLOG	1024

/* One TCP socket, listening; -1 with errno. */
int	 listen_tcp(const struct netaddr *);
/*
 * The same where a socket that has SO_REUSEPORT set, and is of this process,
 * has its address or one that overlaps.
 */
int	 listen_beside(const struct netaddr *);
/*
 * One UNIX socket of that mode and group, listening; -1 with errno.  A
 * socket that nobody listens on is replaced; EADDRINUSE if somebody does,
 * EEXIST if something else has the name.
 */
int	 listen_unix(const char *path, unsigned mode, uint32_t gid);
/* What to exit with for such an errno. */
int	 listen_exit_code(int error);
/* "; and what that may mean", or "". */
const char *listen_hint(int error);

#endif
