/*
 * The way from one recipient down its aliases.  What is found at its ends is
 * added to the results (results.h), also where the way then turns out to be
 * a wrong one: who asked takes that back.
 */
#ifndef VISIT_H
#define VISIT_H

#include <stdbool.h>

#include "envelope.h"
#include "msgid.h"

#include "alias.h"
#include "verify_known.h"

/* What came of an address. */
enum visited {
	VISIT_OK,
	VISIT_UNKNOWN,
	VISIT_REFUSED,		/* by an "error:" entry */
	VISIT_WAIT,		/* until its next hop has said (verify.h) */
	/* of a member, these end it for the whole recipient */
	VISIT_NO_RELAY,
	VISIT_TEMPORARY,
	VISIT_LOOP,
	VISIT_DEEP,
	VISIT_MANY,		/* results, or addresses looked at */
	VISITED_N
};

/* As expand_begin: ALIAS_VISITS_MAX counts from here. */
void		 visit_begin(const struct msgid *id, bool may_relay);
/* Adds what it becomes. */
enum visited	 visit_rcpt(const struct recipient *);
/* How many addresses have been looked at since the beginning. */
unsigned	 visit_count(void);
/* What the entry said, after VISIT_REFUSED. */
const struct alias_refusal *visit_refusal(void);
/* After VISIT_UNKNOWN and VISIT_TEMPORARY, what a next hop said that led to
 * it; code 0: nothing. */
const struct verify_words *visit_words(void);

#endif
