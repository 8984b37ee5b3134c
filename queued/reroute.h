/*
 * Waiting mail follows the new routes: a part that an earlier router has
 * routed is routed anew when it comes to the front of its queue.
 */
#ifndef REROUTE_H
#define REROUTE_H

#include <stdbool.h>

#include "route.h"

/*
 * Takes parts of an earlier router from the front of the route, a bounded
 * number at a time; true when it took some, false when what stands in front
 * may go.
 */
bool	 reroute_front(struct route *);

#endif
