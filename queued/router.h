/*
 * What the configuration says of domains: which are ours, who may send to
 * others, and where mail goes.  A router is built beside the one in force,
 * from a configuration and its tables, and takes its place at the commit.
 * It borrows both.
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
	uint32_t	 conf;		/* the number of that configuration */
};

/* Whether that may send to addresses that are not ours. */
bool		 router_may_relay(const struct origin_of *);
/* False: its listener is in no configuration any more, or in none yet. */
bool		 router_is_known(const struct origin_of *);

/* Where its listener is written; NULL where it is not known. */
const struct origin *router_listener(const struct origin_of *);
/* Where it is written how an address is delivered; NULL: nowhere. */
const struct origin *router_rule(struct str address);

/* What is in force; not NULL once a router is used. */
const struct conf *router_conf(void);
struct tables	*router_tables(void);
/*
 * The domain of ours of that name (lower case), written out or in a table.
 * TABLE_ABSENT with NULL: not ours.
 */
enum table_result router_domain(struct str name, const struct domain_conf **);

enum route_result {
	ROUTE_FOUND,		/* *route is held for the caller */
	ROUTE_NONE,		/* not an address; unknown for good */
};
enum route_result router_route(struct str address, struct route **);

/* The route that the configuration has for an address, whatever its domain's
 * delivery is; or NULL. */
const struct route_conf *router_pattern(struct str address);
/* What it says of mail by SMTP; NULL: the defaults.  Borrows. */
void		 router_spec_of(const struct route_conf *, struct route_spec *);
/* Makes it one to that service. */
void		 router_spec_service(const struct service_conf *,
		    struct route_spec *);

struct target;

/* Where mail for one of our domains goes; borrows from both. */
void		 router_spec(const struct target *, struct route_spec *);
/* The route as deliverd is told of it; borrows. */
void		 router_wake(const struct route *, struct route_wake *);

/*
 * For a delivery as the recipient: which line of the system table it is.
 * TABLE_ABSENT: no such account any more.  *slot is 0 where no account is
 * needed.
 */
enum table_result router_slot(struct str address, uint32_t *slot);

#endif
