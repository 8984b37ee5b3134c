/*
 * Walks the tree by the table.  Owns the order of things: defaults first,
 * then what is written, what refers to other objects last.
 */
#include "conf_build.h"

#include <stdio.h>
#include <string.h>

#include "conf_check.h"
#include "conf_fill.h"
#include "conf_kinds.h"
#include "conf_print.h"

void
build_init(struct build *b, const struct source *source,
    struct report *report)
{
	memset(b, 0, sizeof(*b));
	b->arena = (struct arena)ARENA_INIT(BUILD_MAX);
	b->source = source;
	b->report = report;
	accounts_init(&b->accounts, source, report);
}

void
build_clear(struct build *b)
{
	accounts_clear(&b->accounts);
	arena_clear(&b->arena);
	memset(&b->conf, 0, sizeof(b->conf));
}

int
build_conf(struct build *b, struct str name, struct str text)
{
	const struct origin	 at = { name, 0 };
	struct statement	*tree;

	tree = conf_parse(name, text, &b->arena, b->source, b->report);
	build_defaults(b, IN_TOP, b);
	build_block(b, IN_TOP, NULL, &at, tree, b);
	conf_fill(b);
	conf_check(b);
	return b->report->errors != 0 ? -1 : 0;
}

/* ---- memory ------------------------------------------------------------ */

struct str
build_copy(struct build *b, struct str s)
{
	const struct origin	 at = { STR("configuration"), 0 };
	struct str		 copy = arena_str(&b->arena, s);

	if (copy.p == NULL)
		report_error(b->report, &at, "out of memory");
	return copy;
}

void *
build_add(struct build *b, const struct origin *at, void *list, size_t *n,
    size_t size, size_t max)
{
	char	*old, *new;

	memcpy(&old, list, sizeof(old));	/* whatever it points to */
	if (*n >= max) {
		report_error(b->report, at, "more than %zu of them", max);
		return NULL;
	}
	new = old;
	/* full at each power of two: then twice the room */
	if ((*n & (*n - 1)) == 0) {
		new = arena_calloc(&b->arena, *n != 0 ? 2 * *n : 1, size);
		if (new == NULL) {
			report_error(b->report, at, "out of memory");
			return NULL;
		}
		if (*n != 0)
			memcpy(new, old, *n * size);
		memcpy(list, &new, sizeof(new));
	}
	return new + (*n)++ * size;
}

struct origin
build_origin(const struct build *b, enum context context, const char *name)
{
	const struct directive	*d = directive_find(context, str_of(name));

	if (d == NULL || b->last[d - conf_directives] == NULL)
		return (struct origin){ STR("default"), 0 };
	return b->last[d - conf_directives]->origin;
}

uint16_t
build_table(struct build *b, struct str name, uint32_t readers)
{
	struct table_conf	*t = (void *)b->conf.tables;

	for (size_t i = 0; i < b->conf.n_tables; i++)
		if (t[i].kind == TABLE_FILE && str_equal(t[i].name, name)) {
			t[i].readers |= readers;
			return (uint16_t)i;
		}
	return TABLE_NONE;
}

/* ---- statements -------------------------------------------------------- */

/* Where a statement goes over several lines, it swallowed the next. */
static const char *
hint(const struct statement *st)
{
	return st->last_line != st->origin.line ? " (a ; is missing?)" : "";
}

bool
build_wants(struct build *b, const struct statement *st, size_t min,
    size_t max, bool block)
{
	size_t	 n = st->n_words - 1;

	if (n < min)
		WRONG(b, st, "wants %s%zu word%s behind it%s",
		    min == max ? "" : "at least ", min, min == 1 ? "" : "s",
		    hint(st));
	else if (n > max && max == 0)
		WRONG(b, st, "wants no word behind it%s", hint(st));
	else if (n > max)
		WRONG(b, st, "wants %s%zu word%s behind it, not %zu%s",
		    min == max ? "" : "at most ", max, max == 1 ? "" : "s", n,
		    hint(st));
	else if (block && !st->has_block)
		WRONG(b, st, "wants a block in { }");
	else if (!block && st->has_block)
		WRONG(b, st, "wants no block in { }, but a ;");
	else
		return true;
	return false;
}

