/*
 * Rates: a bucket that holds burst tokens and gets count of them back in
 * each interval.  It is one number, so a table may hold one for each client;
 * one that is all zero is full.
 */
#ifndef BUCKET_H
#define BUCKET_H

#include <stdbool.h>
#include <stdint.h>

struct bucket_rate {
	uint32_t	 count;		/* tokens; 0: there is no limit */
	uint32_t	 interval_ms;	/* in which they come; not 0 */
	uint32_t	 burst;		/* that may be taken at once; not 0 */
};

struct bucket {
	uint64_t	 full_at_us;	/* of clock_us: when nothing lacks */
};

/* Takes n tokens, or none and says false. */
bool		 bucket_take(struct bucket *, const struct bucket_rate *,
		    uint32_t n);
/* Gives back n that were taken for nothing. */
void		 bucket_give(struct bucket *, const struct bucket_rate *,
		    uint32_t n);
/*
 * How long until n of them are there, in ms: 0 now, UINT32_MAX never, as n
 * exceeds the burst.
 */
uint32_t	 bucket_wait_ms(const struct bucket *,
		    const struct bucket_rate *, uint32_t n);
/* Whether it is full, so that a table may forget it. */
bool		 bucket_is_full(const struct bucket *);

#endif
