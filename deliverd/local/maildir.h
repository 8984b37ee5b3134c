/*
 * Delivery into a Maildir: written and synced in tmp, linked into new, the
 * directory synced, and only then said to be done.  Everything happens
 * beneath a directory of the postmaster's choice, one name at a time, and no
 * symbolic link is followed on the way.
 */
#ifndef MAILDIR_H
#define MAILDIR_H

#include <stdbool.h>
#include <stddef.h>

#include "messages.h"
#include "str.h"

/* All borrowed. */
struct maildir_mail {
	const char	*base;		/* absolute; must be there */
	const char	*below;		/* of the Maildir, beneath base */
	struct str	 hostname;
	struct str	 sender, rcpt;
	struct str	 header;	/* to its empty line; lines end CRLF */
	struct str	 body;
	int		 fd;		/* the body instead, or -1 */
};

struct maildir_result {
	enum rcpt_status status;	/* delivered, deferred or failed */
	const char	*code;		/* RFC 3463 */
	char		 text[256];	/* printable */
};

/*
 * Delivers, waiting for the disk.  The Maildir is made if it is missing.
 * Nothing is left behind in tmp unless the machine stops; what such an end
 * left is removed, now and then, after 36 hours.
 */
void	 maildir_deliver(const struct maildir_mail *, struct maildir_result *);

#endif
