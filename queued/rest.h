/*
 * Routes that may not send now: for a time, as nothing answers there, or for
 * a moment, as they have sent as much as their rate allows.  What is too old
 * meanwhile is given up.
 */
#ifndef REST_H
#define REST_H

#include <stdbool.h>
#include <stdint.h>

#include "route.h"

/* It is held as one for s seconds, then attended to. */
void	 rest_down(struct route *, uint32_t s);
/* It waits no longer. */
void	 rest_end(struct route *);
/*
 * Of a route that has been down, what stands in front and has had its time
 * is given up, a bounded number at a time.
 */
void	 rest_expire(struct route *);
/* Its rate does not let it send now: it is attended to when it does. */
bool	 rest_by_rate(struct route *);
/* One more was sent. */
void	 rest_count(struct route *);

#endif
