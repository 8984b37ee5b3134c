/*
 * When a part's turn comes: the heap of times of those that wait, and the
 * order within the queue of a route.  This file alone decides that order.
 * Time here is seconds since the process began, by the clock that does not
 * jump.
 */
#ifndef SCHEDULE_H
#define SCHEDULE_H

#include <stddef.h>
#include <stdint.h>

#include "mail.h"
#include "route.h"

struct event_base;

/* Worker deaths with a part in hand, alone, until it waits its turn again. */
#define DEATHS_MAX	5

/* attend is called whenever a route has something ready. */
void		 schedule_init(struct event_base *,
		    void (*attend)(struct route *));
void		 schedule_clear(void);	/* the timer; for tests */
/* Makes ready what is due, a bounded number; the timer calls it. */
void		 schedule_due(void);
uint32_t	 schedule_now(void);	/* never 0 */
/* That wall-clock time as a time here; the past is now. */
uint32_t	 schedule_at(uint64_t utc_s);
/* The other way; what is ready: 0. */
uint64_t	 schedule_utc(const struct part *);

/* A part in no queue is to go at due_s, or to wait while it is held. */
void		 schedule_part(struct part *, uint32_t due_s);
/* All parts that mail_plan has made. */
void		 schedule_mail(struct mail *);
/* A part that was popped but not tried: it keeps its place in front. */
void		 schedule_return(struct part *);
/* Out of whatever queue it is in; its state is then ACTIVE. */
void		 schedule_take(struct part *);
/*
 * Takes a recipient out of the part at or after p that waits with it; what
 * has no recipient left is freed.
 */
void		 schedule_take_rcpt(struct part *p, uint16_t rcpt);

/* The next to go on that route, now ACTIVE, or NULL. */
struct part	*schedule_pop(struct route *);
/* The one in front, left there, or NULL; suspects do not count. */
struct part	*schedule_peek(const struct route *);

/* Stops and resumes all parts of a message but those that are ACTIVE. */
void		 schedule_hold(struct mail *);
void		 schedule_release(struct mail *);
/* What waits for its time goes now. */
void		 schedule_retry(struct mail *);

size_t		 schedule_deferred(void);	/* how many wait */

#endif
