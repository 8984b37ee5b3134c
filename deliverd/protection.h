/*
 * How the connections of a route are protected, as queued has said: part of
 * what makes it that route, so that no connection is ever used for another
 * demand.
 */
#ifndef PROTECTION_H
#define PROTECTION_H

#include <stdbool.h>

#include "messages.h"
#include "str.h"

struct protection {
	bool		 tls_first;	/* from the first octet */
	enum tls_level	 level;
	uint16_t	 credential;	/* CREDENTIAL_NONE: no login */
	uint32_t	 conf;		/* in this one, where it has no name */
	size_t		 n_name, n_credential;
	char		 name[DOMAIN_MAX];	/* instead of the host's */
	char		 credential_name[NAME_MAX_LEN];
};

void	 protection_set(struct protection *, const struct route_wake *);
bool	 protection_is(const struct protection *, const struct route_wake *);
/* Which credential that is today, whatever it was when the route woke. */
void	 protection_credential(const struct protection *, struct cred_ask *);

#endif
