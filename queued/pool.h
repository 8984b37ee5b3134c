/*
 * How many tasks there may be: a pool for each kind of worker, and in it a
 * share for each route.  Counts them; what they are is task.c's.
 */
#ifndef POOL_H
#define POOL_H

#include <stdbool.h>

#include "messages.h"

#include "route.h"

/*
 * Each task has a chunk of 4 KiB for its addresses.  Two pools, so that
 * destinations that never answer take nothing from the mailboxes here.
 */
#define TASKS_OUT_MAX	7168
#define TASKS_LOCAL_MAX	1024

/*
 * Whether one more may begin where so many are in use in a pool of that size,
 * in_flight of them by its route.  In the first half of the pool a route may
 * have half of what others leave it, in the second half one task: thousands
 * of routes that do not move leave something to those that do.
 */
bool	 pool_allows(unsigned size, unsigned used, unsigned in_flight);
bool	 pool_has_room(const struct route *);
/* Nothing more can begin on routes of that transport until some task ends. */
bool	 pool_is_full(enum transport);
void	 pool_take(bool local);
void	 pool_give(bool local);
unsigned pool_used(void);	/* of both */

#endif
