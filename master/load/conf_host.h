/*
 * Hosts with ports, as next hops are written: "mx.example.org:587",
 * "192.0.2.1:25", "[2001:db8::1]:25".  A host is kept as a name in lower
 * case or as an address literal of RFC 5321 4.1.3.
 */
#ifndef CONF_HOST_H
#define CONF_HOST_H

#include <stdint.h>

#include "buf.h"
#include "conf_build.h"

/* port is 0 where none is written.  -1, not reported, for anything else. */
int	 host_parse(struct build *, struct str text, struct str *host,
	    uint16_t *port);
/* Appends what host_parse takes; no port where it is 0. */
void	 host_print(struct buf *, struct str host, uint16_t port);

#endif
