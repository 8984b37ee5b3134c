/*
 * What next hops have said of recipients, for as long as the configuration
 * says.  Bounded: the one not asked about for the longest goes first.  Who
 * sends to us chooses the addresses, so they are kept as keyed hashes of 64
 * bits: two of them fall together once in 10^15 questions.
 */
#ifndef VERIFY_KNOWN_H
#define VERIFY_KNOWN_H

#include <stdint.h>

#include "str.h"

#define VERIFY_KNOWN_MAX	20000	/* 6 MB, if all were refused */
#define VERIFY_TEXT_MAX		200	/* as ALIAS_TEXT_MAX, and for the same
					 * reason */

enum verify_result {
	VERIFY_YES,
	VERIFY_NO,
	VERIFY_LATER,		/* cannot be told now */
	VERIFY_WAIT		/* it is being asked; not kept here */
};

/* The reply that goes with it; code 0: none was given. */
struct verify_words {
	unsigned	 code;		/* 400-599 */
	struct str	 status;	/* RFC 3463 */
	struct str	 text;
};

/*
 * -1 when nothing is known of it, or not any more.  The words are borrowed
 * until the next verify_known_add.
 */
int	 verify_known_find(uint64_t key, enum verify_result *,
	    struct verify_words *);
/* Keeps a copy for so many seconds, in place of what was known. */
void	 verify_known_add(uint64_t key, enum verify_result,
	    const struct verify_words *, uint32_t keep_s);
unsigned verify_known_count(void);
/* Forgets all, as at the start. */
void	 verify_known_clear(void);

#endif
