/*
 * What all sessions of a worker buffer together.  Each session says how much
 * it holds; while the sum is above its maximum, those that hold more than the
 * average have to wait, so that small mail passes large mail, and as someone
 * is always at the average or below it, somebody always goes on.
 */
#ifndef BUDGET_H
#define BUDGET_H

#include <sys/queue.h>

#include <stdbool.h>
#include <stddef.h>

struct event_base;

#define BUFFERED_MAX	((size_t)64 << 20)	/* 340 sessions at their most */

struct share {
	size_t		 held;		/* octets */
	bool		 waiting;
	void		 (*go_on)(struct share *);
	TAILQ_ENTRY(share) link;
};

/* max: BUFFERED_MAX but in a test */
void	budget_setup(struct event_base *, size_t max);
/* It holds that much from now on.  0 before it is freed. */
void	budget_hold(struct share *, size_t);
/* Whether it has to wait; go_on is called, once, when it need not. */
bool	budget_must_wait(struct share *);
size_t	budget_total(void);

#endif
