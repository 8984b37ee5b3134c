/*
 * The world that a process of the test lives in: the model of the disk, what
 * has been promised, and the journal in which all that happens is written
 * before it does.  A world is forked with its process.
 */
#ifndef WORLD_H
#define WORLD_H

#include "journal.h"
#include "op.h"

/* An empty disk, nothing promised, no journal. */
void	 world_init(void);
/* From now on what happens is added to that one. */
void	 world_record(struct journal *);
/* Writes it down and lets it happen; borrowed. */
void	 world_do(const struct op *);
void	 world_note(const struct note *);
/* Lets happen what has been written down before. */
void	 world_replay(const struct op *);

#endif
