/*
 * The role `state`: counts of events under keys, within windows of time, for
 * limits that all smtpd workers share.  In memory alone: what is lost with
 * this process is a limit that does not limit for a while.
 */
#ifndef STATE_H
#define STATE_H

#include <stdint.h>

#include "messages.h"
#include "proc.h"
#include "str.h"

#define COUNTERS_MAX	65536	/* keys at a time; then the stalest goes */

extern const struct proc_ops	 state_ops;

/*
 * Adds to the count of key and gives it as of the last window_s seconds, at
 * least 1: the previous window's share is estimated, so that a limit cannot
 * be passed twice around a border.
 */
uint32_t	 state_count(struct str key, uint32_t add, uint32_t window_s);

#endif
