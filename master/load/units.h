/*
 * Numbers with unit suffixes, as the configuration has them: "5m", "64k".
 */
#ifndef UNITS_H
#define UNITS_H

#include <stdint.h>

#include "str.h"

/* Rising factors, a row without name behind; "" is a bare number. */
struct unit {
	const char	*name;
	uint64_t	 factor;
};

extern const struct unit	 units_count[];		/* no suffix */
extern const struct unit	 units_octets[];	/* k m g */
extern const struct unit	 units_ms[];		/* ms s m h d w */
extern const struct unit	 units_s[];		/* s m h d w */

#define UNITS_TEXT_MAX	24	/* 20 digits, a suffix and a NUL */

/* Digits and one suffix; 0 needs none.  -1 when it is something else. */
int		 units_parse(const struct unit *, struct str, uint64_t *);
/* With the greatest unit that divides it. */
const char	*units_print(const struct unit *, uint64_t,
		    char[UNITS_TEXT_MAX]);

#endif
