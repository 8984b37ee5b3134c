/*
 * routes, pause, resume.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "arena.h"

#include "commands.h"
#include "complain.h"
#include "link.h"
#include "show.h"
#include "text.h"
#include "units.h"

/* ---- routes ------------------------------------------------------------ */

/* What waits for each, as the answer with the routes takes its place. */
struct waiting {
	struct arena		 arena;
	struct count_row	*rows;
	size_t			 n;
};

#define WAITING_MAX	(64u << 20)	/* octets: every route with its name */

static void
count_routes(struct waiting *w)
{
	const struct queue_count	 ask = { .column = COLUMN_ROUTE };
	const struct queue_counted	*m = link_queue_count(&ask);

	w->arena = (struct arena)ARENA_INIT(WAITING_MAX);
	w->n = m->n_rows;
	w->rows = arena_calloc(&w->arena, w->n + 1, sizeof(*w->rows));
	if (w->rows == NULL)
		errx(EX_OSERR, "out of memory");
	for (size_t i = 0; i < w->n; i++) {
		w->rows[i] = m->rows[i];
		w->rows[i].value = arena_str(&w->arena, m->rows[i].value);
		if (w->rows[i].value.p == NULL)
			errx(EX_OSERR, "out of memory");
	}
}

static const struct count_row *
waiting_for(const struct waiting *w, struct str route)
{
	for (size_t i = 0; i < w->n; i++)
		if (str_equal(w->rows[i].value, route))
			return &w->rows[i];
	return NULL;
}

int
cmd_routes(const struct options *o, int argc, char **argv)
{
	struct routes_ask	 ask = { 0 };
	const struct routes	*m;
	struct waiting		 w;
	bool			 more;

	if (argc != 1)
		errx(EX_USAGE, "%s takes no arguments", argv[0]);
	count_routes(&w);
	if (!o->json) {
		show_pauses(link_status(), false);
		show_route_head();
	}
	do {
		m = link_routes(&ask);
		for (size_t i = 0; i < m->n_rows; i++)
			show_route(&m->rows[i],
			    waiting_for(&w, m->rows[i].name), o->json);
		ask.cursor = m->cursor;
		more = m->more;
	} while (more);
	arena_clear(&w.arena);
	return EX_OK;
}

/* ---- pause and resume -------------------------------------------------- */

static void
parse_what(const char *word, struct pause_row *row)
{
	if (strcmp(word, "all") == 0) {
		row->what = PAUSE_ALL;
		return;
	}
	if (strncmp(word, "route=", 6) == 0) {
		row->what = PAUSE_ROUTE;
		row->name = str_of(word + 6);
	} else if (strncmp(word, "domain=", 7) == 0) {
		row->what = PAUSE_DOMAIN;
		row->name = str_of(word + 7);
	}
	if (row->name.n == 0 || row->name.n > DOMAIN_MAX)
		errx(EX_USAGE, "%s: route=NAME, domain=NAME or all", word);
}

static int
pause_status(enum pause_result result, const char *word)
{
	switch (result) {
	case PAUSE_DONE:
		return EX_OK;
	case PAUSE_NONE:
		warnx("%s: is not paused", word);
		return EX_DATAERR;
	case PAUSE_FULL:
		warnx("there are %d pauses already", PAUSES_MAX);
		return EX_TEMPFAIL;
	case PAUSE_NOT_KEPT:
		warnx("%s: done, but it could not be written to the spool: a "
		    "restart will not know of it", word);
		return EX_IOERR;
	case PAUSE_DENIED:
		return complain(SHOW_DENIED, word);
	case PAUSE_RESULT_N:
		break;
	}
	return EX_PROTOCOL;
}

/* One that is not there yet may come, or may be a slip. */
static void
warn_unknown(struct str name)
{
	struct routes_ask	 ask = { 0 };
	const struct routes	*m;
	bool			 more;

	do {
		m = link_routes(&ask);
		for (size_t i = 0; i < m->n_rows; i++)
			if (str_equal_nocase(m->rows[i].name, name))
				return;
		ask.cursor = m->cursor;
		more = m->more;
	} while (more);
	warnx("%.*s: no route of that name is in use; see \"posternctl "
	    "routes\"", STR_FMT(name));
}

int
cmd_pause(const struct options *o, int argc, char **argv)
{
	struct pause	 m = { .resume = strcmp(argv[0], "resume") == 0 };
	int		 status;

	if (argc != 2)
		errx(EX_USAGE, "%s what? route=NAME, domain=NAME or all",
		    argv[0]);
	parse_what(argv[1], &m.row);
	if (o->until != NULL)
		m.row.until = unit_until("--until", o->until);
	m.row.reason = str_of(o->reason);
	if (m.row.reason.n > TEXT_MAX)
		errx(EX_USAGE, "--reason: at most %d octets", TEXT_MAX);
	status = pause_status(link_pause(&m), argv[1]);
	if (status == EX_OK && !m.resume && m.row.what == PAUSE_ROUTE)
		warn_unknown(m.row.name);
	if (status == EX_OK && o->json)
		text_put(stdout, json_pack("{ss ss sI}", "action", argv[0],
		    "what", argv[1], "until", (json_int_t)m.row.until));
	return status;
}
