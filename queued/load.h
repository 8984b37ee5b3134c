/*
 * Reading messages again: from the batches still in memory, from what the
 * kernel has in its memory, or by a thread from the disk.  Every byte from
 * the disk is checked against its checksum before anybody sees it.
 * spool_load and spool_load_envelope of spool.h are here.
 */
#ifndef LOAD_H
#define LOAD_H

#include <stddef.h>
#include <stdint.h>

#include "arena.h"
#include "record.h"

/* what an envelope of most recipients takes, decoded, with their states */
#define ENVELOPE_MEMORY	((size_t)RCPTS_MAX * 512)

/*
 * For recovery, which waits: the header and meta of the record at offset of
 * fd into *data (of *size octets; grown, owned by the caller), and r over
 * them.  0, or -1 when it cannot be read or is not true.
 */
int	 load_meta(int fd, const uint8_t key[SEGMENT_KEY], uint32_t offset,
	    uint8_t **data, size_t *size, struct record *r);

#endif
