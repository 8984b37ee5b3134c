/*
 * Background work on the files of segments: spares written ahead, the next
 * segment opened ahead, the oldest recycled.  One step at a time, in one
 * thread.  Only segment.c includes this; the functions of the second half
 * are its own.
 */
#ifndef SEGMENT_BACK_H
#define SEGMENT_BACK_H

#include <stdbool.h>
#include <stdint.h>

#include "segment.h"

/* Does what is most wanted, unless a step is under way or none is. */
void		 segment_back_check(void);
void		 segment_back_remove(uint32_t number);	/* at once */
void		 segment_back_clear(void);
unsigned	 segment_spares(void);

/* what segment.c tells, and is told when a step is done */
bool		 segment_wants_next(void);
struct segment	*segment_opened(const struct segment_header *, uint64_t size);
struct segment	*segment_recyclable(void);	/* or NULL */
void		 segment_recycled(uint32_t number);

#endif
