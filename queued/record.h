/*
 * The spool's format on the disk: the headers of segments, batches and
 * records, and what a record of each type says.  Pure encoding: touches no
 * file, trusts nothing it reads.  The same is told to people in
 * postern-spool(5); all numbers are little-endian.
 *
 * A segment is SPOOL_BLOCK octets of header, then batches, each beginning at
 * a multiple of SPOOL_BLOCK and filled up with zeros to the next.
 *
 *	segment header	  0 magic "postern\n"	  8 format version (4)
 *			 12 life (4)		 16 number (8)
 *			 24 key (16)		 40 checksum of 0..39 (8)
 *			 2048 the same again, as without it all is lost
 *	batch header	  0 checksum of 8..39 (8)
 *			  8 magic (4)		 12 number of records (4)
 *			 16 length with this header (4)
 *			 20 offset in the segment (4)
 *			 24 sequence number of its first record (8)
 *			 32 durable: records of this life below were
 *			    then synced (8)
 *	record header	  0 checksum of 8.. to the end of meta (8)
 *			  8 length of meta (4)	 12 length of content (4)
 *			 16 type (1)		 17 flags (1)
 *			 18 zero (6)		 24 sequence (8)
 *			 32 order (8)		 40 checksum of content (8)
 *
 * followed by meta and content.  Every checksum is SipHash-2-4 with the
 * segment's key, which is random and new each time the segment is used: so
 * neither what a sender wrote nor what an earlier use left behind can pass
 * for a record.  Meta begins with the message's id in every type; a VOID
 * has zeros there.
 *
 * The sequence says where a record stands, the order when its fact came
 * about.  They are equal but in copies, which keep their order: among the
 * records that speak of the same thing the highest order counts.
 */
#ifndef RECORD_H
#define RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "envelope.h"
#include "fields.h"
#include "bounds.h"
#include "nexthop.h"
#include "spool.h"

#define SPOOL_VERSION	2
#define SPOOL_BLOCK	4096	/* what a disk writes at once, or a multiple */

#define SEGMENT_KEY	16
#define BATCH_HEADER	40
#define RECORD_HEADER	48

enum record_type {
	RECORD_NONE,		/* zeros are no record */
	RECORD_MESSAGE,		/* accepted */
	RECORD_MOVED,		/* a copy of a MESSAGE, made by the cleaner */
	RECORD_RESULT,		/* what became of recipients */
	RECORD_HOLD,
	RECORD_RELEASE,
	RECORD_WARNED,		/* its sender was told of the delay */
	RECORD_CANCEL,		/* its MESSAGE could not be synced: never was */
	RECORD_GONE,		/* no recipient is left */
	RECORD_VOID,		/* sequences that could not be synced, and that
				 * nobody shall miss */
	RECORD_ROUTE,		/* recipients go another way, or as usual
				 * again */
	RECORD_TYPE_N
};

/* flags */
#define RECORD_LARGE	0x01	/* of MESSAGE, MOVED, CANCEL: the body is in
				 * large/ */
#define RECORD_LAST	0x02	/* of RESULT: and GONE */

/* Meta of a MESSAGE: the envelope, then this. */
#define LARGE_SUM	32	/* BLAKE2b of a body in large/ */
#define FIELDS_record_content(F)					\
	F(U32,	header_len)		/* the first octets of content */ \
	F(U64,	body_len)						\
	F(STR,	sum, LARGE_SUM)		/* empty: the body is in content */

/* Meta of a RESULT. */
#define FIELDS_record_result(F)						\
	F(ID,	id)							\
	F(LIST,	rcpts, spool_rcpt, RCPTS_MAX)

/* Meta of all others. */
#define FIELDS_record_mark(F)						\
	F(ID,	id)

/* Meta of a VOID: each from its first sequence to its last. */
#define VOID_RANGES_MAX	64
#define FIELDS_void_range(F)						\
	F(U64,	first)							\
	F(U64,	last)

#define FIELDS_record_void(F)						\
	F(ID,	id)							\
	F(LIST,	ranges, void_range, VOID_RANGES_MAX)

