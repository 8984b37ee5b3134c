/*
 * The order of what is ready on a route: senders take turns, and the
 * messages of a sender take turns within its own.  So a mailing to a hundred
 * thousand delays a single letter by one turn, whoever sends it.
 *
 * A sender that has something ready on a route has a struct turn there, in
 * the route's ring.  Only schedule.c comes here.
 */
#ifndef TURN_H
#define TURN_H

#include <sys/queue.h>

#include <stddef.h>

#include "buckets.h"
#include "mail.h"
#include "route.h"

struct turn {
	TAILQ_ENTRY(turn)	 ring;
	struct bucket_link	 link;		/* by route and sender */
	struct part_queue	 parts;		/* never empty */
};

/* Last of its sender's, whose turn comes last if it had none. */
void		 turn_append(struct part *);
/* It was taken and comes back: the next of all. */
void		 turn_return(struct part *);
/* It is in one. */
void		 turn_remove(struct part *);
/* The next, left there, or NULL. */
struct part	*turn_peek(const struct route *);
/* The next, taken out; its sender's turn is over.  Or NULL. */
struct part	*turn_take(struct route *);
/* The turn of the first sender is over, though nothing was taken. */
void		 turn_pass(struct route *);

#endif
