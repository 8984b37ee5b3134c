/*
 * Blanks in the lines of a table's source, which end with LF alone.
 */
#ifndef BLANKS_H
#define BLANKS_H

#include <stdbool.h>

#include "str.h"

static inline bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static inline struct str
trim(struct str s)
{
	while (s.n != 0 && is_blank(s.p[0]))
		s = str_skip(s, 1);
	while (s.n != 0 && is_blank(s.p[s.n - 1]))
		s.n--;
	return s;
}

#endif
