/*
 * Reports to senders, from the wish to their place in the queue: what is
 * reported on is read from the spool, the text is bounce.c's, and the report
 * is stored as a message of its own.
 */
#ifndef REPORT_H
#define REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bounce.h"
#include "mail.h"

/* What is to be said of one recipient; borrowed until done is called. */
struct report_item {
	uint16_t		 index;		/* in the envelope */
	enum bounce_action	 action;
	struct str		 status;	/* RFC 3463 */
	uint16_t		 reply_code;	/* 0: reply is ours */
	struct str		 reply;
	struct str		 host;		/* who said so; or empty */
};

/*
 * Reports to the sender, as far as the recipients' NOTIFY asks for it; never
 * to <>.  until (seconds of UTC) is when it is given up, for a delay.  done
 * is told once whether all that was asked for is durable; perhaps before
 * this returns.  The message must stay until then.
 */
void	 report_send(const struct mail *, uint64_t until,
	    const struct report_item *, size_t n,
	    void (*done)(void *arg, bool stored), void *arg);
/*
 * The same of n recipients (borrowed until this returns) that the message
 * had before they became several each.
 */
void	 report_expanded(const struct mail *,
	    const struct recipient *, size_t n,
	    void (*done)(void *arg, bool stored), void *arg);

#endif
