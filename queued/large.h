/*
 * Bodies above BODY_INLINE_MAX: files in tmp/ while they are received, then
 * octets of a record or a file in large/.  Owns those files' names; remembers
 * which live messages have one, so that it goes when they do.
 */
#ifndef LARGE_H
#define LARGE_H

#include <stdbool.h>
#include <stdint.h>

#include "envelope.h"
#include "spool.h"

/* A body of up to copy_max octets is copied into the log. */
void	 large_init(uint64_t copy_max);
void	 large_clear(void);

/* As spool_store with a large file; goes through a thread first. */
void	 large_store(const struct envelope *, struct str header,
	    uint32_t large, uint64_t size, spool_stored, void *arg);

/* A message with a file in large/ is durable. */
void	 large_lives(const struct msgid *);
/* Some message has ended: its file, if it has one, is removed. */
void	 large_gone(const struct msgid *);
/* A file in large/ has no record. */
void	 large_remove(const struct msgid *);
/*
 * At a start: empties tmp/, and removes from large/ what no live message has;
 * in doubt, when a message may have been lost, it goes to damaged/ instead.
 */
void	 large_sweep(bool doubt);

#endif
