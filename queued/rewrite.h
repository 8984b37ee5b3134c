/*
 * What a start finds above the last claim (claim.h) of the log may be in the
 * kernel's memory alone: a sync may have failed just before the process was
 * killed, and a sync that comes after it says nothing of that.  So it is
 * written again, into a new segment, before anybody is told that it is there.
 */
#ifndef REWRITE_H
#define REWRITE_H

#include <stddef.h>
#include <stdint.h>

#include "record.h"

/*
 * A record was found, in the order of the log; those below claimed have been
 * synced by whoever claims it.  0, or -1 without memory.
 */
int	 rewrite_note(const struct record *, struct spool_place,
	    uint64_t claimed);
/*
 * Writes again what was noted and is not below claimed, and folds the copies;
 * waits.  0, or -1 with a line in why.  Where there was anything, a first
 * segment has been opened.
 */
int	 rewrite_all(uint64_t claimed, char *why, size_t size);
void	 rewrite_clear(void);

#endif
