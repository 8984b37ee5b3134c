/*
 * What a power cut leaves: the disk behind the first so many operations of
 * the journal, and of what was pending there this or that, written out as a
 * plain tree on another file system.
 */
#ifndef STATE_H
#define STATE_H

#include <stdint.h>

#include "journal.h"

/*
 * Behind the first n operations; kind: "min", "max", "but", "alone", "torn"
 * or "random" (cut.h), with that seed.  dir must not be there yet; the marks
 * made by then go into the file DIR.marks, one a line.  0, or an errno.
 */
int	 state_write(const struct journal *, uint64_t n, const char *kind,
	    uint64_t seed, const char *dir);

#endif
