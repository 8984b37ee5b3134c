/*
 * TinyCDB over the sealed files.  The library checks every position in the
 * file against its size, so a wrong table gives wrong answers, no more.
 */
#include "tables.h"

#include <cdb.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "proc.h"
#include "xmalloc.h"

struct one_table {
	struct cdb	 cdb;
	bool		 open;
};

struct tables {
	size_t			 n;
	struct one_table	 table[];
};

struct tables *
tables_open(const struct conf *conf, char *why, size_t size)
{
	struct tables	*t;
	int		 fd;

	t = xcalloc(1, sizeof(*t) + conf->n_tables * sizeof(t->table[0]));
	t->n = conf->n_tables;
	for (unsigned i = 0; i < t->n; i++) {
		if ((fd = proc_table(i)) == -1)
			continue;
		if (cdb_init(&t->table[i].cdb, fd) != 0) {
			snprintf(why, size, "table %.*s: not a database",
			    STR_FMT(conf->tables[i].name));
			tables_free(t);
			return NULL;
		}
		t->table[i].open = true;
	}
	return t;
}

void
tables_free(struct tables *t)
{
	if (t == NULL)
		return;
	for (size_t i = 0; i < t->n; i++)
		if (t->table[i].open)
			cdb_free(&t->table[i].cdb);
	free(t);
}

enum table_result
tables_find(struct tables *t, unsigned table, struct str key,
    struct str *value)
{
	struct cdb	*cdb;
	const void	*data;
	int		 found;

	if (table >= t->n || !t->table[table].open)
		return TABLE_ERROR;
	cdb = &t->table[table].cdb;
	found = cdb_find(cdb, key.p, (unsigned)key.n);
	if (found <= 0)
		return found == 0 ? TABLE_ABSENT : TABLE_ERROR;
	if (value == NULL)
		return TABLE_FOUND;
	if ((data = cdb_getdata(cdb)) == NULL)
		return TABLE_ERROR;
	*value = str_bytes(data, cdb_datalen(cdb));
	return TABLE_FOUND;
}
