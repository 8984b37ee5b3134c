/*
 * Checks of single values, for kinds that have several.  Each reports what
 * is wrong, by the statement, and gives -1 then.
 */
#ifndef CONF_VALUE_H
#define CONF_VALUE_H

#include <stdint.h>

#include "conf_build.h"

/* By the units, range and step of the row. */
int	 value_number(struct build *, const struct statement *,
	    struct str word, const struct directive *, uint64_t *);
int	 value_port(struct build *, const struct statement *,
	    struct str word, uint16_t *);
/* A domain name, in lower case. */
int	 value_host(struct build *, const struct statement *,
	    struct str word, struct str *host);
/* What objects are called: letters, digits, - _ and . */
int	 value_name(struct build *, const struct statement *,
	    struct str word, struct str *name);
/* Absolute, without "." and "..". */
int	 value_path(struct build *, const struct statement *,
	    struct str word);

#endif
