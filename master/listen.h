/*
 * The sockets that clients connect to: bound by master, accepted on by the
 * workers that get them.
 */
#ifndef LISTEN_H
#define LISTEN_H

#include <stddef.h>
#include <stdint.h>

#include "conf.h"
#include "netaddr.h"

#define LISTEN_BACKLOG	1024

struct listen_socket {
	uint16_t	 listener;	/* its index, or CONTROL_LISTENER */
	int		 fd;
};

struct sockets {
	struct listen_socket	*list;
	size_t			 n, size;
};

/*
 * Binds all that the configuration names, and its control socket.  0, or
 * what to exit with, after a log line that says which and why; sockets holds
 * then what was bound before.
 */
int	 listen_all(const struct conf *, struct sockets *);
/* Closes them; those with a name in the file system lose it. */
void	 listen_close(const struct conf *, struct sockets *);

/* One TCP socket, listening; -1 with errno. */
int	 listen_tcp(const struct netaddr *);
/*
 * One UNIX socket of that mode and group, listening; -1 with errno.  A
 * socket that nobody listens on is replaced; EADDRINUSE if somebody does,
 * EEXIST if something else has the name.
 */
int	 listen_unix(const char *path, unsigned mode, uint32_t gid);
/* What to exit with for such an errno. */
int	 listen_exit_code(int error);

#endif
