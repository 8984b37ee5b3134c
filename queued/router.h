/*
 * What the configuration says of an address: whether it may come in, and
 * where it goes.  A router is built beside the one in force, from a
 * configuration and its tables, and takes its place at the commit.  It
 * borrows both.
 */
#ifndef ROUTER_H
#define ROUTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arena.h"
#include "conf.h"
#include "messages.h"
#include "netaddr.h"
#include "roles.h"
#include "str.h"

#include "route.h"
#include "tables.h"

struct router;

/* NULL with one line in why. */
struct router	*router_new(const struct conf *, char *why, size_t);
void		 router_free(struct router *);		/* takes NULL */
/* It is in force from now on (taken); the one before is freed. */
void		 router_use(struct router *);
/* Rises with each router_use: what was routed by another is looked at again. */
uint16_t	 router_epoch(void);

/* Who wants to send, as queued knows it. */
struct origin_of {
	enum role	 role;		/* of the channel: nobody can lie */
	unsigned	 listener;	/* its index in the configuration */
	struct netaddr	 client;
	struct str	 account;	/* authenticated; or empty */
};

/* May mail to address (canonical, or just postmaster) come in from there? */
enum rcpt_verdict router_may(const struct origin_of *, struct str address);
/*
 * The address that mail to it really goes to: itself, or the configured
 * postmaster's.  Borrowed from the argument or the configuration.
 */
struct str	 router_target(struct str address);

enum route_result {
	ROUTE_FOUND,		/* *route is held for the caller */
	ROUTE_NONE,		/* not an address; unknown for good */
};
enum route_result router_route(struct str address, struct route **);

/*
 * For a delivery as the recipient: which line of the system table it is.
 * TABLE_ABSENT: no such account any more.  *slot is 0 where no account is
 * needed.
 */
enum table_result router_slot(struct str address, uint32_t *slot);

#endif
