/*
 * Log lines as text.
 */
#include "logger.h"

#include <stdio.h>
#include <string.h>

#include "log.h"

#define SECONDS_A_DAY	86400
/* the Gregorian calendar repeats itself after 400 years */
#define DAYS_400_YEARS	146097
#define DAYS_100_YEARS	36524
#define DAYS_4_YEARS	1461
/* from 0000-03-01, where our years begin, to 1970-01-01 */
#define DAYS_TO_1970	719468

struct date {
	unsigned	 year, month, day;
};

/*
 * Years counted from March, so that the leap day is the last of a year and
 * a month's first day follows from a line through 30.6 days a month.
 */
static struct date
date_of(uint64_t days_since_1970)
{
	uint64_t	 days = days_since_1970 + DAYS_TO_1970;
	unsigned	 cycle = (unsigned)(days / DAYS_400_YEARS);
	unsigned	 d = (unsigned)(days % DAYS_400_YEARS);
	unsigned	 year, month;

	year = (d - d / (DAYS_4_YEARS - 1) + d / DAYS_100_YEARS -
	    d / (DAYS_400_YEARS - 1)) / 365;
	d -= 365 * year + year / 4 - year / 100;
	month = (5 * d + 2) / 153;
	return (struct date){
		.year = 400 * cycle + year + (month >= 10),
		.month = month < 10 ? month + 3 : month - 9,
		.day = d - (153 * month + 2) / 5 + 1,
	};
}

void
logger_time(uint64_t wall_ms, char text[LOGGER_TIME_MAX])
{
	static uint64_t	 known_day = UINT64_MAX;
	static char	 known[16];
	uint64_t	 s = wall_ms / 1000;
	unsigned	 of_day = (unsigned)(s % SECONDS_A_DAY);

	if (s / SECONDS_A_DAY != known_day) {
		struct date	 d = date_of(s / SECONDS_A_DAY);

		known_day = s / SECONDS_A_DAY;
		/* a clock that is far off must not make it longer */
		snprintf(known, sizeof(known), "%04u-%02u-%02u",
		    d.year % 10000, d.month % 100, d.day % 100);
	}
	snprintf(text, LOGGER_TIME_MAX, "%.10sT%02u:%02u:%02u.%03uZ", known,
	    of_day / 3600, of_day / 60 % 60, of_day % 60,
	    (unsigned)(wall_ms % 1000));
}

void
logger_format(struct buf *out, enum role role, unsigned index,
    const struct log_line *m)
{
	char	 time[LOGGER_TIME_MAX], *p;
	size_t	 at;

	logger_time(m->time_ms, time);
	if (m->dropped != 0)
		buf_printf(out, "%s %s[%u]: warn: log-dropped lines=%u\n",
		    time, role_name(role), index, m->dropped);
	buf_printf(out, "%s %s[%u]: %s: ", time, role_name(role), index,
	    m->level < LEVEL_N ? log_level_name(m->level) : "?");
	at = out->len;
	buf_put_str(out, m->text);
	if (out->failed)
		return;
	p = buf_data(out) + at;
	for (size_t i = 0; i < m->text.n; i++)
		if ((unsigned char)p[i] < 0x20 || p[i] == 0x7f)
			p[i] = '?';
	buf_putc(out, '\n');
}
