/*
 * The configuration being built: from a tree of statements, by the rows of
 * the table.  Everything it makes is in its arena.
 */
#ifndef CONF_BUILD_H
#define CONF_BUILD_H

#include <stdbool.h>
#include <stddef.h>

#include "accounts.h"
#include "arena.h"
#include "conf.h"
#include "conf_parse.h"
#include "conf_table.h"
#include "log.h"
#include "report.h"
#include "source.h"

/* the tree and the configuration: each statement takes some 200 octets */
#define BUILD_MAX	(512 << 20)

struct build {
	struct conf		 conf;
	struct route_conf	 defaults;	/* for what routes leave out */
	/* of each directive, the statement set last; NULL: none */
	const struct statement	*last[DIRECTIVES_MAX];
	bool			 is_aliases[TABLES_MAX]; /* and so compiled */
	struct accounts		 accounts;
	struct arena		 arena;
	const struct source	*source;	/* borrowed */
	struct report		*report;	/* borrowed */
};

/* What a "yes|no" says whose default depends on others. */
enum answer { ANSWER_NO, ANSWER_YES, ANSWER_NONE };

/* Blocks with more in them than their structure. */
struct listener_build {
	struct listener_conf	 conf;
	uint16_t		 port;		/* of addresses without one */
	bool			 tls_given;	/* also "tls none" */
	uint8_t			 require_tls, auth_required; /* answers */
};

struct domain_build {
	struct domain_conf	 conf;
	unsigned		 transports;	/* given; one is right */
	bool			 delimited;	/* delimiter is given */
};

void	 build_init(struct build *, const struct source *, struct report *);
void	 build_clear(struct build *);
/*
 * Compiles text, called name in messages; both are borrowed until
 * build_clear.  0, or -1 when an error was reported.
 */
int	 build_conf(struct build *, struct str name, struct str text);

/* ---- for the kinds ----------------------------------------------------- */

/* Reports an error about a statement, by its first word. */
#define WRONG(b, st, fmt, ...)						\
	report_error((b)->report, &(st)->origin, "%s: " fmt,		\
	    log_text((st)->words[0]), ##__VA_ARGS__)

/*
 * Whether the statement has so many words behind the first, and a block or
 * not; else reports.
 */
bool	 build_wants(struct build *, const struct statement *, size_t min,
	    size_t max, bool block);
/* Where the directive was given last, or that it is the default. */
struct origin build_origin(const struct build *, enum context,
	    const char *name);
/*
 * The index of the text table of that name, which from now on those roles
 * are handed; TABLE_NONE, not reported, when there is none.
 */
uint16_t build_table(struct build *, struct str name, uint32_t readers);
/* Sets all defaults of a context. */
void	 build_defaults(struct build *, enum context, void *base);
/* Sets what the statements of a block say. */
void	 build_block(struct build *, enum context, const char *block,
	    const struct origin *, const struct statement *, void *base);

/* A copy; reports and gives STR_NONE when there is no more memory. */
struct str	 build_copy(struct build *, struct str);
/*
 * A new, zeroed element at the end of the list that is the member of where;
 * NULL (reported at the origin) when it has max, or without memory.
 */
#define BUILD_ADD(b, origin, where, member, max)			\
	build_add((b), (origin), &(where)->member, &(where)->n_##member, \
	    sizeof(*(where)->member), (max))
void	*build_add(struct build *, const struct origin *, void *list,
	    size_t *n, size_t size, size_t max);

#endif
