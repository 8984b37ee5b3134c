/*
 * The text of a delivery status notification (RFC 3461 to 3464, RFC 6522;
 * RFC 6533 where the message is internationalized).  Pure: makes header and
 * body from what it is given.  Every remote octet passes through
 * header_put_safe, which UTF-8 in addresses may bypass, or stands, as it
 * came, in the returned part behind a boundary that cannot be guessed.
 */
#ifndef BOUNCE_H
#define BOUNCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "envelope.h"
#include "bounds.h"
#include "msgid.h"
#include "str.h"

/* RFC 3464 2.3.3; the worst first. */
enum bounce_action { BOUNCE_FAILED, BOUNCE_DELAYED, BOUNCE_DELIVERED,
    BOUNCE_RELAYED,		/* to a host that reports nothing */
    BOUNCE_EXPANDED,		/* to the recipients of an alias */
    BOUNCE_ACTION_N };

/* what is said of a reply to a person; the rest stays in the log */
#define BOUNCE_REPLY_MAX	900	/* a line has 998, RFC 5322 2.1.1 */
#define BOUNCE_SHORT_ABOVE	JOB_RCPTS_MAX	/* recipients: then less */
#define BOUNCE_SHORT_MAX	200

struct bounce_rcpt {
	const struct recipient	*rcpt;
	enum bounce_action	 action;
	struct str		 status;	/* "5.1.1" */
	uint16_t		 reply_code;	/* 0: reply is our own word */
	struct str		 reply;
	struct str		 host;		/* who said so; or empty */
};

struct bounce {
	struct str		 hostname;	/* ours */
	const struct envelope	*original;
	struct str		 header;	/* of the original, with or
						 * without its empty line */
	struct str		 body;		/* as it came */
	bool			 has_body;	/* the body may be returned */
	const struct bounce_rcpt *rcpts;
	size_t			 n_rcpts;	/* at least 1 */
	struct msgid		 id;		/* of the report: boundary and
						 * Message-ID are made of it */
	uint64_t		 now;		/* seconds of UTC */
	uint64_t		 until;		/* a delay's end; 0: unknown */
};

#define BOUNCE_HEADER_MAX	8192

/* Fills both buffers; -1 when one has failed. */
int	 bounce_write(const struct bounce *, struct buf *header,
	    struct buf *body);
/* Whether the recipient's NOTIFY asks for a report on that (RFC 3461 4.1). */
bool	 bounce_is_wanted(uint8_t notify, enum bounce_action);

#endif
