/*
 * How many sessions each client has, which is one subscriber (netaddr.h).
 */
#ifndef CLIENTS_H
#define CLIENTS_H

#include <stdint.h>

#include "netaddr.h"

struct client_count;

/* What makes a client: the family, and an IPv4 or half an IPv6 address. */
#define CLIENT_KEY_LEN	9
void			 clients_key(const struct netaddr *,
			    uint8_t key[CLIENT_KEY_LEN]);

/* Sessions of one user by the local socket at a time. */
#define SESSIONS_PER_UID	20

/*
 * One more session of that client, if it has fewer than max (0: no limit).
 * NULL when it has not, or without memory.
 */
struct client_count	*clients_enter(const struct netaddr *, unsigned max);
/* The same for a user of this host. */
struct client_count	*clients_enter_uid(uint32_t uid, unsigned max);
/* One less; NULL is nobody.  Sets the pointer to NULL. */
void			 clients_leave(struct client_count **);

#endif
