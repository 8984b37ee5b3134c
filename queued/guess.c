/*
 * The limits are in state.c's counters.  Who was refused of late stands in a
 * short list in memory, for the postmaster: counters know only hashes.
 *
 * What a guesser can do to it: each try costs keyd's time, which is the same
 * for all of them, and one that is refused adds nothing.  So no more names
 * are counted in a window than keyd can check passwords in it, which is not
 * enough to make a counter near its limit forget (state.c).  Those known for
 * an account have that account for a home: who has an account of his own
 * makes nobody else unknown.
 */
#include "guess.h"

#include <ctype.h>
#include <string.h>

#include "clock.h"
#include "guesses.h"
#include "log.h"
#include "netaddr.h"

#include "state.h"

/* "client 2001:db8::/64", "account NAME", "known account NAMEclient ..." */
#define KEY_MAX		(ACCOUNT_MAX + NETADDR_TEXT_MAX + 24)

struct key {
	char	 p[KEY_MAX];
	size_t	 n;
};

/* Of an account or a client that was refused. */
struct refused {
	struct key	 key;
	uint64_t	 at;		/* 0: free */
};

static struct refused	 refused[GUESSES_ROWS_MAX];

/* ---- names of counters ------------------------------------------------- */

static const struct str	 client_kind = STR("client ");
static const struct str	 account_kind = STR("account ");
static const struct str	 known_kind = STR("known ");

static void
add(struct key *k, struct str s)
{
	if (s.n > sizeof(k->p) - k->n)
		s.n = sizeof(k->p) - k->n;
	if (s.n != 0)
		memcpy(k->p + k->n, s.p, s.n);
	k->n += s.n;
}

static struct str
text(const struct key *k)
{
	return str_bytes(k->p, k->n);
}

static struct key
key_of(struct str kind, struct str who)
{
	struct key	 k = { .n = 0 };

	add(&k, kind);
	add(&k, who);
	return k;
}

static struct key
client_key(const struct netaddr *client)
{
	struct netblock	 who = netaddr_subscriber(client);
	char		 p[NETADDR_TEXT_MAX];

	return key_of(client_kind, str_of(netblock_print(&who, p)));
}

/* In lower case, as keyd looks it up. */
static struct key
account_key(struct str account)
{
	struct key	 k = key_of(account_kind, account);

	for (size_t i = 0; i < k.n; i++)
		k.p[i] = (char)tolower((unsigned char)k.p[i]);
	return k;
}

static bool
is_client(struct str key)
{
	return str_starts_nocase(key, client_kind);
}

static struct counter_name
counter(const struct key *k)
{
	return (struct counter_name){ text(k), STR_NONE,
	    is_client(text(k)) ? GUESSES_CLIENT_S : GUESSES_ACCOUNT_S };
}

static uint32_t
max_of(const struct key *k)
{
	return is_client(text(k)) ? GUESSES_CLIENT_MAX : GUESSES_ACCOUNT_MAX;
}

/* ---- guesses ----------------------------------------------------------- */

/* All that is counted about one try. */
struct about {
	struct key	 client, account, known;
};

static struct about
about(const struct netaddr *client, struct str account)
{
	struct about	 a = { client_key(client), account_key(account),
	    { .n = 0 } };

	a.known = key_of(known_kind, text(&a.account));
	add(&a.known, text(&a.client));
	return a;
}

static struct counter_name
known(const struct about *a)
{
	return (struct counter_name){ text(&a->known), text(&a->account),
	    GUESSES_KNOWN_S };
}

static void
take(const struct about *a)
{
	(void)state_count(counter(&a->client), 1);
	(void)state_count(counter(&a->account), 1);
}

/* Its place in the list, or the one of who was refused longest ago. */
static void
note(const struct key *k)
{
	struct refused	*r = refused;

	for (size_t i = 0; i < GUESSES_ROWS_MAX; i++) {
		if (str_equal(text(&refused[i].key), text(k))) {
			r = &refused[i];
			break;
		}
		if (refused[i].at < r->at)
			r = &refused[i];
	}
	r->key = *k;
	r->at = clock_wall_ms() / 1000;
}

