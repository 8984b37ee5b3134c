/*
 * Messages that are not to be sent before a time (RFC 4865).  Few are, so
 * they stand in a table beside the queue.  Their life begins at that time:
 * from it on they are retried, are late, and are given up in the end.
 */
#ifndef LATER_H
#define LATER_H

#include <stdint.h>

#include "msgid.h"

struct age;

/* A time further away than that is a slip, or a clock that is wrong. */
#define LATER_MAX_S	(366 * 86400)

/* utc_s: not 0.  0, or -1 without memory. */
int		 later_set(const struct msgid *, uint64_t utc_s);
void		 later_forget(const struct msgid *);
/* That time in seconds of UTC; 0: there is none. */
uint64_t	 later_utc(const struct msgid *);
/*
 * When to look again, by schedule_now(); 0: it may go, from now on.  The
 * wall clock may be put right meanwhile, so that is soon enough to notice.
 */
uint32_t	 later_due(const struct msgid *);
/* The age of its message, as counted from its arrival, begins at its time. */
void		 later_age(const struct msgid *, struct age *);

#endif
