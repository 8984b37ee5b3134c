/*
 * When a part's turn comes: the heap of times of those that wait, and what
 * is ready on a route, in turns (turn.h), suspects of a crash before them.
 * Time here is seconds since the process began, by the clock that does not
 * jump.
 */
#ifndef SCHEDULE_H
#define SCHEDULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mail.h"
#include "route.h"

struct event_base;

/* Deaths of workers with a part in hand: from so many on it goes as the only
 * suspect of its worker; at so many its message is held. */
#define DEATHS_ALONE	2
#define DEATHS_MAX	3

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

/* Whether one could go on that route; not if there are suspects alone, and
 * it is not their turn. */
bool		 schedule_may_pop(const struct route *);
/* The next to go on that route, now ACTIVE, or NULL. */
struct part	*schedule_pop(struct route *);
/* The one in front, left there, or NULL; suspects do not count. */
struct part	*schedule_peek(const struct route *);
/* Another sender's is in front now, if there is one. */
void		 schedule_pass(struct route *);

/* Calls attend for each route that has suspects: one that was out is not any
 * more. */
void		 schedule_suspect_ended(void);

/* Stops and resumes all parts of a message but those that are ACTIVE. */
void		 schedule_hold(struct mail *);
void		 schedule_release(struct mail *);
/* What waits for its time goes now. */
void		 schedule_retry(struct mail *);

size_t		 schedule_deferred(void);	/* how many wait */

#endif
