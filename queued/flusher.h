/*
 * From records to batches to the disk: gathers records in the open batch,
 * gives each batch its place, hands it to a thread, and settles its records
 * when that has ended.  Decides how many flushes overlap.
 *
 *	open -full or turn's end-> closed -place-> flying -> durable
 *						     |
 *						     +-> failed
 *
 * A failed flush fails every batch of its segment that is not yet settled;
 * settle.c says what becomes of their records.
 */
#ifndef FLUSHER_H
#define FLUSHER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "batch.h"

struct event_base;

/* next is the first sequence number; batch_max closes a batch.  0 or -1. */
int		 flusher_init(struct event_base *, uint64_t next,
		    size_t batch_max);
void		 flusher_clear(void);

/*
 * Begins a record of about so many octets in the open batch; order 0: its
 * own sequence.  The caller puts its meta into the buffer and ends it before
 * anything else is begun.  NULL without memory.
 */
struct buf	*flusher_begin(enum record_type, uint8_t flags,
		    uint64_t order, size_t about);
/* 0, or -1 when it could not be encoded: there is no record, no entry. */
int		 flusher_end(struct str header, struct str body,
		    const struct entry *, bool urgent);

/* A next segment is there, or cannot be had (an errno). */
void		 flusher_ready(int error);
/*
 * At a start, without the loop: writes all that waits as far as there is
 * place for it; false when something is left that wants another segment.
 */
bool		 flusher_drain(void);
/* A batch, empty if need be, is to be written: for its claim.  0 or -1. */
int		 flusher_seal(void);
/* the sequence that the next record gets */
uint64_t	 flusher_next(void);
/* octets of records that are not yet durable */
size_t		 flusher_waiting(void);
/* the errno of the last flush or attempt at a segment; 0: it went well */
int		 flusher_error(void);
/* Writes what is there and a last empty batch; then calls done. */
void		 flusher_stop(void (*done)(void));

#endif
