/*
 * Threads that wait for the disk so that the loop need not.  A piece of work
 * is run by a thread of its pool and then finished in the loop.  What a
 * thread touches is the piece alone: it knows no queue and logs nothing.
 */
#ifndef WORK_H
#define WORK_H

#include <stdbool.h>
#include <stddef.h>

struct event_base;

enum work_pool {
	WORK_FLUSH,	/* batches: written and synced */
	WORK_BACK,	/* segments made, opened, recycled; unlinks; in order */
	WORK_READ,	/* cold reads */
	WORK_LARGE,	/* large bodies copied, or synced and kept */
	WORK_POOL_N
};

#define FLUSHERS	8	/* overlapping syncs gain little beyond */

/* Embedded as the first member of what the piece is about. */
struct work {
	struct work	 *next;
	void		(*run)(struct work *);		/* in a thread */
	void		(*done)(struct work *);		/* in the loop */
};

/* Starts the threads of all pools, once in a process; fatal without. */
void	 work_start(void);
/* From now on finished pieces come back in this loop; 0 or -1. */
int	 work_attach(struct event_base *);
void	 work_detach(void);
/* Borrows the piece until its done is called. */
void	 work_give(enum work_pool, struct work *);
/* whether any piece has not come back */
bool	 work_pending(void);
/* Waits for all pieces to come back: at a start, and in tests. */
void	 work_wait(void);

#endif
