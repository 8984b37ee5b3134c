/*
 * A round: what is tried of one message at about the same time.  Its sender
 * gets one report on all that comes of it, however many transactions it took
 * to find out.  So what has failed waits for a while for the rest.
 */
#ifndef ROUND_H
#define ROUND_H

#include "fate.h"
#include "mail.h"

#define ROUND_MS	5000	/* then it is reported without the rest */
#define ROUNDS_MAX	1024	/* at a time; beyond, nothing waits */
/* Told of in one report, which must fit into a segment: of so many the
 * bounce is short (BOUNCE_SHORT_ABOVE), at most 2 KiB each. */
#define ROUND_ITEMS_MAX	300

/* The outcome has items.  reported is called once for it, perhaps at once:
 * whether all that its sender wants to know of them is durable. */
void	 round_report(struct outcome *, void (*reported)(struct outcome *,
	    bool stored));
/* Something of the message is not being tried any more. */
void	 round_look(const struct mail *);

#endif
