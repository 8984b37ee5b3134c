/*
 * Asks keyd about a configuration that is only checked: whether its keys fit
 * its certificates, its passwords and credentials can be read.  Processes of
 * their own do it, which end then; those that serve are not disturbed.
 */
#ifndef TRIAL_H
#define TRIAL_H

#include <stdbool.h>

#include "loader.h"

struct event_base;

#define TRIAL_MS	10000	/* for all answers; as RELOAD_STEP_MS */

/*
 * Starts it.  say gets a line for each that is wrong, and what keyd warns
 * of; done is called once, never before this returns, with whether nothing
 * was wrong.  Borrows the configuration until then; one at a time.
 */
void	 trial_start(struct event_base *, const struct loaded *,
	    void (*say)(bool warning, struct str), void (*done)(bool good));
/* The same, running the loop until it is done. */
bool	 trial_run(struct event_base *, const struct loaded *,
	    void (*say)(bool warning, struct str));
/* It is not wanted any more: done will be told that it was not good. */
void	 trial_cancel(void);

#endif
