/*
 * Aliases as the load role compiled them: an entry is a list of targets, or
 * one refusal.  Which entry speaks of an address; what it does to it is
 * expand.c's to say.
 */
#ifndef ALIAS_H
#define ALIAS_H

#include <stdbool.h>

#include "str.h"

#include "tables.h"
#include "target.h"

/*
 * The entry of an address of ours, from the first of its domain's tables
 * that has one: user+extension@domain, user@domain, user+extension, user.
 * The list is borrowed from the table; *by_user says that its key has not the
 * extension that the address has.
 */
enum table_result alias_find(const struct target *, struct str *list,
		    bool *by_user);
/* The entry for all who are known by nothing else: @domain. */
enum table_result alias_catch_all(const struct target *, struct str *list);

/* A refusal, "error:550 5.1.1 text". */
struct alias_refusal {
	unsigned	 code;
	struct str	 status, text;
};
/* Whether that is what the list is. */
bool	 alias_is_refusal(struct str list, struct alias_refusal *);

enum alias_kind {
	ALIAS_ADDRESS,		/* local@domain */
	ALIAS_LOCAL,		/* without a domain */
	ALIAS_DOMAIN		/* @domain: the same name there */
};
/* Takes the next target, in canonical form, from the list; false at its
 * end. */
bool	 alias_next(struct str *list, struct str *target, enum alias_kind *);

#endif
