/*
 * The cleaner: copies what still counts in the oldest segment to the open
 * end of the log, so that the segment can be recycled.  Messages are copied
 * as MOVED records, and what was said of any living message as it was; all
 * keep their order.  Whether a message lives, the manager is asked.
 */
#ifndef CLEAN_H
#define CLEAN_H

#include <stdbool.h>

#include "record.h"
#include "segment.h"

/* Begins where it is worth it; cheap when not. */
void	 clean_check(void);
/* Nothing more is copied. */
void	 clean_stop(void);

/*
 * A copy is durable at now; true: it is a message that lives there from this
 * moment.  Or a batch with a copy has failed.
 */
bool	 clean_copied(const struct record *, struct spool_place was,
	    struct segment *, struct spool_place now);
void	 clean_failed(void);

#endif
