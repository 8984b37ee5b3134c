/*
 * Journals of operations, in memory that the processes of a run share: one
 * process records, its parent replays.  Data of writes is copied in and
 * stays where it is until the journal is emptied.
 */
#ifndef JOURNAL_H
#define JOURNAL_H

#include <stddef.h>

#include "op.h"

#define JOURNAL_OPS	65536	/* touched as they are used */
#define JOURNAL_OCTETS	(64u << 20)

struct journal {
	size_t		 n, octets;
	struct op	 ops[JOURNAL_OPS];
	uint8_t		 data[JOURNAL_OCTETS];
};

/* Ends the test when there is no memory for it. */
struct journal	*journal_new(void);
void		 journal_empty(struct journal *);
/* The journal's own copy of op, numbered; ends the test when it is full. */
const struct op	*journal_add(struct journal *, const struct op *);

#endif
