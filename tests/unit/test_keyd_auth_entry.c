/*
 * What a table may have for a user: every form that is taken, computed by
 * other hands (RFC 7677, the reference code of RFC 9106, crypt(3)), and what
 * is one step away from it.
 */
#include "auth_entry.h"
#include "auth_verify.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <sodium.h>

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))

#define ARGON2_SALT	"$c29tZXNhbHQ"
#define ARGON2_1	"$argon2id$v=19$m=65536,t=2,p=1" ARGON2_SALT	\
			"$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
#define ARGON2_2	"$argon2id$v=19$m=256,t=2,p=2" ARGON2_SALT	\
			"$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc"
#define SCRAM_SALT	"W22ZaJ0SNY7soEsUEjb6gQ=="
#define STORED_KEY	"WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY="
#define SERVER_KEY	"wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="
#define SCRAM_PG	"SCRAM-SHA-256$4096:" SCRAM_SALT "$" STORED_KEY	\
			":" SERVER_KEY
#define SCRAM_DOVECOT	"{SCRAM-SHA-256}4096," SCRAM_SALT "," STORED_KEY \
			"," SERVER_KEY
#define SHA512		"$6$saltstring$U3owk.A3em1YhhL4.d5htGURGQiw9vbrH" \
			"yYJW1QDaEVWqcTDbTnt2gGIuyWd4HdCTnzrO1SBtVpzC9X" \
			"tohtr.0"
#define SHA512_HASH	"3.JB15GJRvQyvX8iUKh0S5YzzA.klkfmswArASQPsfcgE0" \
			"GKbwSRHX2C5D8szCgUeYIfXi.41/RY9ZV7iJ9h81"
#define SHA512_ROUNDS	"$6$rounds=1000$a$" SHA512_HASH
#define BCRYPT_REST	"abcdefghijklmnopqrstuu1C7yeI3ZG3Jm.nHdnKkGJg1x" \
			"TYKP9Oy"
#define BCRYPT		"$2y$05$" BCRYPT_REST
#define BCRYPT_A	"$2a$06$DCq7YPn5Rq63x1Lad4cll.TJv.OOQVuzShDQPUt" \
			"2mDGPKQm9cTkpW"

static bool
parses(const char *value)
{
	struct auth_entry	 e;
	const char		*why = NULL;
	/* of its own size, for sanitizers */
	size_t			 n = strlen(value);
	char			*copy = malloc(n != 0 ? n : 1);
	int			 r;

	memcpy(copy, value, n);
	r = auth_entry_parse(str_bytes(copy, n), &e, &why);
	assert_true(r == 0 || why != NULL);
	free(copy);
	return r == 0;
}

/* As auth_queue.c has it: with a NUL behind. */
static bool
verifies(const char *value, const char *password, size_t n)
{
	struct auth_entry	 e;
	const char		*why;
	char			 hash[AUTH_HASH_MAX + 1];

	assert_int_equal(auth_entry_parse(str_of(value), &e, &why), 0);
	if (e.hash.n != 0)
		memcpy(hash, e.hash.p, e.hash.n);
	hash[e.hash.n] = '\0';
	e.hash.p = hash;
	return auth_verify(&e, str_bytes(password, n));
}

static void
every_scheme(void **state)
{
	static const struct {
		const char	*value, *password;
	} cases[] = {
		{ ARGON2_1, "password" },
		{ "{ARGON2ID}" ARGON2_1, "password" },
		{ ARGON2_2, "password" },
		{ ARGON2_2 ":1000:1000::/home/x:/bin/sh:extra=1", "password" },
		{ SCRAM_PG, "pencil" },
		{ SCRAM_PG ":1000:1000", "pencil" },
		{ SCRAM_DOVECOT, "pencil" },
		{ SCRAM_DOVECOT ":1000", "pencil" },
		{ SHA512, "secret word" },
		{ "{SHA512-CRYPT}" SHA512, "secret word" },
		{ "{CRYPT}" SHA512_ROUNDS ":1000:1000", "secret word" },
		{ BCRYPT, "secret word" },
		{ "{BLF-CRYPT}" BCRYPT, "secret word" },
		{ "{CRYPT}" BCRYPT_A, "secret word" },
	};
	char	 wrong[64];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const char	*p = cases[i].password;
		size_t		 n = strlen(p);

		assert_true(verifies(cases[i].value, p, n));
		snprintf(wrong, sizeof(wrong), "%s", p);
		wrong[n - 1] ^= 1;
		assert_false(verifies(cases[i].value, wrong, n));
		wrong[n - 1] = '\0';
		assert_false(verifies(cases[i].value, wrong, n - 1));
		assert_false(verifies(cases[i].value, "", 0));
		/* what is behind a NUL counts */
		memcpy(wrong, p, n + 1);
		assert_false(verifies(cases[i].value, wrong, n + 1));
	}
}

