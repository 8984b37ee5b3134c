/*
 * How many sessions each client has: one address of IPv4, one /64 of IPv6,
 * which is what one subscriber gets.
 */
#ifndef CLIENTS_H
#define CLIENTS_H

#include "netaddr.h"

struct client_count;

/* Draws the key of the table; once. */
void			 clients_setup(void);
/*
 * One more session of that client, if it has fewer than max (0: no limit).
 * NULL when it has not, or without memory.
 */
struct client_count	*clients_enter(const struct netaddr *, unsigned max);
/* One less; NULL is nobody.  Sets the pointer to NULL. */
void			 clients_leave(struct client_count **);

#endif
