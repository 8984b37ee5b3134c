/*
 * The states that a power cut can leave of a recorded script, one by one: the
 * journal is cut behind each operation, and of what was pending there this or
 * that is kept (cut.h).  In each state the spool is started, what it finds is
 * held against what was promised, and it is used a little; that start or use
 * is cut in its turn, and the spool started once more.
 */
#ifndef ENUMERATE_H
#define ENUMERATE_H

#include <stdbool.h>
#include <stdint.h>

#include "journal.h"
#include "script.h"

/* Which of the states, which are numbered as they come, are tried. */
struct choice {
	uint64_t	 from, step;	/* every step-th, from that number on */
	uint64_t	 n;		/* that many */
	unsigned	 part, parts;	/* and of these each parts-th */
	/* counted up from one script to the next */
	uint64_t	 seen, chosen;
};

struct tally {
	uint64_t	 tried, failed;
	char		 why[512];	/* of the first that failed */
};

/* Before the first; ends the test when there is no memory. */
void	 enumerate_init(void);
/* Adds to the tally.  Stops at the first that fails if told so. */
void	 enumerate(const struct script *, const struct journal *,
	    struct choice *, bool stop_at_failure, struct tally *);

#endif
