/*
 * What no directive can be wrong in alone: two of a name, two on one
 * address, limits that contradict each other.
 */
#ifndef CONF_CHECK_H
#define CONF_CHECK_H

#include "conf_build.h"

/* Reports; the configuration is filled. */
void	 conf_check(struct build *);

#endif
