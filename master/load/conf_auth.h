/*
 * Authentication at listeners: what depends on several directives of the
 * block.
 */
#ifndef CONF_AUTH_H
#define CONF_AUTH_H

#include "conf_build.h"

/* The block is read: with auth, it is required unless that is turned off. */
void	 listener_auth_fill(struct listener_build *);
/* Reports what does not go together, once that is filled in. */
void	 listener_auth_check(struct build *, const struct statement *,
	    const struct listener_build *);
/* Reports what is possible, but hardly meant. */
void	 listener_auth_warn(struct build *, const struct statement *,
	    const struct listener_build *);

#endif
