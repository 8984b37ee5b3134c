/*
 * The spool at a start: reads the log, folds what became of each message
 * into it, tells of those that live, puts aside what is damaged, removes
 * what no live message has.  Changes nothing that a second recovery would
 * need, so it may itself be cut at any time.
 */
#ifndef RECOVER_H
#define RECOVER_H

#include <stddef.h>
#include <stdint.h>

#include "spool.h"

struct recover_ops {
	/* The first free sequence is known: from now on records can be put
	 * into the open batch, though none is written yet.  0 or -1. */
	int	 (*ready)(uint64_t next);
	/* may call spool_result and spool_mark */
	void	 (*found)(const struct spool_message *);
};

/*
 * After segments_init and large_init, before anything is written.  0, or -1
 * with a line in why.  Waits.
 */
int	 recover(uint64_t segment_size, const struct recover_ops *, char *why,
	    size_t size);

#endif
