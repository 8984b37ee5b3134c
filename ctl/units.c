/*
 * Digits and letters to numbers.
 */
#include "units.h"

#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#define DAY_S	86400

const struct unit	 unit_none[] = { { 0, 0 } };
const struct unit	 unit_time[] = {
	{ 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', DAY_S },
	{ 'w', 7 * DAY_S }, { 0, 0 },
};
const struct unit	 unit_size[] = {
	{ 'k', 1024 }, { 'm', 1048576 }, { 'g', 1073741824 }, { 0, 0 },
};

uint64_t
unit_number(const char *word, const char *s, const struct unit *units)
{
	unsigned long long	 v;
	char			*end;

	errno = 0;
	v = strtoull(s, &end, 10);
	if (!isdigit((unsigned char)s[0]) || errno != 0)
		errx(EX_USAGE, "%s: a number was expected", word);
	if (*end == '\0')
		return v;
	for (; units->letter != 0; units++)
		if (end[0] == units->letter && end[1] == '\0' &&
		    v <= UINT64_MAX / units->factor)
			return v * units->factor;
	errx(EX_USAGE, "%s: unknown unit \"%s\"", word, end);
}

/* The local time of that form; -1 where s is not one. */
static time_t
parse(const char *s, const char *form)
{
	time_t		 now = time(NULL);
	struct tm	 tm;
	const char	*end;

	localtime_r(&now, &tm);
	tm.tm_hour = tm.tm_min = tm.tm_sec = 0;
	tm.tm_isdst = -1;
	end = strptime(s, form, &tm);
	return end != NULL && *end == '\0' ? mktime(&tm) : -1;
}

uint64_t
unit_until(const char *word, const char *s)
{
	static const char *const forms[] = { "%Y-%m-%dT%H:%M", "%Y-%m-%d",
	    "%H:%M" };
	time_t			 now = time(NULL), t = -1;

	for (size_t i = 0; i < 3 && t == -1; i++)
		t = parse(s, forms[i]);
	if (t == -1)
		return (uint64_t)now + unit_number(word, s, unit_time);
	if (t <= now && strchr(s, '-') == NULL)
		t += DAY_S;
	if (t <= now)
		errx(EX_USAGE, "%s: this is in the past", word);
	return (uint64_t)t;
}
