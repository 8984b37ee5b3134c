/*
 * What costs us much and a client little: handshakes of TLS, of which a
 * client may begin so many in a minute, and guesses at passwords: how many
 * wrong ones are taken from a client and for an account before both have to
 * wait.  A client that has lately said the right password of an account has
 * one wrong try without waiting, so that nobody is locked out of an account
 * by others who guess at it.
 */
#ifndef THROTTLE_H
#define THROTTLE_H

#include <stdbool.h>

#include "bucket.h"
#include "guesses.h"
#include "netaddr.h"
#include "str.h"

/* The limits of guesses.h: so many at once, and how soon more. */
#define GUESSES_CLIENT	((struct bucket_rate){ GUESSES_CLIENT_MAX, \
			    GUESSES_CLIENT_S * 1000, GUESSES_CLIENT_MAX })
#define GUESSES_ACCOUNT	((struct bucket_rate){ GUESSES_ACCOUNT_MAX, \
			    GUESSES_ACCOUNT_S * 1000, GUESSES_ACCOUNT_MAX })
/* Clients and accounts remembered: 64 KiB, from the first wrong one on. */
#define GUESSERS_MAX	4096

/* The client may begin another handshake, which is counted; 0: any number. */
bool	 throttle_handshake(const struct netaddr *client, uint32_t a_minute);
/* Whether one more may be tried. */
bool	 throttle_allows(const struct netaddr *client, struct str account);
/*
 * One is being tried, and counts as a wrong one until throttle_give: so not
 * more are tried at a time than may be wrong, and one whose client does not
 * wait for the answer is not for nothing.  False: it does not count, as the
 * client is known for the account.
 */
bool	 throttle_take(const struct netaddr *client, struct str account);
void	 throttle_give(const struct netaddr *client, struct str account);
/* It was wrong, or right. */
void	 throttle_wrong(const struct netaddr *client, struct str account);
void	 throttle_right(const struct netaddr *client, struct str account);
/* Forgets everybody; for a test. */
void	 throttle_clear(void);

#endif
