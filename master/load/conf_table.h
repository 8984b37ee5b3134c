/*
 * The directives: one row each, from which parsing, range checks, defaults,
 * printing and the check that the manual has them all are made.  What kinds
 * of argument there are is in conf_kinds.h.
 */
#ifndef CONF_TABLE_H
#define CONF_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "str.h"
#include "units.h"

struct build;
struct printer;
struct statement;
struct directive;

/* The blocks that directives stand in. */
enum context { IN_TOP, IN_CONTROL, IN_SPOOL, IN_TRACE, IN_LOG, IN_WORKERS,
    IN_RETRY, IN_TIMEOUTS, IN_CONNECTION, IN_VERIFY, IN_DNS, IN_CERTIFICATE,
    IN_CREDENTIALS, IN_LISTEN, IN_DOMAIN, IN_ROUTE, CONTEXT_N };

/*
 * A kind of argument.  base is the structure of the block that the
 * directive stands in, its value is offset octets into that.
 */
struct kind {
	/* checks and stores; reports what is wrong */
	void	(*set)(struct build *, const struct directive *,
		    const struct statement *, void *base);
	/* writes it as a statement; nothing where nothing is set */
	void	(*print)(struct printer *, const struct directive *,
		    const void *base);
};

#define MANY	0x01	/* may be given more than once in a block */
#define LATE	0x02	/* set after all others: it refers to them */

struct directive {
	enum context		 context;
	const char		*name;
	const struct kind	*kind;
	size_t			 offset, size;	/* of its value */
	const struct unit	*units;		/* of a number */
	uint64_t		 min, max;	/* of a number; max of a text */
	uint64_t		 step;		/* multiples of it; 0: any */
	const char *const	*words;		/* of a choice; NULL ends */
	enum context		 block;		/* of a block: what is in it */
	const char		*fallback;	/* the default; NULL: none */
	unsigned		 flags;		/* MANY, LATE */
	const char		*required;	/* why it may not be left out */
};

/* All rows, in the order of printing; a row without name is behind them. */
extern const struct directive	conf_directives[];
#define DIRECTIVES_MAX	128

/* NULL when there is none of that name in that context. */
const struct directive	*directive_find(enum context, struct str name);
/* The one whose name is most like it, or NULL. */
const struct directive	*directive_nearest(enum context, struct str name);
/* The block in which there is one of that name, or CONTEXT_N. */
enum context		 directive_context(struct str name);
const char		*context_name(enum context);	/* "listen" */

#endif
