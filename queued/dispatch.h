/*
 * Which route sends next, and how much: windows and wake-ups, held routes,
 * and the workers' comings and goings.  The state of a route towards its
 * worker is
 *
 *	ASLEEP	window 0; something ready sends a ROUTE_WAKE
 *	WOKEN	a ROUTE_WINDOW is awaited
 *	AWAKE	window n; jobs go out until n are in flight
 *	DOWN	held until its timer, then ASLEEP
 *
 * Routes that want something are attended to in turns, a bounded number in
 * each turn of the loop.
 */
#ifndef DISPATCH_H
#define DISPATCH_H

#include "messages.h"
#include "peer.h"

#include "route.h"

void	 dispatch_init(void);
/* The queue is known: begins as soon as the workers have resumed. */
void	 dispatch_start(void);
void	 dispatch_stop(void);		/* no new jobs */
/* Looks at the route in this turn or one of the next; for schedule_init. */
void	 dispatch_attend(struct route *);
/* A task without a route has ended: there may be room for another. */
void	 dispatch_room(void);
/* The configuration has changed: looks at all that have something ready. */
void	 dispatch_attend_all(void);

/* A route that is held is tried now: somebody asks for it. */
void	 dispatch_retry(struct route *);

void	 dispatch_peer_up(struct peer *);	/* of DELIVERD_ANY */
void	 dispatch_peer_down(struct peer *);
void	 dispatch_peer_leaving(struct peer *);

void	 on_job_resume(struct peer *, uint32_t id, const struct job_resume *);
void	 on_job_resumed(struct peer *, uint32_t id, const struct nothing *);
void	 on_route_window(struct peer *, uint32_t id,
	    const struct route_window *);
void	 on_route_down(struct peer *, uint32_t id, const struct route_down *);

#endif
