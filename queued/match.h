/*
 * Which messages a queue_filter means: first by what is in memory, then, if
 * the filter speaks of addresses, by the envelope.
 */
#ifndef MATCH_H
#define MATCH_H

#include <stdbool.h>

#include "envelope.h"
#include "messages.h"

#include "mail.h"

/* All that can be told without the envelope. */
bool	 match_memory(const struct queue_filter *, const struct mail *);
bool	 match_needs_envelope(const struct queue_filter *);
bool	 match_envelope(const struct queue_filter *, const struct mail *,
	    const struct envelope *);
/* Whether the recipient of that part and address is one of those that make
 * its message fit. */
bool	 match_rcpt(const struct queue_filter *, const struct part *,
	    struct str address);
/* A part's state as a STATE_ bit. */
uint8_t	 match_state(const struct part *);

/* Its last reply, or without one why its route is held; or empty. */
struct str match_reply(const struct part *);
/* Behind the last @; empty where there is none. */
struct str match_domain_of(struct str address);

#endif
