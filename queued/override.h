/*
 * Ways that the postmaster has chosen for waiting recipients, in place of
 * what the tables say, until he takes them back.  Few messages have one, so
 * they stand in a table beside the queue; the spool keeps them as ROUTE
 * records.
 */
#ifndef OVERRIDE_H
#define OVERRIDE_H

#include <stddef.h>
#include <stdint.h>

#include "msgid.h"
#include "str.h"

#include "router.h"

/*
 * These recipients go by via (as nexthop_print writes it; copied), or with an
 * empty one as the tables say.  0, or -1 without memory: then some may have
 * neither.
 */
int		 override_set(const struct msgid *, const uint16_t *rcpts,
		    size_t n, struct str via);
/* Borrowed until the next change; empty: none. */
struct str	 override_of(const struct msgid *, uint16_t rcpt);
/* The message ends. */
void		 override_forget(const struct msgid *);

/*
 * As router_route, but by the recipient's override if it has one.  One that
 * can no longer be (its service has gone, or its domain's mail now wants TLS
 * that there is none of) is passed over, with a line in the log.
 */
enum route_result override_route(const struct msgid *, uint16_t rcpt,
		    struct str address, struct route **);

#endif
