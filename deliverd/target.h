/*
 * The addresses that mail for a next hop may be brought to, in order: from
 * what resolverd says of it, or from an address written out.  Here it is
 * decided who is never connected to (ourselves, RFC 5321 5.1; loopback and
 * private networks from the DNS) and what a missing host means for the mail.
 */
#ifndef TARGET_H
#define TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conf.h"
#include "messages.h"
#include "result.h"

/* Enough to find one that lives; RFC 5321 5.1 wants at least two tried. */
#define TARGETS_MAX	16
#define TARGET_BAD_MS	60000	/* passed over that long after a failure */

struct target {
	struct netaddr	 addr;		/* with its port */
	uint16_t	 preference;
	uint64_t	 bad_until_ms;	/* 0: not known to be */
	size_t		 n_name;
	char		 name[DOMAIN_MAX];
};

struct targets {
	struct target	*list;
	size_t		 n;
	size_t		 n_best;	/* those of the first preference */
};

/* What is looked for; all borrowed. */
struct target_wish {
	const struct conf *conf;
	struct str	 next_hop;
	uint16_t	 port;
	bool		 via;		/* the postmaster named this host */
};

/*
 * From an answer of resolverd: replaces t's list and returns 0, or -1 with
 * what is to be said of the mail, and t as it was.
 */
int	 targets_from_hosts(struct targets *, const struct target_wish *,
	    const struct hosts *, struct outcome *);
/* The same for "[192.0.2.1]" or a bare address; 1: it is neither. */
int	 targets_from_literal(struct targets *, const struct target_wish *,
	    struct outcome *);
/* The service of that name, whose address is not ours to know; 0 or -1. */
int	 targets_from_service(struct targets *, struct str name,
	    struct outcome *);
void	 targets_clear(struct targets *);

/* Whether a connection between these two ends is one to ourselves. */
bool	 target_is_self(const struct conf *, const struct netaddr *local,
	    const struct netaddr *remote);

#endif
