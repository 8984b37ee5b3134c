/*
 * The role `state`: counts of events under keys, within windows of time, for
 * limits that all smtpd workers share.  They are on the disk STATE_LATE_MS
 * later: a death, or a loss of power, forgets what the last second counted.
 */
#ifndef STATE_H
#define STATE_H

#include <stdint.h>

#include "str.h"

struct event_base;

#define COUNTERS_MAX	65536	/* keys at a time; state.c says who goes */
#define STATE_LATE_MS	500	/* with the sync, within a second */

/*
 * Which counter: a key and the seconds of its window, at least 1.  Counters
 * with a home have a few places together, and take none from others.
 */
struct counter_name {
	struct str	 key;
	struct str	 home;		/* or empty */
	uint32_t	 window_s;
};

/*
 * Adds to the count and gives it as of the last window_s seconds: the
 * previous window's share is estimated, so that a limit cannot be passed
 * twice around a border.  To add nothing changes nothing.
 */
uint32_t	 state_count(struct counter_name, uint32_t add);
/* Takes back one that was added. */
void		 state_take_back(struct counter_name);
/* The count is 0. */
void		 state_forget(struct counter_name);

/* Reads what was kept, once, and keeps what is counted from now on. */
void		 state_begin(struct event_base *);
/* Writes out what has changed now, instead of a little later; for tests. */
void		 state_keep(void);
/* The same, for the last time; then done. */
void		 state_end(void (*done)(void));

#endif
