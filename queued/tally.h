/*
 * Counting messages by a text, within bounds.  While there are at most
 * TALLY_VALUES different ones the counts are exact; beyond that the rarest
 * are given up again and again (the lossy counting of Manku and Motwani), so
 * that what is frequent is found whatever else there is, and how much a count
 * may lack is known.
 */
#ifndef TALLY_H
#define TALLY_H

#include <stdint.h>

#include "messages.h"
#include "str.h"

#define TALLY_VALUES	32768	/* some 4 MiB while it is counted */

struct tally;

struct tally	*tally_new(void);
void		 tally_free(struct tally *);	/* takes NULL */
/* What follows is of one message, of that size and arrival. */
void		 tally_begin(struct tally *, uint64_t size, uint64_t arrived);
/* So many of its recipients have that value (borrowed). */
void		 tally_add(struct tally *, struct str value, uint64_t n);
/* The most frequent first; borrowed until the tally is freed. */
void		 tally_result(struct tally *, struct queue_counted *);

#endif
