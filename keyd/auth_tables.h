/*
 * The tables of users of one configuration.  A user that is not there, or
 * whose entry is broken, is looked up all the same: it gets an entry that
 * takes the time which most users of the table take, so that an answer does
 * not tell who there is by being quick.
 */
#ifndef AUTH_TABLES_H
#define AUTH_TABLES_H

#include <stddef.h>
#include <stdint.h>

#include "auth_entry.h"
#include "conf.h"

struct auth_tables;

enum auth_found {
	AUTH_KNOWN,
	AUTH_UNKNOWN,		/* the entry is to be computed, for nothing */
	AUTH_NO_TABLE		/* nothing can be said */
};

/*
 * Reads every entry of the tables that are there (proc_table), and logs
 * those that are broken: their users cannot log in, the others can.  old
 * (borrowed) or NULL is the configuration before.  NULL, with the table's
 * place in why, when a table is not a database.
 */
struct auth_tables *auth_tables_open(const struct conf *old,
		    const struct conf *, char *why, size_t size);
void		 auth_tables_free(struct auth_tables *);	/* takes NULL */
uint32_t	 auth_tables_conf(const struct auth_tables *);	/* its number */
/* The entry borrows from the tables.  Case in user counts only beyond ASCII,
 * as the keys of all tables are lower case. */
enum auth_found	 auth_tables_find(struct auth_tables *, uint32_t conf,
		    unsigned table, struct str user, struct auth_entry *);

#endif
