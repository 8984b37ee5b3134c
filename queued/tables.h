/*
 * The tables of a configuration: constant databases in sealed memory, as
 * master passed them.  A table that cannot be read answers TABLE_ERROR, which
 * is never the same as "no such key".
 */
#ifndef TABLES_H
#define TABLES_H

#include <stddef.h>

#include "conf.h"
#include "str.h"

struct tables;

enum table_result { TABLE_FOUND, TABLE_ABSENT, TABLE_ERROR };

/*
 * Maps the tables of a configuration that are there (proc_table).  NULL with
 * one line in why when one of them is not a database.
 */
struct tables	*tables_open(const struct conf *, char *why, size_t);
void		 tables_free(struct tables *);		/* takes NULL */
/* value (may be NULL) is borrowed from the map. */
enum table_result tables_find(struct tables *, unsigned table,
		    struct str key, struct str *value);

#endif