/* Meta of a ROUTE: what it says of each recipient is a fact of its own. */
#define FIELDS_record_route(F)						\
	F(ID,	id)							\
	F(LIST,	rcpts, rcpt_index, RCPTS_MAX)				\
	F(STR,	via, NEXTHOP_TEXT_MAX)	/* empty: as the tables say */

FIELDS_DECLARE(record_route)
FIELDS_DECLARE(void_range)
FIELDS_DECLARE(record_void)
FIELDS_DECLARE(record_content)
FIELDS_DECLARE(record_result)
FIELDS_DECLARE(record_mark)

/* The longest a record can be, and so a batch of one. */
#define RECORD_MAX	(RECORD_HEADER + envelope_MAXLEN +		\
    record_content_MAXLEN + HEADER_MAX + BODY_SEGMENT_MAX)
#define RECORD_META_MAX	(envelope_MAXLEN + record_content_MAXLEN +	\
    record_result_MAXLEN)

/* A record as it lies in memory; all borrowed. */
struct record {
	enum record_type type;
	uint8_t		 flags;
	uint64_t	 sequence, order;
	uint64_t	 sum, content_sum;
	struct str	 meta, content;
	size_t		 len;		/* with its header */
};

/* Lives are counted, one from a start to the next. */
struct segment_header {
	uint32_t	 number, life;
	uint8_t		 key[SEGMENT_KEY];
};

struct batch_header {
	uint32_t	 n;
	uint32_t	 length;
	uint32_t	 offset;
	uint64_t	 first;
	uint64_t	 durable;
};

/* The checksum of everything here. */
uint64_t	 spool_sum(const void *, size_t n,
		    const uint8_t key[SEGMENT_KEY]);

/* --- writing --- */

void	 segment_header_put(uint8_t block[SPOOL_BLOCK],
	    const struct segment_header *);
void	 batch_header_put(uint8_t *, const struct batch_header *,
	    const uint8_t key[SEGMENT_KEY]);
/*
 * A record is begun, its meta put into the buffer by the caller, ended, and
 * (before it is written) sealed with the key of its segment.  begin gives
 * where in the buffer's data it is.
 */
size_t	 record_begin(struct buf *, enum record_type, uint8_t flags,
	    uint64_t sequence, uint64_t order);
void	 record_end(struct buf *, size_t at, struct str header,
	    struct str body);
void	 record_seal(uint8_t *record, const uint8_t key[SEGMENT_KEY]);
/* A copy of r under a new sequence; header and contents as they are. */
size_t	 record_copy(struct buf *, const struct record *r,
	    enum record_type, uint64_t sequence);

/* --- reading --- */

enum header_verdict { HEADER_OK, HEADER_BAD, HEADER_VERSION };
enum header_verdict segment_header_get(const uint8_t block[SPOOL_BLOCK],
	    struct segment_header *);
/* 0, or -1 where there is no batch of this key that belongs to offset. */
int	 batch_header_get(const uint8_t *, uint32_t offset,
	    const uint8_t key[SEGMENT_KEY], struct batch_header *);
/*
 * The record in the first n octets at p: 0, or -1 when its header is none.
 * Where n ends before the record does, content or meta are cut short: len
 * tells.  Checks no checksum.
 */
int	 record_get(const uint8_t *p, size_t n, struct record *);
/* whether header and meta are as they were sealed; all of meta is there */
bool	 record_is_true(const uint8_t *p, const struct record *,
	    const uint8_t key[SEGMENT_KEY]);
/* the same of content; the record is true */
bool	 record_content_is_true(const struct record *,
	    const uint8_t key[SEGMENT_KEY]);
/* of any record; false when meta is shorter */
bool	 record_id(const struct record *, struct msgid *);
/* Meta of a MESSAGE or MOVED: 0, or -1 when malformed; borrows. */
int	 record_message(const struct record *, struct arena *,
	    struct envelope *, struct record_content *);
int	 record_result(const struct record *, struct arena *,
	    struct record_result *);
int	 record_void(const struct record *, struct arena *,
	    struct record_void *);
int	 record_route(const struct record *, struct arena *,
	    struct record_route *);

const char	*record_type_name(enum record_type);

#endif
