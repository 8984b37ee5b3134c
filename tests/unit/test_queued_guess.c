/*
 * Wrong passwords: who is refused, who is not, and what the postmaster sees.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "clock.h"
#include "guesses.h"
#include "netaddr.h"

#include "guess.h"

static uint64_t	 now_ms = 1000000;

/* Each test has a time of its own, in which nothing is counted yet. */
static int
set_up(void **state)
{
	(void)state;
	now_ms += 2000ull * GUESSES_KNOWN_S;
	clock_hold(now_ms, 1 + (time_t)(now_ms / 1000));
	return 0;
}

static struct guess
guess(const char *client, const char *account)
{
	struct guess	 g = { .account = str_of(account) };

	assert_int_equal(netaddr_parse(&g.client, str_of(client)), 0);
	return g;
}

static enum guess_verdict
take(const char *client, const char *account)
{
	const struct guess	 g = guess(client, account);

	return guess_take(&g);
}

static void
end(const char *client, const char *account, enum guess_result r,
    enum guess_verdict taken)
{
	const struct guess	 g = guess(client, account);
	const struct guess_end	 e = { g.client, g.account, r, taken };

	guess_end(&e);
}

static void
wrong(const char *client, const char *account)
{
	assert_int_equal(take(client, account), GUESS_COUNTED);
	end(client, account, GUESS_WRONG, GUESS_COUNTED);
}

static void
right(const char *client, const char *account)
{
	assert_int_equal(take(client, account), GUESS_COUNTED);
	end(client, account, GUESS_RIGHT, GUESS_COUNTED);
}

/* n clients, each once. */
static void
wrong_from_many(const char *account, unsigned n)
{
	char	 text[32];

	for (unsigned i = 0; i < n; i++) {
		snprintf(text, sizeof(text), "198.51.100.%u", i);
		wrong(text, account);
	}
}

static void
test_client(void **state)
{
	char	 name[16];

	(void)state;
	for (unsigned i = 0; i < GUESSES_CLIENT_MAX; i++) {
		snprintf(name, sizeof(name), "user%u", i);
		wrong("192.0.2.1", name);
	}
	assert_int_equal(take("192.0.2.1", "other"), GUESS_REFUSED);
	assert_int_equal(take("192.0.2.2", "user0"), GUESS_COUNTED);
	now_ms += 2000 * GUESSES_CLIENT_S;
	clock_hold(now_ms, 1);
	assert_int_equal(take("192.0.2.1", "other"), GUESS_COUNTED);
}

/* A subscriber has 2^64 addresses, and neighbours. */
static void
test_network(void **state)
{
	char	 text[32], name[16];

	(void)state;
	for (unsigned i = 0; i < GUESSES_CLIENT_MAX; i++) {
		snprintf(text, sizeof(text), "2001:db8::%x", i);
		snprintf(name, sizeof(name), "v6-%u", i);
		wrong(text, name);
	}
	assert_int_equal(take("2001:db8::ffff", "x"), GUESS_REFUSED);
	assert_int_equal(take("2001:db8:0:1::1", "x"), GUESS_COUNTED);
}

/* In capitals or not, it is one. */
static void
test_account(void **state)
{
	(void)state;
	wrong_from_many("alice", GUESSES_ACCOUNT_MAX / 2);
	wrong_from_many("Alice", GUESSES_ACCOUNT_MAX / 2);
	assert_int_equal(take("192.0.2.1", "aLICE"), GUESS_REFUSED);
	assert_int_equal(take("192.0.2.1", "alices"), GUESS_COUNTED);
}

/* Nobody is locked out by others, until he is wrong himself. */
static void
test_known(void **state)
{
	(void)state;
	right("192.0.2.1", "bob");
	wrong_from_many("bob", GUESSES_ACCOUNT_MAX);
	assert_int_equal(take("192.0.2.2", "bob"), GUESS_REFUSED);
	assert_int_equal(take("192.0.2.1", "BOB"), GUESS_KNOWN);
	end("192.0.2.1", "bob", GUESS_RIGHT, GUESS_KNOWN);
	assert_int_equal(take("192.0.2.1", "bob"), GUESS_KNOWN);
	/* another account from there is another thing */
	assert_int_equal(take("192.0.2.1", "carol"), GUESS_COUNTED);
	end("192.0.2.1", "bob", GUESS_WRONG, GUESS_KNOWN);
	assert_int_equal(take("192.0.2.1", "bob"), GUESS_REFUSED);
}

/* What is being tried counts; what was right, or nobody could say, not. */
static void
test_at_a_time(void **state)
{
	(void)state;
	for (unsigned i = 0; i < GUESSES_CLIENT_MAX; i++)
		assert_int_equal(take("192.0.2.3", "dave"), GUESS_COUNTED);
	assert_int_equal(take("192.0.2.3", "dave"), GUESS_REFUSED);
	end("192.0.2.3", "dave", GUESS_OPEN, GUESS_COUNTED);
	assert_int_equal(take("192.0.2.3", "dave"), GUESS_COUNTED);
	assert_int_equal(take("192.0.2.3", "dave"), GUESS_REFUSED);
	end("192.0.2.3", "dave", GUESS_RIGHT, GUESS_COUNTED);
	assert_int_equal(take("192.0.2.3", "erin"), GUESS_COUNTED);
	/* of a worker that could not ask before */
	end("192.0.2.4", "erin", GUESS_WRONG, GUESS_REFUSED);
}

