/*
 * The events in a message's life, each from what its own module knows.
 */
#ifndef TRACE_MAIL_H
#define TRACE_MAIL_H

#include <stddef.h>
#include <stdint.h>

#include "envelope.h"
#include "msgid.h"
#include "roles.h"

#include "fate.h"
#include "trace.h"

struct mail_submit;

/* Handed in by that role; whether it is taken is not yet decided. */
void	 trace_arrived(enum role, const struct mail_submit *);
void	 trace_refused(const struct msgid *, const char *why);
/* A report of ours on that one; NULL: it could not be stored. */
void	 trace_reported(const struct msgid *on, const struct msgid *report,
	    size_t rcpts);
/* An alias: rcpt has become n of these, which are the last of the list. */
void	 trace_expanded(const struct msgid *, struct str rcpt,
	    const struct recipient *results, size_t n);
/* One recipient's part in a try. */
void	 trace_attempt(const struct outcome *, const struct fate *,
	    const char *status);
/* These many of its recipients go by via; empty: as the tables say. */
void	 trace_overridden(const struct msgid *, struct str via,
	    size_t rcpts);
void	 trace_ended(const struct msgid *, uint64_t age_s);

#endif
