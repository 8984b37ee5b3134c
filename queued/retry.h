/*
 * When to try again, and when to give up.  Pure: time and chance are
 * arguments.
 */
#ifndef RETRY_H
#define RETRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct retry {
	uint32_t	 min_s, max_s;		/* between two tries */
	uint32_t	 expire_s;		/* from arrival to the last */
};

/* What is known of a message's age; all in seconds. */
struct age {
	uint64_t	 arrived;	/* of UTC */
	uint64_t	 wall;		/* now, of UTC */
	uint32_t	 here;		/* known to this process, by the clock
					 * that does not jump */
	bool		 found;		/* it is older than the process */
};

/*
 * A message from before our start is not given up in our first ten minutes:
 * the wall clock alone says that it is old, and a clock that is wrong at
 * boot is put right within minutes.
 */
#define EXPIRE_GRACE_S	600
/* a host that greylists wants to see us again after about that time */
#define GREYLIST_S	60
/* a delay that a host states is believed for so many tries; a bit later than
 * it says, and not at once, whatever it says */
#define STATED_TRIES	3
#define STATED_MORE_S	5
/* a wait is up to this many parts of a hundred longer or shorter */
#define JITTER_PERCENT	20

/*
 * Seconds until the next try, after tries (at least 1) that failed: min
 * doubled with each, at most max, give or take chance (any 32 bits).  Never
 * 0.
 */
uint32_t	 retry_delay(const struct retry *, unsigned tries,
		    uint32_t chance);
/*
 * Whether the reply to a first try looks like greylisting (RFC 6647 2.5):
 * reply_code 450 or 451, or the status 4.7.1.
 */
bool		 retry_is_greylisted(unsigned tries, unsigned reply_code,
		    const char *status, unsigned status_len);
/*
 * The delay that a reply states, as "try again in 5 minutes" or "retry after
 * 300 seconds"; 0: none.
 */
uint32_t	 retry_stated(const char *reply, size_t len);
/*
 * The wait after the tries-th failure: delay_s, or less where the reply to it
 * says when to come again.  Never 0.
 */
uint32_t	 retry_sooner(uint32_t delay_s, unsigned tries,
		    const char *reply, size_t len);
/* The message is as old as that, by both clocks. */
bool		 retry_is_older(const struct age *, uint32_t s);
/* The message has had its time, by both clocks. */
bool		 retry_is_expired(const struct retry *, const struct age *);
/*
 * The delay cut so that the last try comes at the message's expiry and not
 * long after it.
 */
uint32_t	 retry_clamp(const struct retry *, const struct age *,
		    uint32_t delay_s);

#endif
