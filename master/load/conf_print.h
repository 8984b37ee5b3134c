/*
 * The effective configuration as text: every directive with its value, in
 * the grammar itself, so that what is printed compiles to the same.
 */
#ifndef CONF_PRINT_H
#define CONF_PRINT_H

#include "buf.h"
#include "conf_build.h"

struct printer {
	const struct build	*build;
	struct buf		*out;
	unsigned		 depth;		/* of blocks */
};

/* Appends; -1 when the buffer has failed. */
int	 conf_print(const struct build *, struct buf *);

/* ---- for the kinds ----------------------------------------------------- */

/* The beginning of a statement, then its words, then its end. */
void	 print_name(struct printer *, const char *);
void	 print_word(struct printer *, struct str);
void	 print_string(struct printer *, const char *);
void	 print_end(struct printer *);
/* Instead of the end: all directives of a context, in a block. */
void	 print_block(struct printer *, enum context, const void *base);

/* As a kind's print: the block of a row. */
void	 conf_print_block(struct printer *, const struct directive *,
	    const void *base);

#endif
