/*
 * SMTP replies: their codes (RFC 5321 4.2), enhanced status codes (RFC 2034,
 * RFC 3463), and for the client the collection of a reply line by line.
 */
#ifndef SMTP_REPLY_H
#define SMTP_REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "str.h"

/*
 * RFC 5321 4.5.3.1.5 has 512 octets a line, and servers that explain
 * themselves exceed it.  Both limits are far above any honest reply.
 */
#define SMTP_REPLY_LINE_MAX	2048	/* with CRLF */
#define SMTP_REPLY_LINES_MAX	128
#define SMTP_REPLY_TEXT_MAX	16384	/* of one reply, all lines */

struct smtp_status {
	uint16_t	code;		/* 200-599; 0: there is none */
	/* X.Y.Z of RFC 3463; class 0: there is none */
	uint8_t		class;		/* 2, 4 or 5 */
	uint16_t	subject, detail;	/* 0-999 each */
};

/*
 * Takes an enhanced status code off the front of *text, with the blanks
 * behind it.  -1, and nothing changed, when there is none.  The code of
 * *status is neither looked at nor set.
 */
int	smtp_enhanced_take(struct str *text, struct smtp_status *);

#define SMTP_ENHANCED_MAX	12	/* "5.999.999" and a NUL, rounded up */
/* "5.1.1"; for class 0 "X.0.0" by the reply code.  Returns the text. */
const char *smtp_enhanced_print(const struct smtp_status *,
	    char[SMTP_ENHANCED_MAX]);

static inline bool
smtp_status_is_permanent(const struct smtp_status *s)
{
	return s->code / 100 == 5;
}

struct smtp_reply_line {
	struct smtp_status	status;
	bool			more;	/* "-" behind the code */
	struct str		text;	/* without codes, borrowed */
};

/*
 * One line without its CRLF: three digits, the first 2 to 5 and the second
 * 0 to 5, then nothing, a blank, or a hyphen.  An enhanced code counts if
 * its class is the code's first digit (RFC 2034 4) and is text otherwise.
 * -1 for anything else.
 */
int	smtp_reply_line_parse(struct str line, struct smtp_reply_line *);

enum smtp_reply_state {
	SMTP_REPLY_MORE,		/* another line is to come */
	SMTP_REPLY_DONE,
	SMTP_REPLY_TOO_LONG,		/* a limit was passed */
	SMTP_REPLY_BAD			/* that is not SMTP */
};

/*
 * A reply being collected.  The code is that of the last line; all lines
 * must have its first digit.  The enhanced code is the first one given.
 * Owns its text: the lines' texts with a newline between them, which are
 * remote octets of any kind but LF.
 */
struct smtp_reply {
	struct smtp_status	status;
	struct buf		text;
	unsigned		lines;
	enum smtp_reply_state	state;
};

void	smtp_reply_init(struct smtp_reply *);
/* Empties it for the next reply, keeps the memory. */
void	smtp_reply_reset(struct smtp_reply *);
void	smtp_reply_clear(struct smtp_reply *);
/*
 * Adds a line without its CRLF and returns the new state, which lasts once
 * it is not SMTP_REPLY_MORE.  On an error the text is what came before; no
 * memory counts as too long.
 */
enum smtp_reply_state smtp_reply_add(struct smtp_reply *, struct str line);

#endif
