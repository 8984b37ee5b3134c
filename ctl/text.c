/*
 * Units, ages, foreign text.
 */
#include "text.h"

#include <err.h>
#include <sysexits.h>
#include <time.h>

#include "addr.h"
#include "buf.h"

const char *
text_span(uint64_t seconds, char out[SPAN_SIZE])
{
	static const struct {
		uint64_t	 unit;
		char		 letter;
	} units[] = { { 86400, 'd' }, { 3600, 'h' }, { 60, 'm' }, { 1, 's' } };
	size_t	 i = 0;

	while (i < 3 && seconds < 2 * units[i].unit)
		i++;
	snprintf(out, SPAN_SIZE, "%llu%c",
	    (unsigned long long)(seconds / units[i].unit), units[i].letter);
	return out;
}

const char *
text_size(uint64_t n, char out[SPAN_SIZE])
{
	if (n < 10240)
		snprintf(out, SPAN_SIZE, "%llu", (unsigned long long)n);
	else if (n < 10 << 20)
		snprintf(out, SPAN_SIZE, "%lluk", (unsigned long long)n >> 10);
	else
		snprintf(out, SPAN_SIZE, "%llum", (unsigned long long)n >> 20);
	return out;
}

uint64_t
text_age(uint64_t since)
{
	uint64_t	 now = (uint64_t)time(NULL);

	return now > since ? now - since : 0;
}

const char *
text_time(uint64_t seconds, char out[TIME_SIZE])
{
	time_t		 t = (time_t)seconds;
	struct tm	 tm;

	if (localtime_r(&t, &tm) == NULL ||
	    strftime(out, TIME_SIZE, "%Y-%m-%d %H:%M:%S", &tm) == 0)
		out[0] = '\0';
	return out;
}

/* What is no UTF-8 escaped, the rest as it is. */
static json_t *
escaped(struct str s)
{
	struct buf	 b = BUF_INIT(s.n * 4 + 1);
	json_t		*j;
	size_t		 n;

	for (; s.n != 0; s = str_skip(s, n)) {
		n = (unsigned char)s.p[0] < 0x80 ? 1 : addr_utf8_char(s);
		if (n != 0)
			buf_put(&b, s.p, n);
		else
			buf_printf(&b, "\\x%02x", (unsigned char)s.p[0]);
		n = n != 0 ? n : 1;
	}
	j = json_stringn(b.len != 0 ? buf_data(&b) : "", b.len);
	buf_clear(&b);
	return j;
}

json_t *
text_json(struct str s)
{
	json_t	*j = json_stringn(s.p != NULL ? s.p : "", s.n);

	return j != NULL ? j : escaped(s);
}

void
text_put(FILE *f, json_t *j)
{
	if (j == NULL)
		errx(EX_OSERR, "out of memory");
	json_dumpf(j, f, JSON_COMPACT | JSON_ENSURE_ASCII);
	putc('\n', f);
	json_decref(j);
}
