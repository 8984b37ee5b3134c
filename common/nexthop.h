/*
 * Next hops as people write them, in a route's `via' and to posternctl:
 *
 *	[smtp[s]://]HOST[:PORT]		HOST a domain or an address
 *	lmtp:unix:PATH, lmtp:HOST:PORT	a service that is configured
 *
 * A host is kept as a name in lower case or as an address literal of RFC
 * 5321 4.1.3, a service as the configuration names it.
 */
#ifndef NEXTHOP_H
#define NEXTHOP_H

#include <stdbool.h>
#include <stdint.h>

#include "bounds.h"
#include "buf.h"
#include "str.h"

/* as nexthop_print writes it: "smtps://", a name, ":65535" */
#define NEXTHOP_TEXT_MAX	(DOMAIN_MAX + 16)

/* Points into itself or the text it was parsed from: not to be copied. */
struct nexthop {
	bool		 tls;		/* smtps: from the first octet */
	struct str	 host;		/* empty: a service */
	uint16_t	 port;		/* 0: none is written */
	struct str	 service;	/* its name; or empty */
	char		 store[NEXTHOP_TEXT_MAX];
};

/* HOST[:PORT] alone; host points into store.  -1 for anything else. */
int	 nexthop_host(struct str text, char store[DOMAIN_MAX],
	    struct str *host, uint16_t *port);
/* What `via' takes: no service.  0, or -1 for anything else. */
int	 nexthop_via(struct nexthop *, struct str text);
/* All of it; 0, or -1.  Borrows the text. */
int	 nexthop_parse(struct nexthop *, struct str text);
/* One way of writing for all that mean the same. */
void	 nexthop_print(struct buf *, const struct nexthop *);

#endif
