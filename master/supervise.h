/*
 * Master at work: children are started, heard, killed and started again as
 * child.h decides, until stop.h ends it all.
 */
#ifndef SUPERVISE_H
#define SUPERVISE_H

#include <stddef.h>
#include <stdint.h>

#include "child.h"

/* Starts what the configuration wants; all goes on in the event loop. */
void	 supervise_start(void);
/* The child of that role and index, or NULL. */
struct child *supervise_find(enum role, uint16_t index);

#endif
