/*
 * An address taken apart, and where it is one of ours, whether there is such
 * a mailbox.  An extension (user+extension) is what follows the first of the
 * domain's delimiters; it counts only where the whole name is not known.
 */
#ifndef TARGET_H
#define TARGET_H

#include <stdbool.h>
#include <stdint.h>

#include "addr.h"
#include "conf.h"
#include "str.h"

#include "tables.h"

/* What tables are asked for, in lower case: "user@domain" and its parts. */
struct key {
	char			 text[ADDR_STORE_MAX + 1];
	struct str		 whole, local, domain;	/* "@domain" */
};

/* Points into itself: not to be copied. */
struct target {
	char			 store[ADDR_STORE_MAX];
	struct addr		 addr;
	const struct domain_conf *domain;	/* ours; NULL: not ours */
	/* the rest is there for addresses of ours alone */
	size_t			 user_n;	/* of addr.local, without its
						 * extension */
	struct key		 full, user;	/* with it; without it */
};

/*
 * From an address in canonical form, or just postmaster.  TABLE_ERROR: the
 * domains cannot be read; TABLE_ABSENT: it is not an address.
 */
enum table_result target_parse(struct target *, struct str address);

static inline bool
target_has_extension(const struct target *t)
{
	return t->user_n != t->addr.local.n;
}

/* RFC 5321 4.5.1: reserved, always there, in any case. */
bool		 target_is_postmaster(const struct target *);

/*
 * Whether there is such a mailbox (of an address of ours); *cut says that it
 * is the one without the extension.
 */
enum table_result target_mailbox(const struct target *, bool *cut);

/*
 * The line of the system table of its mailbox; 0 where its domain's are not
 * the host's accounts.  TABLE_ABSENT: no such account.
 */
enum table_result target_slot(const struct target *, uint32_t *slot);

#endif
