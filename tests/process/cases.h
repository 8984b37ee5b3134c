/*
 * For probes that are a list of cases, each with a child of its own: what is
 * found is told of the case that runs.
 */
#ifndef CASES_H
#define CASES_H

#include "driver.h"

static struct child	 ch;
static const char	*current;	/* the case */

static inline void
check(bool ok, const char *what)
{
	verdict(ok, ch.role, current, "", what);
}

static inline void
check_alive(void)
{
	check(lives(&ch), "the process has died");
}

/* A fault with that word is reported for what was sent last. */
static inline void
check_fault(const char *word)
{
	char	 more[256];

	if (!listen_until(&ch, has_fault))
		snprintf(more, sizeof(more), "no fault, but \"%s\"", word);
	else
		snprintf(more, sizeof(more), "fault \"%s\", not \"%s\"",
		    ch.fault, word);
	check(strcmp(ch.fault, word) == 0, more);
	ch.fault[0] = '\0';
}

#endif
