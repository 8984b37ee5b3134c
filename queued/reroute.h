/*
 * Waiting mail follows the new routes: a part that an earlier router has
 * routed is routed anew when it comes to the front of its queue, or comes
 * back from a try.  And it follows what the postmaster says of it alone
 * (override.h), at once.
 */
#ifndef REROUTE_H
#define REROUTE_H

#include <stdbool.h>
#include <stdint.h>

#include "envelope.h"

#include "route.h"

/*
 * Takes parts of an earlier router from the front of the route, a bounded
 * number at a time; true when it took some, false when what stands in front
 * may go.
 */
bool	 reroute_front(struct route *);
/* An ACTIVE part of an earlier router, which is taken: in its place in front
 * again, or on another route. */
void	 reroute_part(struct part *, const struct envelope *);
/* The same after a try; it goes at due_s. */
void	 reroute_later(struct part *, uint32_t due_s);
/*
 * Its overrides have changed: what waits goes by them, at the times it had;
 * what is in hand will when it comes back.
 */
void	 reroute_mail(struct mail *, const struct envelope *);

#endif
