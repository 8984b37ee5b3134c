/*
 * Numbers with unit suffixes.
 */
#include "units.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>

const struct unit units_count[] = {
	{ "", 1 },
	{ NULL, 0 }
};

const struct unit units_octets[] = {
	{ "", 1 },
	{ "k", UINT64_C(1) << 10 },
	{ "m", UINT64_C(1) << 20 },
	{ "g", UINT64_C(1) << 30 },
	{ NULL, 0 }
};

const struct unit units_ms[] = {
	{ "ms", 1 },
	{ "s", 1000 },
	{ "m", 60 * 1000 },
	{ "h", 3600 * 1000 },
	{ "d", 86400 * 1000 },
	{ "w", 7 * 86400 * 1000 },
	{ NULL, 0 }
};

const struct unit units_s[] = {
	{ "s", 1 },
	{ "m", 60 },
	{ "h", 3600 },
	{ "d", 86400 },
	{ "w", 7 * 86400 },
	{ NULL, 0 }
};

static int
parse_digits(struct str *s, uint64_t *v)
{
	size_t	 n;

	*v = 0;
	for (n = 0; n < s->n && s->p[n] >= '0' && s->p[n] <= '9'; n++)
		if (__builtin_mul_overflow(*v, 10, v) ||
		    __builtin_add_overflow(*v, (unsigned)(s->p[n] - '0'), v))
			return -1;
	*s = str_skip(*s, n);
	return n != 0 ? 0 : -1;
}

int
units_parse(const struct unit *units, struct str s, uint64_t *v)
{
	if (parse_digits(&s, v) == -1)
		return -1;
	if (s.n == 0 && *v == 0)
		return 0;
	for (const struct unit *u = units; u->name != NULL; u++)
		if (str_equal(s, str_of(u->name)))
			return __builtin_mul_overflow(*v, u->factor, v) ?
			    -1 : 0;
	return -1;
}

const char *
units_print(const struct unit *units, uint64_t v, char text[UNITS_TEXT_MAX])
{
	const struct unit	*best = units;

	for (const struct unit *u = units; u->name != NULL; u++)
		if (v != 0 && v % u->factor == 0)
			best = u;
	snprintf(text, UNITS_TEXT_MAX, "%" PRIu64 "%s", v / best->factor,
	    v != 0 ? best->name : "");
	return text;
}
