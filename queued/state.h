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

#define COUNTERS_MAX	65536	/* keys at a time; then the stalest goes */
#define STATE_LATE_MS	500	/* with the sync, within a second */

/*
 * Adds to the count of key and gives it as of the last window_s seconds, at
 * least 1: the previous window's share is estimated, so that a limit cannot
 * be passed twice around a border.
 */
uint32_t	 state_count(struct str key, uint32_t add, uint32_t window_s);

/* Reads what was kept, once, and keeps what is counted from now on. */
void		 state_begin(struct event_base *);
/* Writes out what has changed now, instead of a little later; for tests. */
void		 state_keep(void);
/* The same, for the last time; then done. */
void		 state_end(void (*done)(void));

#endif
