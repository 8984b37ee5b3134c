/*
 * Reading a whole segment: every true record in order, and every place where
 * something is wrong.  Decides nothing about either.
 */
#ifndef SEGMENT_SCAN_H
#define SEGMENT_SCAN_H

#include <stdbool.h>
#include <stdint.h>

#include "record.h"

/* Somewhere records should be and are not. */
struct damage {
	uint32_t	 segment, offset;
	uint64_t	 length;	/* octets from there */
	uint64_t	 first, last;	/* sequences that are missing */
	const char	*what;
	bool		 has_id;	/* of the message, where it is known */
	struct msgid	 id;
};

struct scan {
	/* the segment */
	int		 fd;
	uint32_t	 number;
	uint64_t	 size;
	const uint8_t	*key;
	/* kept from one segment to the next; 0 in the first */
	uint64_t	 next;		/* the sequence expected */
	uint32_t	 life;		/* of the segment before */
	uint64_t	 durable;	/* those below were synced, in it */
	bool		 border;	/* no batch of it has come yet, and */
	uint64_t	 former;	/* what durable was in the one before */
	/* as durable, in any life: each writes again what the one before has
	 * left in doubt, before it claims anything */
	uint64_t	 claimed;
	/* of this one */
	uint64_t	 n_records;
	uint64_t	 end;		/* behind its last batch */
	unsigned	 unreadable;	/* blocks: what is in them may be more
					 * than the gaps that are seen */
	int		 error;		/* errno that ended the scan, or 0 */
	/* of the record that is told: where its header is in the segment's
	 * index; 0: it was read from the segment */
	uint32_t	 index_at;

	void	(*record)(void *arg, const struct record *,
		    struct spool_place);
	void	(*damage)(void *arg, const struct damage *);
	void	 *arg;
};

/*
 * 0, or -1 with error set: no memory, or more than HOLES_MAX blocks cannot be
 * read, so that the disk is to blame and not a place on it.  Fewer count as
 * holes, and are in unreadable.
 */
#define HOLES_MAX	16
int	 segment_scan(struct scan *);
/* A segment of that life follows: true, with what was durable in the life
 * before, if it is another one. */
bool	 scan_begin_life(struct scan *, uint32_t life, uint64_t *durable);
/* What an earlier life was writing at its end, and a later one wrote again,
 * is no damage where it is missing. */
bool	 scan_was_rewritten(const struct scan *, const struct damage *);
/* Somebody says that all below was synced. */
void	 scan_claim(struct scan *, uint64_t durable);
/* What comes next begins with that sequence; reports what is missing. */
void	 scan_gap(struct scan *, uint64_t offset, uint64_t first);

#endif
