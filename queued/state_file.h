/*
 * Counters on the disk: a snapshot of all, and a log of those that changed
 * since, in the root directory of the role `state`.  What is there is true or
 * not there: every piece has its sum, with a random key of the snapshot's,
 * by which keys of counters are hashed as well.
 *
 *	snapshot	all counters; replaced as a whole
 *	log-NUMBER	what came after snapshot NUMBER, in batches
 *	damaged		a snapshot that could not be read, the last such
 *
 * All numbers are little-endian, times are in milliseconds.
 */
#ifndef STATE_FILE_H
#define STATE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "keyed.h"

struct state_entry {
	uint64_t	 hash;
	uint64_t	 began_ms;	/* of its window */
	uint32_t	 window_s;
	uint32_t	 now, before;	/* counts, as in state.c */
};

/*
 * Reads what is there, each entry perhaps more than once, the latest last.
 * key is what it was hashed with, or a new one.  Waits; a damaged snapshot
 * is logged and put aside, and all begins anew.
 */
void	 state_file_load(uint8_t key[KEYED_KEY],
	    void (*each)(const struct state_entry *));

/*
 * Writes and syncs n entries (taken, of malloc) in a thread, one call at a
 * time; done is told in the loop.  all: these are all there are, and replace
 * what was written before.  The first one, and the next after a failure, must
 * be all.
 */
void	 state_file_write(struct state_entry *, size_t n, bool all,
	    void (*done)(bool durable));
/* The log is so long that the next one should be all. */
bool	 state_file_is_long(void);

#endif
