/*
 * The entries of alias tables, from text to what queued reads: targets in
 * canonical form with newlines between them, or one "error:CODE STATUS TEXT".
 * All that can be wrong in an entry is found here.
 */
#ifndef ALIAS_COMPILE_H
#define ALIAS_COMPILE_H

#include "buf.h"
#include "report.h"
#include "source.h"
#include "str.h"

/* of a file that :include: names: a thousand addresses, with names and
 * comments */
#define ALIAS_INCLUDE_MAX	(1 << 20)

/*
 * The compiled entry replaces what is in the buffer.  at is the line of the
 * table; included lists are read from the source.  -1: reported.
 */
int	 alias_compile(const struct source *, struct report *,
	    const struct origin *at, struct str value, struct buf *);

#endif
