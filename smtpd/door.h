/*
 * The door: a new connection becomes a session, is handed to another
 * process, or is told 421 and closed.
 */
#ifndef DOOR_H
#define DOOR_H

#include <sys/socket.h>

#include <stdint.h>

#include "messages.h"

struct peer;

/* Descriptors that are not for sessions: peers, listeners, bodies in files,
 * and one to tell a client that there are no more. */
#define FDS_RESERVED	64

/* Before the filter of system calls. */
void	door_setup(void);
/* fd (taken, non-blocking) was accepted by that listener from sa. */
void	door_accepted(int fd, unsigned listener, const struct sockaddr *sa,
	    socklen_t len);
/* msa: mx hands over a connection from an address that it trusts. */
void	on_client(struct peer *, uint32_t id, const struct client *);

#endif
