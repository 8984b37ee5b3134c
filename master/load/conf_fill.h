/*
 * What the configuration does not say and no row's default can: it depends
 * on other directives, or on the host.
 */
#ifndef CONF_FILL_H
#define CONF_FILL_H

#include "conf_build.h"

/* Called once, when all statements are set. */
void	 conf_fill(struct build *);

/* A listener of that service with all defaults and no place; or NULL. */
struct listener_conf *listener_default(struct build *, enum service);
/* A route for that pattern with all defaults; or NULL. */
struct route_conf *route_default(struct build *, struct str pattern);

#endif
