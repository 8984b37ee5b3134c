/*
 * Every step by which the spool changes what a power cut leaves behind: each
 * is one function, does its syncs in the one right order, and says what is
 * there when it is cut.  They run in threads (work.h), wait for the disk,
 * and give 0 or an errno.  The state table is at the head of spool.c.
 */
#ifndef DURABLE_H
#define DURABLE_H

#include <stddef.h>
#include <stdint.h>

#include "record.h"

/* of a segment or an index in log/: 16 digits, dot, three letters */
#define SEGMENT_NAME_SIZE	32
#define SPARE_NAME_SIZE		32
#define LARGE_NAME_SIZE		(MSGID_TEXT_LEN + 1)

/* The spool's directories, open for reading; and its lock. */
struct spool_dirs {
	int	 root, log, large, tmp, damaged, lock;
};
extern struct spool_dirs spool_dirs;

/*
 * Makes what is missing below the current directory, takes the lock, checks
 * the version.  0, or -1 with a line in why.  Not in a thread.
 */
int	 dirs_open(char *why, size_t size);
/*
 * The same of a spool that is there, for reading alone: nothing is made, and
 * the lock is shared.  With a line in why but for LOOK_OK.
 */
enum dirs_look { LOOK_OK, LOOK_NOTHING, LOOK_IN_USE };
enum dirs_look dirs_look(char *why, size_t size);
void	 dirs_close(void);

void	 segment_name(char name[SEGMENT_NAME_SIZE], uint32_t number,
	    const char *suffix);
void	 spare_name(char name[SPARE_NAME_SIZE], unsigned spare);
void	 tmp_name(char name[SPARE_NAME_SIZE], uint32_t large);

/* A small file of the spool gets that content.  Cut: it has this or the one
 * before, whole. */
int	 durable_replace(const char *name, const void *, size_t n);

/* A file written ahead.  Cut: a short spare, which a start removes. */
int	 durable_spare(unsigned spare, uint64_t size);
/* The spare becomes that segment.  Cut: it is the one or the other. */
int	 durable_segment(unsigned spare, const struct segment_header *);
/*
 * A batch in its place.  Each thread has its own open file of the segment,
 * and so sees its own errors; life tells one spool_open from the next.
 * Cut: the batch is there, or torn, or not: nobody was told that it is.
 */
int	 durable_batch(uint32_t number, unsigned life, const void *, size_t n,
	    uint32_t offset);
/* The segment becomes a spare.  Cut: it is the one or the other. */
int	 durable_recycle(uint32_t number, unsigned spare);
/* The segment is removed.  Cut: it is there or not; nothing lives in it. */
int	 durable_remove(uint32_t number);
/* Its index.  Cut: it is there or not, or damaged: a start does without. */
int	 durable_index(uint32_t number, const void *, size_t n);
/* The segment goes into damaged/, whole.  Cut: as before. */
int	 durable_aside(uint32_t number);
/*
 * The first size octets of tmp file large become the whole of large/name.
 * sum is their BLAKE2b.  Cut: a file in tmp or in large without a record,
 * which a start removes.
 */
int	 durable_large(uint32_t large, const char *name, uint64_t size,
	    uint8_t sum[LARGE_SUM]);
/* BLAKE2b of the file, which must hold exactly size octets. */
int	 large_sum(int fd, uint64_t size, uint8_t sum[LARGE_SUM]);

#endif
