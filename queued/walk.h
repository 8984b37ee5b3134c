/*
 * Walks over the queue for posternctl: a list, a change of all that a filter
 * means, a count, or the search for one message.  Each takes a few
 * milliseconds in a turn of the loop, so that a million wait for nobody.
 */
#ifndef WALK_H
#define WALK_H

#include <stdbool.h>

#include "messages.h"
#include "peer.h"

struct walk;

/* Each answers the request id of that peer, once, unless it is cancelled. */
struct walk	*walk_list(struct peer *, uint32_t id,
		    const struct queue_list *, void (*ended)(struct walk *));
struct walk	*walk_change(struct peer *, uint32_t id,
		    const struct queue_change *, void (*ended)(struct walk *));
/* The same of QUEUE_ROUTE. */
struct walk	*walk_route(struct peer *, uint32_t id,
		    const struct queue_change *, void (*ended)(struct walk *));
struct walk	*walk_show(struct peer *, uint32_t id,
		    const struct mail_show *, void (*ended)(struct walk *));
struct walk	*walk_read(struct peer *, uint32_t id,
		    const struct mail_show *, void (*ended)(struct walk *));
struct walk	*walk_count(struct peer *, uint32_t id,
		    const struct queue_count *, void (*ended)(struct walk *));
/* Its peer is gone; ended is not called. */
void		 walk_cancel(struct walk *);
struct peer	*walk_peer(const struct walk *);

#endif
