/*
 * queue: rows as they come, rows in another order, or counts.
 */
#include <err.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "commands.h"
#include "filter.h"
#include "link.h"
#include "show.h"
#include "sort.h"
#include "units.h"

static const char *const	 columns[COLUMN_N] = {
	[COLUMN_DOMAIN] = "domain", [COLUMN_SENDER] = "sender",
	[COLUMN_ROUTE] = "route", [COLUMN_STATE] = "state",
	[COLUMN_REPLY] = "reply",
};

static enum queue_column
column_of(const char *name)
{
	for (enum queue_column c = 0; c < COLUMN_N; c++)
		if (strcmp(columns[c], name) == 0)
			return c;
	errx(EX_USAGE, "--by=%s: a column is domain, sender, route, state or "
	    "reply", name);
}

static int
count(const struct options *o, const struct queue_filter *f)
{
	struct queue_count	 m = { column_of(o->by), *f };

	if (o->sort != NULL || o->limit != NULL)
		errx(EX_USAGE, "--by counts: it takes no --sort or --limit");
	show_counted(link_queue_count(&m), o->by, o->json);
	return EX_OK;
}

/* Rows until there are no more, or enough. */
void
list_queue(const struct options *o, const struct queue_filter *f,
    uint64_t limit)
{
	struct queue_list	 m = { 0, *f };
	const struct queue_rows	*rows;
	uint64_t		 n = 0;

	do {
		rows = link_queue_list(&m);
		for (size_t i = 0; i < rows->n_rows && n < limit; i++, n++)
			show_queue_row(stdout, &rows->rows[i], o->json);
		m.cursor = rows->cursor;
	} while (rows->more && n < limit);
}

static void
list_sorted(const struct options *o, const struct queue_filter *f,
    uint64_t limit)
{
	struct queue_list	 m = { 0, *f };
	const struct queue_rows	*rows;

	sort_begin(o->sort);
	do {
		rows = link_queue_list(&m);
		for (size_t i = 0; i < rows->n_rows; i++)
			sort_add(&rows->rows[i], o->json);
		m.cursor = rows->cursor;
	} while (rows->more);
	sort_print(limit);
}

int
cmd_queue(const struct options *o, int argc, char **argv)
{
	struct queue_filter	 f;
	uint64_t		 limit = UINT64_MAX;

	filter_parse(&f, argv + 1, argc - 1);
	if (o->by != NULL)
		return count(o, &f);
	if (o->sort != NULL && !sort_is_key(o->sort))
		errx(EX_USAGE, "--sort=%s: a key is age, size, sender, "
		    "domain, next or tries", o->sort);
	if (o->limit != NULL)
		limit = unit_number("--limit", o->limit, unit_none);
	if (!o->json) {
		show_pauses(link_status(), false);
		show_queue_head();
	}
	if (o->sort != NULL)
		list_sorted(o, &f, limit);
	else
		list_queue(o, &f, limit);
	return EX_OK;
}
