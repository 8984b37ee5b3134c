/*
 * The one encoding of scalars and strings, for frames, the spool and the
 * compiled configuration: fixed-width little-endian integers, and strings
 * with a 32-bit length before them.  The reader never leaves its bounds; its
 * first error is kept and every later read gives zero, so that a decoder
 * checks once, at its end, with wire_done.
 */
#ifndef WIRE_H
#define WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "str.h"

struct wire {
	const uint8_t	*p, *end;
	bool		 bad;
};

void		 wire_init(struct wire *, const void *, size_t);
uint8_t		 wire_u8(struct wire *);
uint16_t	 wire_u16(struct wire *);
uint32_t	 wire_u32(struct wire *);
uint64_t	 wire_u64(struct wire *);
/* n octets as they are, borrowed; NULL when there are fewer */
const uint8_t	*wire_bytes(struct wire *, size_t n);
/* a string of at most max octets, borrowed */
struct str	 wire_str(struct wire *, size_t max);
size_t		 wire_left(const struct wire *);
/* 0 when all was read and nothing is left over, else -1 */
int		 wire_done(const struct wire *);

void		 wire_put_u8(struct buf *, uint8_t);
void		 wire_put_u16(struct buf *, uint16_t);
void		 wire_put_u32(struct buf *, uint32_t);
void		 wire_put_u64(struct buf *, uint64_t);
void		 wire_put_str(struct buf *, struct str);

/* the same scalars where there is no buffer: in block and record headers */
uint32_t	 wire_get32(const void *);
uint64_t	 wire_get64(const void *);
void		 wire_set32(void *, uint32_t);
void		 wire_set64(void *, uint64_t);

#endif