/* Parameters on both sides of each bound: THREATS 2, "auth_params". */
static void
auth_params(void **state)
{
	static const struct {
		const char	*value;
		bool		 ok;
	} cases[] = {
#define ARGON2(m, t, p)	"$argon2id$v=19$m=" m ",t=" t ",p=" p ARGON2_SALT \
			"$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
		{ ARGON2("8", "1", "1"), true },
		{ ARGON2("7", "1", "1"), false },
		{ ARGON2("0", "1", "1"), false },
		{ ARGON2("127", "1", "16"), false },
		{ ARGON2("128", "1", "16"), true },
		{ ARGON2("256", "1", "17"), false },
		{ ARGON2("256", "1", "0"), false },
		{ ARGON2("256", "0", "1"), false },
		{ ARGON2("262144", "4", "1"), true },
		{ ARGON2("262144", "5", "1"), false },
		{ ARGON2("262145", "1", "1"), false },
		{ ARGON2("4294967295", "1", "1"), false },
		{ ARGON2("4294967304", "1", "1"), false },	/* 2^32 + 8 */
		{ ARGON2("18446744073709551624", "1", "1"), false },
		{ ARGON2("8", "4294967295", "1"), false },
		{ ARGON2("8", "131072", "1"), true },
		{ ARGON2("8", "131073", "1"), false },
		{ ARGON2("-8", "1", "1"), false },
		{ ARGON2("", "1", "1"), false },
#define PG(i)		"SCRAM-SHA-256$" i ":" SCRAM_SALT "$" STORED_KEY ":" \
			SERVER_KEY
		{ PG("4095"), false }, { PG("4096"), true },
		{ PG("1000000"), true }, { PG("1000001"), false },
		{ PG("4294971392"), false }, { PG("0"), false },
#define ROUNDS(r)	"$6$rounds=" r "$a$" SHA512_HASH
		{ ROUNDS("999"), false }, { ROUNDS("1000"), true },
		{ ROUNDS("1000000"), true }, { ROUNDS("1000001"), false },
		{ ROUNDS("999999999"), false },
#define BLF(c)		"$2y$" c "$" BCRYPT_REST
		{ BLF("03"), false }, { BLF("04"), true },
		{ BLF("14"), true }, { BLF("15"), false },
		{ BLF("31"), false }, { BLF("5"), false },
		{ BLF("005"), false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		if (parses(cases[i].value) != cases[i].ok)
			fail_msg("%s", cases[i].value);
}

static void
other_forms_are_refused(void **state)
{
	static const char *const	 bad[] = {
		"", ":", "password", "{PLAIN}password", "{CLEARTEXT}x", "*",
		"!", "x", "{PLAIN}" SHA512, "{SSHA}qUqP5cyxm6YcTAhz05Hph5gv",
		"{CRYPT}", "{CRYPT}{CRYPT}" SHA512, "{crypt}" SHA512,
		"$1$saltsalt$abcdefghijklmnopqrstuv",
		"$5$x$rRgOWX9jOsF9pVQWnKHJSPDfXQAiNWBIddmLdrRLW78",
		"$y$j9T$abcdefgh$abcdefghijklmnopqrstuvwxyzabcdefghijklmnopq",
		"$argon2i$v=19$m=256,t=2,p=2" ARGON2_SALT
		    "$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc",
		"$argon2d$v=19$m=256,t=2,p=2" ARGON2_SALT
		    "$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc",
		"$argon2id$v=16$m=256,t=2,p=2" ARGON2_SALT
		    "$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc",
		"$argon2id$m=256,t=2,p=2" ARGON2_SALT
		    "$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc",
		"$argon2id$v=19$t=2,m=256,p=2" ARGON2_SALT
		    "$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc",
		"$argon2id$v=19$m=256,t=2,p=2$c29t$bQk8UB/VmZZF4Oo79iDXuL5/"
		    "0ttZwg2f/5U52iv1cDc",
		ARGON2_2 "$", ARGON2_2 "!", ARGON2_2 " ",
		"$2x$05$" BCRYPT_REST, "$2y$05$" BCRYPT_REST "a",
		"$2y$05$abc", "$2y$05", "$2y$",
		SHA512 "a", "$6$saltstring$short", "$6$", "$6$$",
		"$6$seventeencharacter$" SHA512_HASH,
		"$6$rounds=1000a$" SHA512_HASH, "$6$rounds=$a$" SHA512_HASH,
		"SCRAM-SHA-256$4096:" SCRAM_SALT "$" STORED_KEY,
		"SCRAM-SHA-256$4096:$" STORED_KEY ":" SERVER_KEY,
		"SCRAM-SHA-256$4096:" SCRAM_SALT "$" STORED_KEY ":AAAA",
		"SCRAM-SHA-256$4096:" SCRAM_SALT "$AAAA:" SERVER_KEY,
		"SCRAM-SHA-1$4096:" SCRAM_SALT "$" STORED_KEY ":" SERVER_KEY,
		"{SCRAM-SHA-256}4096," SCRAM_SALT "," STORED_KEY,
		"{SCRAM-SHA-1}4096," SCRAM_SALT "," STORED_KEY ","
		    SERVER_KEY,
	};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		if (parses(bad[i]))
			fail_msg("%s", bad[i]);
}

/* Cut anywhere, or with any one octet changed to some others, an entry is
 * read or refused, and what is read is within the bounds. */
static void
damaged_entries(void **state)
{
	static const char *const	 good[] = {
		ARGON2_1, SCRAM_PG, SCRAM_DOVECOT, SHA512_ROUNDS, BCRYPT,
	};
	static const char		 octets[] = "\0:$,=09Aa\377{";
	char				 text[AUTH_HASH_MAX];
	struct auth_entry		 e;
	const char			*why;

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		size_t	 n = strlen(good[i]);

		for (size_t k = 0; k < n; k++) {
			snprintf(text, sizeof(text), "%.*s", (int)k, good[i]);
			/* a shorter hash is argon2id's right */
			assert_true(!parses(text) || (i == 0 && k + 22 >= n));
		}
		for (size_t k = 0; k < n * sizeof(octets); k++) {
			memcpy(text, good[i], n);
			text[k / sizeof(octets)] = octets[k % sizeof(octets)];
			if (auth_entry_parse(str_bytes(text, n), &e, &why) ==
			    -1)
				continue;
			assert_true(e.cost.kib <= ARGON2_KIB_MAX);
			assert_true(e.cost.passes <= 1000000);
			assert_true(e.hash.n <= AUTH_HASH_MAX);
			assert_null(memchr(text, '\0', n));
		}
	}
}

static void
too_long(void **state)
{
	char	 text[2 * AUTH_HASH_MAX];

	(void)state;
	memset(text, 'A', sizeof(text));
	memcpy(text, ARGON2_1, sizeof(ARGON2_1) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_false(parses(text));
}

static void
costs(void **state)
{
	struct auth_entry	 a, b;
	const char		*why;

	(void)state;
	auth_entry_parse(str_of(SHA512), &a, &why);
	auth_entry_parse(str_of("$6$rounds=5000$a$" SHA512_HASH), &b, &why);
	assert_true(auth_cost_equal(&a.cost, &b.cost));
	auth_entry_parse(str_of(SHA512_ROUNDS), &b, &why);
	assert_false(auth_cost_equal(&a.cost, &b.cost));
	auth_entry_parse(str_of(SCRAM_PG), &a, &why);
	auth_entry_parse(str_of(SCRAM_DOVECOT), &b, &why);
	assert_true(auth_cost_equal(&a.cost, &b.cost));
	auth_entry_parse(str_of(ARGON2_1), &a, &why);
	auth_entry_parse(str_of(ARGON2_2), &b, &why);
	assert_false(auth_cost_equal(&a.cost, &b.cost));
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(every_scheme),
		cmocka_unit_test(auth_params),
		cmocka_unit_test(other_forms_are_refused),
		cmocka_unit_test(damaged_entries),
		cmocka_unit_test(too_long),
		cmocka_unit_test(costs),
	};

	if (sodium_init() == -1)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
