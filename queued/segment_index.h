/*
 * Indexes: the records of a segment without the content of messages, in a
 * file beside it, so that a start reads megabytes and not gigabytes.  Made
 * in the background for segments that have stayed; an index that is lost,
 * cut or damaged costs time and nothing else.
 *
 *	  0 magic "posterni"		  8 format version (4)
 *	 12 number of records (4)	 16 number of the segment (8)
 *	 24 sequence of the first (8)	 32 and that behind the last (8)
 *	 40 length of what follows (8)	 48 checksum of what follows (8)
 *	 56 checksum of 0..55 (8)	 64 for each record its offset in the
 *					    segment (4), its header and meta
 *
 * The checksums have the key of the segment, which stands only there.
 */
#ifndef SEGMENT_INDEX_H
#define SEGMENT_INDEX_H

#include <stdint.h>

#include "segment_scan.h"

/*
 * As segment_scan, from the index: 0, or -1 when the segment itself has to
 * be read; then nothing was told.
 */
int	 index_scan(struct scan *);
/* Makes an index that is wanted, unless one is being made; cheap. */
void	 index_check(void);
void	 index_clear(void);

#endif
