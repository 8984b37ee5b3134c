/*
 * What route.c (the routes), route_rest.c (those that rest) and route_work.c
 * (their jobs and connections) share, for these alone.
 */
#ifndef ROUTE_IMPL_H
#define ROUTE_IMPL_H

#include "route.h"

/* route.c */
void	 route_free(struct route *);

/* route_rest.c */
void	 route_rest_setup(void);	/* once in a process */
/* Whoever rests is OPEN again, and tries what it is given. */
void	 route_get_up(struct route *);
/* Tells queued how many jobs are wanted, if that has changed. */
void	 route_announce(struct route *);
/* Connections to begin with. */
size_t	 route_first_conns(const struct route *);

/* route_work.c */
/* The task, which has been taken out of the route's lists, ends with why. */
void	 route_end_with(struct route *, struct task *,
	    const struct outcome *why);
/* Ends all that wait: questions and the first max jobs with why, the other
 * jobs untried. */
void	 route_end_waiting(struct route *, size_t max,
	    const struct outcome *why);
/* The same, as the process is about to end. */
void	 route_stop_waiting(struct route *);

#endif