void
build_defaults(struct build *b, enum context context, void *base)
{
	struct str		 words[2];
	struct statement	 st = { .origin = { STR("default"), 0 },
	    .words = words, .n_words = 2 };

	for (const struct directive *d = conf_directives; d->name; d++) {
		if (d->context != context || d->fallback == NULL)
			continue;
		words[0] = str_of(d->name);
		words[1] = str_of(d->fallback);
		if (d->kind == &kind_block || d->kind == &kind_retry)
			build_defaults(b, d->block, (char *)base + d->offset);
		else
			d->kind->set(b, d, &st, base);
	}
}

static void
unknown(struct build *b, enum context context, const struct statement *st)
{
	const struct directive	*d = directive_nearest(context, st->words[0]);
	enum context		 other = directive_context(st->words[0]);
	char			 hint[64] = "";

	if (other == IN_TOP)
		snprintf(hint, sizeof(hint), "; it stands outside of blocks");
	else if (other != CONTEXT_N)
		snprintf(hint, sizeof(hint), "; it stands in %s { }",
		    context_name(other));
	else if (d != NULL)
		snprintf(hint, sizeof(hint), "; did you mean %s?", d->name);
	if (context == IN_TOP)
		WRONG(b, st, "no such directive%s", hint);
	else
		WRONG(b, st, "no such directive in %s%s",
		    context_name(context), hint);
}

/* The directive of a statement that may be set in this pass, or NULL. */
static const struct directive *
admit(struct build *b, enum context context, const struct statement *st,
    unsigned pass, const struct statement **seen)
{
	const struct directive		*d;
	const struct statement		**first;
	char				 text[PLACE_TEXT_MAX];

	d = directive_find(context, st->words[0]);
	if (d == NULL) {
		if (pass == 0 && !st->broken)
			unknown(b, context, st);
		return NULL;
	}
	if (pass != (d->flags & LATE))
		return NULL;
	first = &seen[d - conf_directives];
	if (*first != NULL && !(d->flags & MANY)) {
		WRONG(b, st, "given before, in %s",
		    report_place(&(*first)->origin, &st->origin, text));
		return NULL;
	}
	*first = b->last[d - conf_directives] = st;
	return st->broken ? NULL : d;
}

void
build_block(struct build *b, enum context context, const char *block,
    const struct origin *at, const struct statement *children, void *base)
{
	static const unsigned	 passes[] = { 0, LATE };
	const struct statement	*seen[DIRECTIVES_MAX] = { NULL };
	const struct directive	*d;

	for (size_t i = 0; i < 2; i++)
		for (const struct statement *st = children; st != NULL;
		    st = st->next)
			if ((d = admit(b, context, st, passes[i], seen)))
				d->kind->set(b, d, st, base);
	for (d = conf_directives; d->name != NULL; d++)
		if (d->context == context && d->required != NULL &&
		    seen[d - conf_directives] == NULL)
			report_error(b->report, at, "%s%s%s is missing: %s",
			    block != NULL ? block : "",
			    block != NULL ? ": " : "", d->name, d->required);
}

/* ---- blocks ------------------------------------------------------------ */

static void
block_set(struct build *b, const struct directive *d,
    const struct statement *st, void *base)
{
	if (build_wants(b, st, 0, 0, true))
		build_block(b, d->block, d->name, &st->origin, st->children,
		    (char *)base + d->offset);
}

static void
retry_set(struct build *b, const struct directive *d,
    const struct statement *st, void *base)
{
	struct route_conf	*r = (void *)((char *)base + d->offset);

	/* a route has its own place; the defaults get this one */
	if (r->origin.line == 0)
		r->origin = st->origin;
	block_set(b, d, st, base);
}

const struct kind kind_block = { block_set, conf_print_block };
const struct kind kind_retry = { retry_set, conf_print_block };
const struct kind kind_include = { NULL, NULL };
