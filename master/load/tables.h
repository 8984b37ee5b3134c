/*
 * Tables: plain text files, compiled into constant databases in sealed
 * memory, that any number of processes look up keys in.
 *
 *	# a comment
 *	key	value
 *	key:	value,
 *		more of it
 *
 * A line that begins with a blank goes on with the one before.  Keys are in
 * lower case; one that has blanks, colons or a # in front stands in double
 * quotes, as the local part of an address may.  A key without a value has
 * the empty one.  The sources of aliases, and of Postfix's virtual, transport
 * and generic maps, are such files.
 */
#ifndef TABLES_H
#define TABLES_H

#include "accounts.h"
#include "conf_build.h"

#define TABLE_KEY_MAX		(2 * ADDRESS_MAX)
#define TABLE_VALUE_MAX		(256 << 10)	/* a large alias list */
#define ALIAS_VALUE_MAX		(ALIAS_TARGETS_MAX * (ADDRESS_MAX + 1))
#define TABLE_ENTRIES_MAX	(20 << 20)

/* The sealed file of the configuration's table; -1: reported. */
int	 tables_compile(struct build *, unsigned table);

/* From text; name and the line are for errors. */
int	 table_text(struct str name, char *text, size_t n, struct report *);
/*
 * The same for aliases, compiled by alias_compile.c, with the source of
 * their lists; without one it is as any table.
 */
int	 table_aliases(struct str name, char *text, size_t n,
	    const struct source *, struct report *);
/*
 * From the host's accounts: a user's name in lower case to its slot in
 * decimal, "#" and the slot to "uid:gid:home:name".  Accounts to which may
 * not be delivered are left out.
 */
int	 table_system(const struct account_list *, const struct conf *,
	    struct report *);

#endif
