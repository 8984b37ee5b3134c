/*
 * The second half of recovery: each message that the fold found alive is
 * read once more and told.
 */
#ifndef TELL_H
#define TELL_H

#include <stddef.h>

#include "spool.h"

/*
 * Calls found for each, oldest first.  A record that is no longer true is
 * left where it is, logged, and its segment kept.  -1 with one line in why
 * when the disk or the memory does not serve: then nothing may be removed.
 */
int	 tell_all(void (*found)(const struct spool_message *), char *why,
	    size_t size);

#endif
