/*
 * Whether the scripts do what they are there for: each thing that the spool
 * does to the disk must happen in some recording, or cutting it proves
 * nothing.
 */
#ifndef WITNESS_H
#define WITNESS_H

#include <stdbool.h>
#include <stddef.h>

#include "journal.h"

void		 witness_look(const struct journal *);
/* The ith of the things that should happen, and whether it has; or NULL. */
const char	*witness_name(size_t i, bool *happened);

#endif
