/*
 * What a recipient becomes: itself, or those whom aliases name.  Decided
 * here alone, for the question at RCPT and for what is stored, so that the
 * two cannot differ.  One message, or one question, at a time; the limits of
 * bounds.h hold for all recipients of it together.
 */
#ifndef EXPAND_H
#define EXPAND_H

#include <stdbool.h>
#include <stddef.h>

#include "envelope.h"
#include "messages.h"
#include "msgid.h"

/*
 * Begins another message, id for the log (borrowed), or a question (NULL).
 * may_relay: its sender may name recipients that are not ours.  What came of
 * the last one is gone.
 */
void	 expand_begin(const struct msgid *id, bool may_relay);

/*
 * Adds what that recipient becomes (all borrowed, in both directions, until
 * the next expand_begin) and fills in the answer to be given.  Nothing is
 * added but for RCPT_OK.  Each result inherits NOTIFY (several do without
 * SUCCESS), and ORCPT, which is made of the address where the sender gave
 * none (RFC 3461 5.2.7.2).
 */
void	 expand_rcpt(const struct recipient *, struct rcpt_answer *);

/* All results so far; nobody is in it twice. */
size_t	 expand_results(const struct recipient **);
/* Recipients that have become several, and whose sender wants to know of
 * success; borrowed as above. */
size_t	 expand_expanded(const struct recipient *const **);

#endif
