/*
 * For people: with CUT_LOG in the environment, what happened and what was
 * kept of it, on standard error.
 */
#ifndef DESCRIBE_H
#define DESCRIBE_H

#include "cut.h"
#include "journal.h"

/* Each of these is silent unless a single state is looked at. */
void	 describe_begin(void);
/* the first k operations of the script */
void	 describe_prefix(const struct journal *, size_t k);
/* what is pending, and what the cut keeps of it */
void	 describe_pending(const struct cut *);
/* the start after it, cut in its turn (which is done already) */
void	 describe_second(const struct journal *, size_t end,
	    const struct cut *);

#endif
