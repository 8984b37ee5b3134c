/*
 * A disk in memory that forgets at a power cut what was not synced, as
 * strictly as POSIX allows: a sync of a file makes its content durable and
 * nothing else, a sync of a directory its names and nothing else.  What is
 * durable is the base; operations since are pending, and what is seen is the
 * base with all that is pending laid over it.  What a cut keeps of the
 * pending ones is cut.h's.
 *
 * Borrows the operations it is given, which stay in their journal.
 */
#ifndef MODEL_H
#define MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cut.h"
#include "op.h"

#define MODEL_ROOT	1u		/* the node of the root directory */

/* --- changing --- */

void		 model_init(void);
/* Any but a note. */
void		 model_apply(const struct op *);
void		 model_cut(const struct cut *);
/* The number that the next OP_FILE or OP_DIRECTORY gets. */
unsigned	 model_next_node(void);

/* --- looking --- */

/* 0: there is no such name */
unsigned	 model_lookup(unsigned directory, const char *name);
bool		 model_is_directory(unsigned node);
uint64_t	 model_size(unsigned node);
unsigned	 model_links(unsigned node);	/* its names */
/* how many octets there were, at most n */
size_t		 model_read(unsigned node, void *, size_t n, uint64_t offset);
/* each may change the directory */
void		 model_list(unsigned directory,
		    void (*each)(void *, const char *), void *arg);

/* --- what a cut could do --- */

size_t		 model_pending_n(void);
const struct op	*model_pending(size_t);
bool		 model_is_spoilt(void);		/* any of them */
/* the same as long as the base is */
unsigned	 model_epoch(void);

#endif