/* Who is known has a few tries at a time, and all of them again later. */
static void
test_known_at_a_time(void **state)
{
	(void)state;
	right("192.0.2.6", "heidi");
	wrong_from_many("heidi", GUESSES_ACCOUNT_MAX);
	for (unsigned round = 0; round < 3; round++) {
		for (unsigned i = 0; i < GUESSES_KNOWN_TRIES; i++)
			assert_int_equal(take("192.0.2.6", "heidi"),
			    GUESS_KNOWN);
		assert_int_equal(take("192.0.2.6", "heidi"), GUESS_REFUSED);
		end("192.0.2.6", "heidi", GUESS_OPEN, GUESS_KNOWN);
		assert_int_equal(take("192.0.2.6", "heidi"), GUESS_KNOWN);
		end("192.0.2.6", "heidi", GUESS_RIGHT, GUESS_KNOWN);
	}
	/* who was told later brings no more */
	end("192.0.2.6", "heidi", GUESS_OPEN, GUESS_KNOWN);
	for (unsigned i = 0; i < GUESSES_KNOWN_TRIES; i++)
		assert_int_equal(take("192.0.2.6", "heidi"), GUESS_KNOWN);
	assert_int_equal(take("192.0.2.6", "heidi"), GUESS_REFUSED);
}

static size_t
rows(const char *who, bool forgive, struct guesses_row *r)
{
	const struct guesses_ask	 m = { str_of(who), forgive };

	return guess_rows(&m, r);
}

static void
test_rows(void **state)
{
	struct guesses_row	 r[GUESSES_ROWS_MAX];

	(void)state;
	assert_int_equal(rows(NULL, false, r), 0);
	wrong_from_many("frank", GUESSES_ACCOUNT_MAX);
	assert_int_equal(rows(NULL, false, r), 0);	/* not yet */
	assert_int_equal(take("192.0.2.5", "frank"), GUESS_REFUSED);
	for (unsigned i = 0; i < GUESSES_CLIENT_MAX; i++)
		(void)take("2001:db8:7::9", "grace");
	clock_hold(now_ms, 5 + (time_t)(now_ms / 1000));
	assert_int_equal(take("2001:db8:7::8", "grace"), GUESS_REFUSED);

	assert_int_equal(rows(NULL, false, r), 2);
	assert_true(r[0].is_client && !r[1].is_client);
	assert_true(str_equal(r[0].who, str_of("2001:db8:7::/64")));
	assert_true(str_equal(r[1].who, str_of("frank")));
	assert_int_equal(r[1].count, GUESSES_ACCOUNT_MAX);
	assert_int_equal(r[1].max, GUESSES_ACCOUNT_MAX);
	assert_true(r[0].refused_at > r[1].refused_at);

	/* by the name, by an address, by what a row calls it */
	assert_int_equal(rows("FRANK", true, r), 1);
	assert_int_equal(r[0].count, GUESSES_ACCOUNT_MAX);
	assert_int_equal(rows("frank", false, r), 1);
	assert_int_equal(r[0].count, 0);
	assert_int_equal(take("192.0.2.5", "frank"), GUESS_COUNTED);
	assert_int_equal(rows("2001:db8:7::1", false, r), 1);
	assert_int_equal(r[0].count, GUESSES_CLIENT_MAX);
	assert_int_equal(rows("2001:db8:7::/64", true, r), 1);
	assert_int_equal(take("2001:db8:7::8", "grace"), GUESS_COUNTED);
	assert_int_equal(rows(NULL, false, r), 0);
}

/* The list is full of those that were refused last. */
static void
test_many_rows(void **state)
{
	struct guesses_row	 r[GUESSES_ROWS_MAX];
	char			 client[32], account[32];

	(void)state;
	for (unsigned i = 0; i < 2 * GUESSES_ROWS_MAX; i++) {
		clock_hold(now_ms, (time_t)(now_ms / 1000 + 100 + i));
		snprintf(client, sizeof(client), "203.0.113.%u", i);
		for (unsigned k = 0; k <= GUESSES_CLIENT_MAX; k++) {
			snprintf(account, sizeof(account), "x%u-%u", i, k);
			(void)take(client, account);
		}
	}
	assert_int_equal(rows(NULL, false, r), GUESSES_ROWS_MAX);
	assert_true(str_equal(r[0].who, str_of("203.0.113.199/32")));
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test_setup(test_client, set_up),
		cmocka_unit_test_setup(test_network, set_up),
		cmocka_unit_test_setup(test_account, set_up),
		cmocka_unit_test_setup(test_known, set_up),
		cmocka_unit_test_setup(test_at_a_time, set_up),
		cmocka_unit_test_setup(test_known_at_a_time, set_up),
		cmocka_unit_test_setup(test_rows, set_up),
		cmocka_unit_test_setup(test_many_rows, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
