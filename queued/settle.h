/*
 * What becomes of a batch's records when its flush has ended: who is told,
 * what is counted, and - where it failed - which record takes the place of
 * which.
 */
#ifndef SETTLE_H
#define SETTLE_H

#include <stdbool.h>

#include "batch.h"

/* Takes the batch.  Its records are durable. */
void	 settle_durable(struct batch *);
/*
 * Takes the batch.  Its records are not durable, for that reason; written:
 * they may yet be found on the disk.
 */
void	 settle_failed(struct batch *, enum store_result, bool written);

#endif
