/*
 * The header section that leaves us: what was written, and what a message
 * needs and did not have (RFC 6409 8).  Reads a block as header.h does.
 */
#ifndef COMPOSE_H
#define COMPOSE_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "addr.h"
#include "buf.h"
#include "header.h"
#include "str.h"

#include "recipients.h"

/* Who writes, where and when. */
struct writing {
	struct addr	author;		/* for From; with its domain */
	struct str	name;		/* beside it; may be empty */
	struct str	host;		/* qualifies; right side of ids */
	time_t		now;
	int		offset;		/* of local time, in minutes */
	uint64_t	unique;		/* a random number */
};

/*
 * Appends the section without the empty line.  Adds From, Date and
 * Message-ID where they are missing - if there is any Resent- field, their
 * Resent- forms instead (RFC 5322 3.6.6), as the message itself has another
 * author.  Leaves out Bcc and Resent-Bcc.  Addresses without a domain in
 * fields that hold addresses get the host.  -1 when the buffer has failed.
 */
int	 compose_header(struct buf *, struct str block,
	    const struct writing *);

/*
 * Adds the recipients that the fields name: To, Cc and Bcc, or if there is
 * any Resent- field, only their Resent- forms.  What is not an address list
 * ends it with RECIPIENTS_BAD; *field is then that field.
 */
enum recipients_result compose_recipients(struct str block,
	    struct recipients *, struct header_field *field);

#endif
