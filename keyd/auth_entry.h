/*
 * What a table of passwords has for a user: one hash, in one of the forms
 * that mail servers keep them in, and perhaps further fields behind a colon,
 * as in a passwd(5) file, which say nothing here.
 *
 *	$argon2id$v=19$m=KIB,t=PASSES,p=LANES$SALT$HASH		RFC 9106
 *	SCRAM-SHA-256$ITERATIONS:SALT$STOREDKEY:SERVERKEY	RFC 5803, as
 *								PostgreSQL
 *	{SCRAM-SHA-256}ITERATIONS,SALT,STOREDKEY,SERVERKEY	as Dovecot
 *	$6$rounds=ROUNDS$SALT$HASH				SHA-512
 *	$2y$COST$SALTANDHASH					bcrypt
 *
 * perhaps with {ARGON2ID}, {SHA512-CRYPT}, {BLF-CRYPT} or {CRYPT} before it.
 * The form is read to the last octet before anything is computed: the
 * parameters are what a check costs, and a table may have come from anywhere.
 */
#ifndef AUTH_ENTRY_H
#define AUTH_ENTRY_H

#include <stdbool.h>
#include <stdint.h>

#include "str.h"

/*
 * What one check may cost at most: about a second of a processor, and in
 * the two threads together half of the role's memory (master/plan.c).
 */
#define ARGON2_KIB_MAX		(256u * 1024)
#define ARGON2_WORK_MAX		(1024u * 1024)	/* KiB times passes */
#define ARGON2_LANES_MAX	16
#define SCRAM_ITERATIONS_MIN	4096		/* RFC 7677 4 */
#define SCRAM_ITERATIONS_MAX	1000000
#define SHA512_ROUNDS_MIN	1000		/* those of the format */
#define SHA512_ROUNDS_MAX	1000000
#define SHA512_ROUNDS_USUAL	5000		/* where it names none */
#define BCRYPT_COST_MIN		4
#define BCRYPT_COST_MAX		14

#define AUTH_HASH_MAX		384	/* the longest of these forms is 230 */
#define SCRAM_SALT_MAX		64
#define SCRAM_KEY_LEN		32

enum auth_scheme { AUTH_ARGON2ID, AUTH_SCRAM, AUTH_CRYPT };

/* Two entries with the same cost take the same time to check. */
struct auth_cost {
	enum auth_scheme scheme;
	char		 kind;		/* CRYPT: '6' or '2' */
	uint32_t	 passes;	/* iterations, rounds, bcrypt's cost */
	uint32_t	 kib, lanes;	/* ARGON2ID */
};

struct auth_entry {
	struct auth_cost cost;
	struct str	 hash;		/* borrowed; not for SCRAM */
	size_t		 n_salt;	/* SCRAM */
	uint8_t		 salt[SCRAM_SALT_MAX], stored_key[SCRAM_KEY_LEN];
};

/* 0, or -1 with the reason in why: no password is right then. */
int	 auth_entry_parse(struct str value, struct auth_entry *,
	    const char **why);
bool	 auth_cost_equal(const struct auth_cost *, const struct auth_cost *);

#endif
