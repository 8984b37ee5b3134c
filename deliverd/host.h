/*
 * Remote hosts by their address, whichever routes lead to them: a thousand
 * domains may share one.  Counts the connections of all of them, and holds
 * them to what the host is good for (flow.h) and to the limit of the route
 * that asks.  A route's first connection is always made: it is for the
 * others that there must be room.
 */
#ifndef HOST_H
#define HOST_H

#include <stdbool.h>
#include <stdint.h>

#include "netaddr.h"

struct host;

/* Whether so many connections to it are in use, of at most max. */
bool		 host_is_full(const struct netaddr *, uint32_t max);
/* One more connection goes there; NULL without memory, which all here take. */
struct host	*host_use(const struct netaddr *);
/* It is over, or goes elsewhere; sets it to NULL. */
void		 host_leave(struct host **);
void		 host_good(struct host *, uint32_t max);
void		 host_bad(struct host *, uint32_t max);

#endif
