/*
 * Reading messages again: from the batches still in memory, from what the
 * kernel has in its memory, or by a thread from the disk.  Every byte from
 * the disk is checked against its checksum before anybody sees it.
 * spool_load and spool_load_envelope of spool.h are here; the rest of this
 * header is between load.c, load_disk.c and recovery.
 */
#ifndef LOAD_H
#define LOAD_H

#include <stddef.h>
#include <stdint.h>

#include "arena.h"
#include "record.h"

/* what an envelope of most recipients takes, decoded, with their states */
#define ENVELOPE_MEMORY	((size_t)RCPTS_MAX * 512)

/* What somebody asked for; one of the two callbacks is set. */
struct load_want {
	struct msgid		 id;
	struct spool_place	 place;
	spool_loaded		 loaded;
	spool_envelope		 envelope;
	void			*arg;
};

enum load_outcome {
	LOAD_TOLD,		/* the callback has been called */
	LOAD_MORE,		/* the record is longer than what was read */
	LOAD_FILE,	/* the body is in large/ */
	LOAD_BAD
};

/*
 * Tells what is asked for from the n octets at p, which are in memory.  key
 * is NULL where they never left it.
 */
enum load_outcome load_tell(const struct load_want *, const uint8_t *p,
	    size_t n, const uint8_t *key);
void	 load_tell_content(const struct load_want *, struct str header,
	    struct str body, int fd);
/* The spool is closed: lets go of what is kept for the next load. */
void	 load_clear(void);
void	 load_tell_bad(const struct load_want *, const char *what);

/* From the segment; the callback may be called before it returns. */
void	 load_from_disk(const struct load_want *);
void	 load_disk_clear(void);		/* a part of load_clear */
/* The large body of a record in memory, which may leave it meanwhile. */
void	 load_large(const struct load_want *, const uint8_t *p, size_t n);

/*
 * For recovery, which waits: the header and meta of the record at offset of
 * fd into *data (of *size octets; grown, owned by the caller), and r over
 * them.  0, or -1 with errno: EBADMSG, it is not true, or ENODATA, the file
 * ends before it; others say that it could not be read.
 */
int	 load_meta(int fd, const uint8_t key[SEGMENT_KEY], uint32_t offset,
	    uint8_t **data, size_t *size, struct record *r);

#endif
