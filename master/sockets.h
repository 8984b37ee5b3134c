/*
 * The sockets that clients connect to: bound by master, accepted on by the
 * workers that get them.  A configuration's are made next to those of the
 * one before; an address that is in both keeps its socket, and with it the
 * connections that wait there.
 */
#ifndef SOCKETS_H
#define SOCKETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conf.h"
#include "netaddr.h"
#include "roles.h"

struct listen_socket {
	uint16_t	 listener;	/* its index, or CONTROL_LISTENER */
	enum role	 role;		/* whose workers accept there */
	int		 fd;
	struct netaddr	 addr;		/* family 0: a UNIX socket ... */
	struct str	 path;		/* ... there; ours */
	bool		 kept;		/* fd is that of the set before */
	bool		 passed;	/* and its workers have it already */
};

struct sockets {
	struct listen_socket	*list;
	size_t			 n, size;
};

/*
 * Makes all that the configuration names, and its control socket, in next
 * (empty), from those of have (may be empty) and by binding what is not
 * there.  0, or what to exit with, one line in why and errno; next holds then
 * what was done before, for sockets_abort.
 */
int	 sockets_bind(const struct conf *, const struct sockets *have,
	    struct sockets *next, char *why, size_t size);
/* next takes the place of have; what it has not kept is closed. */
void	 sockets_commit(struct sockets *have, struct sockets *next);
/* next is not wanted: what it had not from others is closed. */
void	 sockets_abort(struct sockets *next);
/* Closes all; those with a name in the file system lose it. */
void	 sockets_close(struct sockets *);

#endif
