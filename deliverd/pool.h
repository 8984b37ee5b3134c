/*
 * The connections of a route: how many, which are idle, when they leave.  A
 * pool belongs to one route, so a connection is only ever used again for
 * jobs with the same next hop and the same demands on it.
 */
#ifndef POOL_H
#define POOL_H

#include <stdbool.h>
#include <stddef.h>

#include "connect.h"

struct pool {
	struct conn_list	 idle;		/* the last used first */
	struct conn_list	 others;	/* opening and busy */
	size_t			 n;		/* of both lists */
	size_t			 n_opening;
	size_t			 n_opened;	/* ever: spreads over hosts */
};

void	 pool_setup(void);		/* once in a process */
void	 pool_init(struct pool *);
/* One more for the route; -1 with why when that fails at once. */
int	 pool_open(struct pool *, struct route *, struct outcome *why);
/* One that would begin a job now, the idle first; NULL when none would. */
struct conn *pool_pick(const struct pool *);
/* Idle ones say QUIT; those that are opening are dropped. */
void	 pool_leave(struct pool *);
/* Every connection ends now, whatever it is doing. */
void	 pool_abort(struct pool *, const char *why);
/* Connections that have said QUIT and are not closed yet. */
size_t	 pool_leaving(void);

/* For connect.c: what has become of a connection.  The last three free it,
 * and each but the first may free its route. */
void	 pool_busy(struct conn *);	/* it asks for a job */
void	 pool_idle(struct conn *);
void	 pool_failed(struct conn *);	/* no address took it */
void	 pool_lost(struct conn *);	/* in the middle of a job */
void	 pool_left(struct conn *);	/* between jobs */

#endif
