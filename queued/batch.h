/*
 * A batch: records gathered to be written and synced together, and beside
 * each what is to happen when that is done.  Owns memory only; where it goes
 * is the flusher's business.
 */
#ifndef BATCH_H
#define BATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "record.h"
#include "segment.h"
#include "spool.h"
#include "work.h"

/* What somebody waits for with a record. */
enum entry_kind {
	ENTRY_MESSAGE,		/* stored is told where it is */
	ENTRY_CANCEL,		/* stored is told result */
	ENTRY_STATE,		/* done is told; it may end the message */
	ENTRY_COPY,		/* made by the cleaner */
	ENTRY_REWRITE,		/* made by a start: rewritten is told */
	ENTRY_VOID		/* of claim.c */
};

struct entry {
	enum entry_kind		 kind;
	enum store_result	 result;	/* CANCEL */
	struct spool_place	 place;		/* STATE: of its message; COPY:
						 * where it was */
	union {
		spool_stored	 stored;	/* MESSAGE, CANCEL */
		spool_done	 done;		/* STATE; may be NULL */
		/* REWRITE; place is NULL when it failed */
		void		(*rewritten)(const struct record *,
				    const struct spool_place *);
	};
	void			*arg;
	uint32_t		 at;		/* of the record in the batch */
};

struct batch {
	struct work		 work;
	struct batch		*next;
	struct buf		 data;		/* its header, then records */
	struct entry		*entries;	/* one for each record */
	size_t			 n, n_allocated;
	uint64_t		 first;		/* sequence */
	uint64_t		 durable;	/* those below are */
	bool			 urgent;	/* holds more than results */

	/* since it has been given a place */
	struct segment		*segment;
	uint32_t		 offset;
	uint32_t		 length;	/* before it was filled up */
	unsigned		 life;		/* of the spool */
	uint64_t		 given_us;
	int			 error;

	size_t			 live;		/* messages; for the cache */
};

/* Batches in a row; all zero is empty. */
struct batch_list {
	struct batch		*head, **tail;
};

/* Empty but for room for its header; NULL without memory. */
struct batch	*batch_new(uint64_t first);
/* Keeps some for batch_new. */
void		 batch_free(struct batch *);
void		 batch_free_kept(void);
/* Adds what waits for the record at that place in data; 0 or -1. */
int		 batch_add(struct batch *, const struct entry *, size_t at);
/* Makes the batch header and all checksums; in a thread. */
void		 batch_seal(struct batch *);
/* how many octets it takes on the disk */
uint32_t	 batch_blocks(const struct batch *);
/* the record that belongs to an entry; it is one */
void		 batch_record(const struct batch *, const struct entry *,
		    struct record *);


void		 batch_list_put(struct batch_list *, struct batch *);
void		 batch_list_remove(struct batch_list *, struct batch *);
void		 batch_list_free(struct batch_list *);

#endif
