/*
 * All records of the log folded into one entry for each message.  What a
 * record says of a message counts by its order, whatever its place; so
 * copies, repetitions and records whose message comes later in the log (it
 * was moved) do no harm.  Records of a message that is not in the log speak
 * of one that has ended: they are ignored at the end.
 */
#ifndef FOLD_H
#define FOLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "record.h"

/* The last that was said of one recipient. */
enum fold_kind { FOLD_RESULT, FOLD_ROUTE };
struct fold_rcpt {
	struct fold_rcpt	*next;
	uint64_t		 order;
	uint16_t		 index;
	uint16_t		 len;
	uint8_t			 kind;
	uint8_t			 encoded[];	/* a spool_rcpt; or a via */
};

struct folded {
	struct msgid		 id;
	bool			 found;		/* there is a MESSAGE */
	bool			 held, warned, large;
	struct spool_place	 place;
	uint32_t		 index_at;	/* where its meta can be read
						 * sooner; 0: at its place */
	size_t			 len;		/* of the record */
	uint64_t		 sequence, order;
	uint64_t		 hold_order;	/* of HOLD or RELEASE */
	struct fold_rcpt	*rcpts;
};

/* index_at: as in struct scan.  0, or -1 without memory. */
int		  fold_record(const struct record *, struct spool_place,
		    uint32_t index_at);
/* Whether that message lives, by all records so far. */
bool		  fold_has(const struct msgid *);
/*
 * The messages that live, oldest first, in an array that the caller frees, as
 * he does each of them: a start wants their memory for what comes of them.
 * NULL and n 0 when there are none.  All else is forgotten.  -1 without
 * memory: nothing is.
 */
int		  fold_living(struct folded ***, size_t *n);
/* The last results over all recipients of the envelope: 0 or -1 */
int		  fold_states(const struct folded *, struct arena *,
		    size_t n_rcpts, struct spool_rcpt *);
/* The same of routes, borrowed from the entry; how many recipients have one.
 */
size_t		  fold_vias(const struct folded *, size_t n_rcpts,
		    struct str *);
void		  fold_free(struct folded *);
void		  fold_clear(void);

#endif
