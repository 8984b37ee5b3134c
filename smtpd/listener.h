/*
 * Where clients come from: the sockets on which this process accepts, and
 * what holds for each of its listeners.
 */
#ifndef LISTENER_H
#define LISTENER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conf.h"
#include "netaddr.h"

struct settings;

/* After accept failed for want of something; nobody spins meanwhile. */
#define ACCEPT_PAUSE_MS	500
/* Connections taken in one turn of the loop: the others want theirs too. */
#define ACCEPT_TURN	64

void	listener_setup(void);
/* Makes what the new configuration needs; -1 with why. */
int	listener_configure(const struct conf *, char *why, size_t size);
/* What was made for a new configuration is not wanted. */
void	listener_drop(void);
/* The new configuration is in force. */
void	listener_commit(const struct conf *);
/* A socket (taken) to accept on. */
void	listener_add(unsigned listener, int fd);
/* Nothing is accepted any more. */
void	listener_close_all(void);

/* What holds for new sessions; NULL: there is no such listener. */
struct settings *listener_settings(unsigned listener);
/* Whether its clients at that address may relay; it must exist. */
bool	listener_trusts(unsigned listener, const struct netaddr *);

#endif
