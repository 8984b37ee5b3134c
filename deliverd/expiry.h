/*
 * Things that are given up when they have waited for a while, all of a list
 * for the same time: idle connections, routes that fail.  So the list is in
 * order by itself, and one timer, armed for its first, does for all.
 */
#ifndef EXPIRY_H
#define EXPIRY_H

#include <sys/queue.h>

#include <stdbool.h>
#include <stdint.h>

struct event;

struct expiring {
	TAILQ_ENTRY(expiring)	 entry;
	uint64_t		 at_ms;		/* 0: it does not wait */
};

struct expiry {
	TAILQ_HEAD(, expiring)	 waiting;
	struct event		*timer;
	void			(*expired)(struct expiring *);
};

/* expired is called once for each whose time is over; it waits no more. */
void	 expiry_init(struct expiry *, void (*expired)(struct expiring *));
/* It waits from now, for after_ms; if it was waiting, anew. */
void	 expiry_add(struct expiry *, struct expiring *, uint32_t after_ms);
/* Nothing happens when it does not wait. */
void	 expiry_remove(struct expiry *, struct expiring *);

static inline struct expiring *
expiry_first(const struct expiry *x)
{
	return TAILQ_FIRST(&x->waiting);
}

/* how many wait */
static inline unsigned
expiry_count(const struct expiry *x)
{
	const struct expiring	*e;
	unsigned		 n = 0;

	TAILQ_FOREACH(e, &x->waiting, entry)
		n++;
	return n;
}

#endif
