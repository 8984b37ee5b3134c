/*
 * The segments of the log, from the oldest to the one that is written and
 * the next one, which is opened ahead.  Owns their list, what lives in each,
 * the spares, and the background work that makes, opens and recycles them.
 * Only the oldest is ever recycled, so that a state record never dies before
 * the message it speaks of.  All but segment_open_first is in the loop.
 */
#ifndef SEGMENT_H
#define SEGMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "record.h"

#define SPARES_MAX	4	/* more recycled segments are removed */

struct event_base;

struct segment {
	uint32_t	 number, life;
	uint32_t	 end;		/* where the next batch would go */
	uint64_t	 size;		/* of the file */
	uint8_t		 key[SEGMENT_KEY];
	unsigned	 flying;	/* batches being written */
	unsigned	 pins;		/* reads under way */
	int		 fd;		/* for reading; -1: not open */
	bool		 failed;	/* takes no more batches */
	bool		 states;	/* may hold states of messages that have
					 * moved to a later one */
	bool		 indexed;	/* or need not be */
	bool		 aside;		/* goes into damaged/, not to spares */
	uint64_t	 live;		/* messages, */
	uint64_t	 ending;	/* so many of which have ended, but not
					 * durably so yet */
	uint64_t	 live_octets;	/* about */
};

/*
 * ready is called when a next segment has become available, or cannot be:
 * error is then an errno, and it is tried again by itself.
 */
int		 segments_init(struct event_base *, uint64_t size,
		    uint64_t reserve, void (*ready)(int error));
void		 segments_clear(void);

/* --- at a start --- */

/* Recovery adds them in rising order; NULL without memory. */
struct segment	*segment_add(const struct segment_header *, uint64_t size);
/* A segment that holds nothing: it is forgotten, its file removed. */
void		 segment_discard(struct segment *);
/* A spare of the right size that a start has found; false: no use for it. */
bool		 segment_spare_found(unsigned spare);
/* Makes and opens the first one to write, waiting for it, or one more while
 * nothing else is done yet; 0 or an errno. */
int		 segment_open_first(void);
/* What lives in each is known: from now on they are made and recycled. */
void		 segments_begin(void);

/* --- finding --- */

struct segment	*segment_find(uint32_t number);	/* or NULL */
struct segment	*segment_at(size_t index);	/* 0: the oldest; or NULL */
uint32_t	 segment_newest(void);		/* 0: there is none */
uint32_t	 segment_newest_life(void);	/* the same */
uint64_t	 segments_octets(void);		/* of all their files */
uint64_t	 segments_live_octets(void);

/* --- writing --- */

struct segment	*segment_current(void);		/* NULL: none, or failed */
/* The next one becomes the current one; NULL when it is not there yet. */
struct segment	*segment_advance(void);
void		 segment_fail(struct segment *);
/* how many segments wait to be written, opened ahead or spare */
unsigned	 segments_ahead(void);

/* --- living --- */

void		 segment_live(struct segment *, size_t octets);
/* A message there ends when a record is durable: then it is gone. */
void		 segment_ends(uint32_t number);
void		 segment_gone(uint32_t number);
/* A copy of a message there is durable: it lives elsewhere. */
void		 segment_left(uint32_t number);
/* Something ended: recycles the oldest while nothing needs it. */
void		 segments_check(void);
/* The oldest, where the cleaner may have it; or NULL. */
struct segment	*segment_cleanable(void);
/* All that the oldest still held has been copied. */
void		 segment_cleaned(struct segment *);
/* every segment up to this one may hold states of messages moved to it */
void		 segment_moved_to(const struct segment *);

/* An open file for reading was made: kept, or closed if there are many. */
void		 segment_keep_fd(struct segment *, int fd);

#endif
