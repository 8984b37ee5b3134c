/*
 * The lines that `queued -C` prints; their members are documented in
 * postern-queued(8).
 */
#ifndef CHECK_DUMP_H
#define CHECK_DUMP_H

#include <stdint.h>

#include "fold.h"
#include "record.h"
#include "segment_scan.h"

struct check_totals {
	uint64_t	 segments, octets, records;
	uint64_t	 messages, recipients;	/* that wait */
	uint64_t	 torn;		/* places being written at the end */
	uint64_t	 damaged;	/* places that nothing explains */
	uint64_t	 aside;		/* files in damaged/ */
};

struct check_segment {
	uint32_t	 number;
	uint8_t		 key[SEGMENT_KEY];
};

/* Remembers how its records are read again; NULL without memory. */
struct check_segment *dump_segment(uint32_t number,
	    const uint8_t key[SEGMENT_KEY]);

void	 dump_damage(const struct damage *);
/*
 * Reads and prints one message, and counts it.  What of it is damaged is
 * printed and counted too; -1: errno, it or the output cannot be read or
 * written.
 */
int	 dump_message(const struct folded *, struct check_totals *);
/* The last line, and what is not yet written: 0 or -1. */
int	 dump_end(const struct check_totals *);

#endif
