/*
 * The configured name servers and how they have been doing.  One list lives
 * from one configuration to the next, and as long as a query uses it.
 */
#ifndef SERVERS_H
#define SERVERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conf.h"
#include "netaddr.h"

#define SERVER_PORT	53
#define SERVER_SHUN_MS	30000	/* asked last after it was silent */
#define SERVER_SILENCES	3	/* so often, without any answer between: one
				 * may be the fault of the domain asked for */
#define SERVERS_NONE	NAME_SERVERS_MAX

struct server {
	struct netaddr	 addr;		/* with its port */
	bool		 trusted;	/* its AD bit is believed */
	unsigned	 silences;	/* since it last answered */
	uint64_t	 shun_until_ms;	/* 0: it is well */
	char		 text[NETADDR_TEXT_MAX];
};

struct servers {
	unsigned	 refs;
	size_t		 n;
	struct server	 list[NAME_SERVERS_MAX];
};

/* Copies; ends the process without memory.  The caller's reference. */
struct servers	*servers_new(const struct name_server_conf *, size_t n);
/* Whether it was made of just these. */
bool		 servers_equal(const struct servers *,
		    const struct name_server_conf *, size_t n);
struct servers	*servers_ref(struct servers *);
void		 servers_unref(struct servers **);	/* NULL is nothing */

/*
 * The first that is well and not in the mask of those not wanted, else the
 * first not wanted only for not being well; SERVERS_NONE when all are in it.
 */
size_t		 servers_pick(const struct servers *, unsigned unwanted);
/* It was silent: down after SERVER_SILENCES. */
void		 servers_silent(struct servers *, size_t);
/* It is down; logged when that is new. */
void		 servers_failed(struct servers *, size_t, const char *why);
void		 servers_answered(struct servers *, size_t);

#endif
