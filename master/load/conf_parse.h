/*
 * The configuration's text as a tree of statements, each with the place
 * where it was written.  Knows the grammar, but no directive but include.
 */
#ifndef CONF_PARSE_H
#define CONF_PARSE_H

#include <stdbool.h>
#include <stddef.h>

#include "arena.h"
#include "conf.h"
#include "report.h"
#include "source.h"

#define WORDS_MAX	1024	/* of a statement, its name included */
#define DEPTH_MAX	8	/* of blocks; the directives need 3 */
#define INCLUDES_MAX	1000	/* files in all */
#define NESTING_MAX	8	/* of includes; so a loop ends */

struct statement {
	struct origin		 origin;	/* of its first word */
	uint32_t		 last_line;	/* of its ; or { */
	const struct str	*words;
	size_t			 n_words;	/* at least 1 */
	bool			 has_block;
	bool			 broken;	/* reported; not to be used */
	struct statement	*children;
	struct statement	*next;
};

/*
 * Parses text, called name in messages, and what it includes.  The tree is
 * in the arena, NULL where there are no statements.  Reports every error.
 */
struct statement *conf_parse(struct str name, struct str text,
		    struct arena *, const struct source *, struct report *);

#endif
