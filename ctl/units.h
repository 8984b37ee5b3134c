/*
 * Numbers with a unit behind them, as filters and options have them.
 */
#ifndef UNITS_H
#define UNITS_H

#include <stdint.h>

struct unit {
	char		 letter;	/* 0: the end of a list */
	uint64_t	 factor;
};

extern const struct unit	 unit_none[], unit_time[], unit_size[];

/* The number that s is; else the program ends with EX_USAGE, and says that
 * word is wrong. */
uint64_t unit_number(const char *word, const char *s, const struct unit *);
/*
 * A time to come, in seconds of UTC: so long from now (2h), or a local date
 * and time, 2026-11-21, 2026-11-21T16:30 or 16:30 (the next).
 */
uint64_t unit_until(const char *word, const char *s);

#endif
