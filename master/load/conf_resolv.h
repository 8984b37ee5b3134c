/*
 * The host's name servers, from /etc/resolv.conf.
 */
#ifndef CONF_RESOLV_H
#define CONF_RESOLV_H

#include "conf_build.h"

#define RESOLV_FILE	"/etc/resolv.conf"

/*
 * Adds them to the configuration, none of them trusted: that the network
 * between is safe only the postmaster can say.  127.0.0.1 if there are none.
 */
void	 conf_resolv_fill(struct build *);

#endif
