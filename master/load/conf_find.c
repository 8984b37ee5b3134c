/*
 * Finds directives by name, and what was likely meant where there is none.
 */
#include "conf_table.h"

#define NAME_LONG	32	/* longer words are no misspelt directives */

static const char *const names[CONTEXT_N] = {
	[IN_TOP] = "the file", [IN_CONTROL] = "control",
	[IN_SPOOL] = "spool", [IN_TRACE] = "trace",
	 [IN_LOG] = "log", [IN_WORKERS] = "workers",
	[IN_RETRY] = "retry", [IN_TIMEOUTS] = "timeouts",
	[IN_CONNECTION] = "connection", [IN_VERIFY] = "verify",
	[IN_DNS] = "dns", [IN_CERTIFICATE] = "certificate",
	[IN_CREDENTIALS] = "credentials",
	[IN_LISTEN] = "listen", [IN_DOMAIN] = "domain",
	[IN_ROUTE] = "route",
};

const char *
context_name(enum context context)
{
	return names[context];
}

const struct directive *
directive_find(enum context context, struct str name)
{
	for (const struct directive *d = conf_directives; d->name; d++)
		if (d->context == context && str_equal(name, str_of(d->name)))
			return d;
	return NULL;
}

enum context
directive_context(struct str name)
{
	for (const struct directive *d = conf_directives; d->name; d++)
		if (str_equal(name, str_of(d->name)))
			return d->context;
	return CONTEXT_N;
}

static unsigned
least(unsigned a, unsigned b, unsigned c)
{
	if (b < a)
		a = b;
	return c < a ? c : a;
}

/* How many letters to insert, leave out or change: Levenshtein's distance. */
static unsigned
distance(struct str a, struct str b)
{
	unsigned	 row[NAME_LONG + 1], before, here;

	for (unsigned j = 0; j <= b.n; j++)
		row[j] = j;
	for (size_t i = 0; i < a.n; i++) {
		before = row[0]++;
		for (size_t j = 0; j < b.n; j++) {
			here = row[j + 1];
			row[j + 1] = least(here + 1, row[j] + 1,
			    before + (a.p[i] != b.p[j]));
			before = here;
		}
	}
	return row[b.n];
}

const struct directive *
directive_nearest(enum context context, struct str name)
{
	const struct directive	*nearest = NULL;
	unsigned		 best, d;

	if (name.n > NAME_LONG)
		return NULL;
	/* from there on, it is a guess */
	best = name.n < 3 ? 1 : name.n < 6 ? 2 : 3;
	for (const struct directive *i = conf_directives; i->name; i++) {
		if (i->context != context)
			continue;
		d = distance(name, str_of(i->name));
		if (d < best && d < name.n) {
			best = d;
			nearest = i;
		}
	}
	return nearest;
}