static bool
has_room(const struct key *k)
{
	if (state_count(counter(k), 0) < max_of(k))
		return true;
	note(k);
	return false;
}

enum guess_verdict
guess_take(const struct guess *m)
{
	struct about	 a = about(&m->client, m->account);

	if (state_count(known(&a), 0) != 0) {
		state_take_back(known(&a));
		return GUESS_KNOWN;
	}
	if (!has_room(&a.client) || !has_room(&a.account))
		return GUESS_REFUSED;
	take(&a);
	return GUESS_COUNTED;
}

static void
wrong(const struct about *a, enum guess_verdict taken)
{
	state_forget(known(a));
	if (taken != GUESS_COUNTED)
		take(a);
}

/* All its tries, or the one that led to nothing. */
static void
give_back(const struct about *a, const struct guess_end *m)
{
	uint32_t	 left = state_count(known(a), 0);

	if (m->taken == GUESS_COUNTED) {
		state_take_back(counter(&a->client));
		state_take_back(counter(&a->account));
	}
	if (left >= GUESSES_KNOWN_TRIES)
		return;
	if (m->result == GUESS_RIGHT)
		(void)state_count(known(a), GUESSES_KNOWN_TRIES - left);
	else if (m->taken == GUESS_KNOWN)
		(void)state_count(known(a), 1);
}

void
guess_end(const struct guess_end *m)
{
	struct about	 a = about(&m->client, m->account);

	if (m->result == GUESS_WRONG)
		wrong(&a, m->taken);
	else
		give_back(&a, m);
}

/* ---- for the postmaster ------------------------------------------------ */

static struct refused *
find_refused(const struct key *k)
{
	for (size_t i = 0; i < GUESSES_ROWS_MAX; i++)
		if (refused[i].at != 0 &&
		    str_equal(text(&refused[i].key), text(k)))
			return &refused[i];
	return NULL;
}

static void
forgive(const struct guesses_row *row, const struct key *k, struct refused *r)
{
	if (row->is_client)
		log_info("forgive client=%s count=%u", log_text(row->who),
		    row->count);
	else
		log_info("forgive account=\"%s\" count=%u",
		    log_text(row->who), row->count);
	state_forget(counter(k));
	if (r != NULL)
		r->at = 0;
}

static void
row_of(const struct key *k, bool and_forgive, struct guesses_row *row)
{
	struct refused	*r = find_refused(k);
	bool		 client = is_client(text(k));

	*row = (struct guesses_row){
		.is_client = client,
		.who = str_skip(text(k), client ? client_kind.n :
		    account_kind.n),
		.count = state_count(counter(k), 0),
		.max = max_of(k),
		.window_s = counter(k).window_s,
		.refused_at = r != NULL ? r->at : 0,
	};
	if (and_forgive)
		forgive(row, k, r);
}

/* Those that would still be refused, the latest first. */
static size_t
refused_rows(struct guesses_row *rows)
{
	size_t	 n = 0, at;

	for (size_t i = 0; i < GUESSES_ROWS_MAX; i++) {
		struct guesses_row	 row;

		if (refused[i].at == 0 || state_count(counter(
		    &refused[i].key), 0) < max_of(&refused[i].key))
			continue;
		row_of(&refused[i].key, false, &row);
		for (at = n++; at > 0 &&
		    rows[at - 1].refused_at < row.refused_at; at--)
			rows[at] = rows[at - 1];
		rows[at] = row;
	}
	return n;
}

static struct key
named(struct str who)
{
	struct netblock	 block;
	struct netaddr	 addr;

	if (netaddr_parse(&addr, who) == 0)
		return client_key(&addr);
	if (netblock_parse(&block, who) == 0)
		return client_key(&block.addr);
	return account_key(who);
}

size_t
guess_rows(const struct guesses_ask *m, struct guesses_row *rows)
{
	static struct key	 k;

	if (m->who.n == 0)
		return refused_rows(rows);
	k = named(m->who);
	row_of(&k, m->forgive, &rows[0]);
	return 1;
}
