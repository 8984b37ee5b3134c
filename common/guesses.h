/*
 * How many wrong passwords are taken before the next one has to wait: what
 * the counters of the role `state`, for all workers, and those of a worker
 * for itself agree on.
 */
#ifndef GUESSES_H
#define GUESSES_H

/* of one subscriber (netaddr.h), whatever the account, in so many seconds */
#define GUESSES_CLIENT_MAX	10
#define GUESSES_CLIENT_S	1800
/* for one account, from wherever */
#define GUESSES_ACCOUNT_MAX	20
#define GUESSES_ACCOUNT_S	1200
/* who has said the right one is known for the account so long, and may
 * try so often at a time, whatever others did to it */
#define GUESSES_KNOWN_S		(30 * 24 * 3600)
#define GUESSES_KNOWN_TRIES	3

#endif
