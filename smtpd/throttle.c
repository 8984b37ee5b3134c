/*
 * A table of buckets in fixed memory.  Who guesses chooses what is in it, so
 * places are found by a keyed hash, and where there is none left, the one
 * goes that lacks least: those who guess much stay.
 */
#include "throttle.h"

#include <ctype.h>
#include <stdlib.h>

#include "bounds.h"
#include "keyed.h"
#include "log.h"

#include "clients.h"

#define WAYS	8	/* places that one key may have */

/* What a key is about.  An account in lower case, as keyd looks it up. */
enum about { ABOUT_CLIENT, ABOUT_ACCOUNT, ABOUT_BOTH, ABOUT_HANDSHAKES };

struct guesser {
	uint64_t	 key;		/* 0: nobody */
	struct bucket	 bucket;
};

/* Of both: a bucket that is not full says that they fit; for a month. */
static const struct bucket_rate	 fits = { 1, GUESSES_KNOWN_S * 1000u, 1 };

static struct guesser	*table;		/* NULL before the first */

void
throttle_clear(void)
{
	free(table);
	table = NULL;
}

static uint64_t
key_of(enum about what, const struct netaddr *client, struct str account)
{
	uint8_t		 in[1 + CLIENT_KEY_LEN + ACCOUNT_MAX] = { 0 };
	uint64_t	 key;

	in[0] = (uint8_t)what;
	if (what != ABOUT_ACCOUNT)
		clients_key(client, in + 1);
	if (account.n > ACCOUNT_MAX)
		account.n = ACCOUNT_MAX;
	for (size_t i = 0; i < account.n; i++)
		in[1 + CLIENT_KEY_LEN + i] =
		    (uint8_t)tolower((unsigned char)account.p[i]);
	key = keyed_hash(in, sizeof(in));
	return key != 0 ? key : 1;
}

static struct guesser *
places_of(uint64_t key)
{
	return table + key % (GUESSERS_MAX / WAYS) * WAYS;
}

static struct guesser *
find(uint64_t key)
{
	struct guesser	*g;

	if (table == NULL)
		return NULL;
	g = places_of(key);
	for (unsigned i = 0; i < WAYS; i++)
		if (g[i].key == key)
			return &g[i];
	return NULL;
}

/* Finds it, or makes it where the least is lost.  NULL without memory. */
static struct guesser *
enter(uint64_t key)
{
	struct guesser	*g, *least;

	if ((g = find(key)) != NULL)
		return g;
	if (table == NULL &&
	    (table = calloc(GUESSERS_MAX, sizeof(*table))) == NULL)
		return NULL;
	g = least = places_of(key);
	for (unsigned i = 1; i < WAYS; i++)
		if (g[i].bucket.full_at_us < least->bucket.full_at_us)
			least = &g[i];
	*least = (struct guesser){ .key = key };
	return least;
}

static bool
has_one(uint64_t key, const struct bucket_rate *rate)
{
	const struct guesser	*g = find(key);

	return g == NULL || bucket_wait_ms(&g->bucket, rate, 1) == 0;
}

static void
take_one(uint64_t key, const struct bucket_rate *rate)
{
	struct guesser	*g = enter(key);

	if (g != NULL)
		(void)bucket_take(&g->bucket, rate, 1);
	else
		log_warn("no memory to remember a wrong password");
}

static void
give_one(uint64_t key, const struct bucket_rate *rate)
{
	struct guesser	*g = find(key);

	if (g != NULL)
		bucket_give(&g->bucket, rate, 1);
}

bool
throttle_handshake(const struct netaddr *client, uint32_t a_minute)
{
	const struct bucket_rate	 rate = { a_minute, 60000, a_minute };
	struct guesser			*g;

	if (a_minute == 0)
		return true;
	g = enter(key_of(ABOUT_HANDSHAKES, client, STR_NONE));
	return g == NULL || bucket_take(&g->bucket, &rate, 1);
}

static bool
fit_lately(const struct netaddr *client, struct str account)
{
	const struct guesser	*g = find(key_of(ABOUT_BOTH, client, account));

	return g != NULL && !bucket_is_full(&g->bucket);
}

bool
throttle_allows(const struct netaddr *client, struct str account)
{
	return fit_lately(client, account) ||
	    (has_one(key_of(ABOUT_CLIENT, client, STR_NONE),
	    &GUESSES_CLIENT) &&
	    has_one(key_of(ABOUT_ACCOUNT, client, account), &GUESSES_ACCOUNT));
}

static void
take_both(const struct netaddr *client, struct str account)
{
	take_one(key_of(ABOUT_CLIENT, client, STR_NONE), &GUESSES_CLIENT);
	take_one(key_of(ABOUT_ACCOUNT, client, account), &GUESSES_ACCOUNT);
}

bool
throttle_take(const struct netaddr *client, struct str account)
{
	if (fit_lately(client, account))
		return false;
	take_both(client, account);
	return true;
}

void
throttle_give(const struct netaddr *client, struct str account)
{
	give_one(key_of(ABOUT_CLIENT, client, STR_NONE), &GUESSES_CLIENT);
	give_one(key_of(ABOUT_ACCOUNT, client, account), &GUESSES_ACCOUNT);
}

void
throttle_wrong(const struct netaddr *client, struct str account)
{
	struct guesser	*g = find(key_of(ABOUT_BOTH, client, account));

	if (g != NULL)
		*g = (struct guesser){ 0 };
	take_both(client, account);
}

void
throttle_right(const struct netaddr *client, struct str account)
{
	struct guesser	*g = enter(key_of(ABOUT_BOTH, client, account));

	if (g == NULL)
		return;
	g->bucket = (struct bucket){ 0 };
	(void)bucket_take(&g->bucket, &fits, 1);
}
