/*
 * The header section of a message (RFC 5322 2.2): where it ends, its fields,
 * and what we write into it.  Lines end with CRLF.  A block is all fields
 * with their line ends; the empty line behind it may be there or not.
 */
#ifndef HEADER_H
#define HEADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "buf.h"
#include "str.h"

#define HEADER_BLOCK_MAX	(128 * 1024)	/* stays in smtpd's memory */
#define HEADER_FIELDS_MAX	1000	/* ten times what mail is seen with */
#define HEADER_LINE_MAX		998	/* without CRLF, RFC 5322 2.1.1 */
#define HEADER_LINE_WISH	78	/* the same section's "should" */

/* Looks for the empty line in a stream; zeroed is at the start. */
struct header_end {
	uint8_t		matched;	/* private */
	bool		found;
};

/*
 * Returns how many octets of chunk belong to the header section, with the
 * empty line: all of them until e->found is set, then none.
 */
size_t	header_end_find(struct header_end *, struct str chunk);

struct header_field {
	struct str	name;	/* empty: the line is not a field at all */
	struct str	value;	/* behind the colon, folded, without the CRLF */
	struct str	raw;	/* all of it, with CRLF */
};

/*
 * Takes the next field off the front of *rest, which begins as the block.
 * False at the empty line or the end.  Borrows.  Nothing is skipped: the raw
 * parts of all fields together are the block.
 */
bool	header_next(struct str *rest, struct header_field *);
/* The first field of that name, in any case; false if there is none. */
bool	header_find(struct str block, const char *name,
	    struct header_field *);
size_t	header_count(struct str block, const char *name);
/* Of Received: fields. */
size_t	header_hops(struct str block);

enum header_verdict {
	HEADER_OK,
	HEADER_TOO_LARGE,	/* beyond HEADER_BLOCK_MAX */
	HEADER_TOO_MANY,	/* beyond HEADER_FIELDS_MAX */
	HEADER_MALFORMED	/* a line that is not a field */
};
enum header_verdict header_check(struct str block);

/*
 * Appends a value on one line, without line ends (the blanks that follow
 * them stay) and without blanks around it.  -1 when the buffer has failed,
 * as with all below.
 */
int	header_unfold(struct buf *, struct str value);

/*
 * Appends "Name: value" CRLF, folded at blanks to HEADER_LINE_WISH where
 * that can be and to HEADER_LINE_MAX in any case.  The value goes through
 * header_put_safe first, so that nothing in it can start a field.
 */
int	header_put_field(struct buf *, const char *name, struct str value);

/*
 * Appends at most max octets of remote text fit for a report or a field:
 * printable ASCII as it is, line ends and tabs as a blank, all other octets
 * as \xHH.  A text that was cut ends with "...".
 */
int	header_put_safe(struct buf *, struct str text, size_t max);
/*
 * Appends an address of an internationalized message (RFC 6532 3.2), all of
 * it: as header_put_safe does, but with well-formed UTF-8 as it is.
 */
int	header_put_utf8(struct buf *, struct str address);

/* "Sat, 21 Nov 2026 13:39:50 +0100", RFC 5322 3.3, never localised */
#define HEADER_DATE_MAX	48
const char *header_date(char[HEADER_DATE_MAX], time_t, int offset_minutes);

/*
 * Appends "<date.unique@host>", RFC 5322 3.6.4.  unique is a number of the
 * caller's, random or never used twice; host is a domain name.
 */
int	header_put_message_id(struct buf *, time_t, uint64_t unique,
	    struct str host);

#endif
