/*
 * What we write into header sections and reports: encoded remote text,
 * folded fields, dates and message ids.
 */
#include "header.h"

#include <inttypes.h>
#include <stdio.h>

#include "addr.h"

#define ESCAPE_LEN	4	/* \xHH */

/* Writes the safe form of an octet and returns its length. */
static size_t
safe_octet(char c, char to[ESCAPE_LEN])
{
	static const char	hex[] = "0123456789ABCDEF";
	uint8_t			o = (uint8_t)c;

	if (o == '\t' || o == '\r' || o == '\n') {
		to[0] = ' ';
		return 1;
	}
	if (o >= ' ' && o <= '~') {
		to[0] = c;
		return 1;
	}
	to[0] = '\\';
	to[1] = 'x';
	to[2] = hex[o >> 4];
	to[3] = hex[o & 15];
	return ESCAPE_LEN;
}

int
header_put_safe(struct buf *b, struct str text, size_t max)
{
	static const struct str	cut = STR("...");
	size_t			n, len = 0, fits = 0;
	char			to[ESCAPE_LEN];

	for (size_t i = 0; i < text.n && len <= max; i++) {
		len += safe_octet(text.p[i], to);
		if (max >= cut.n && len <= max - cut.n)
			fits = i + 1;
	}
	if (len <= max)
		fits = text.n;
	for (size_t i = 0; i < fits; i++) {
		n = safe_octet(text.p[i], to);
		buf_put(b, to, n);
	}
	if (fits < text.n && max >= cut.n)
		buf_put_str(b, cut);
	return b->failed ? -1 : 0;
}

int
header_put_utf8(struct buf *b, struct str address)
{
	char	to[ESCAPE_LEN];
	size_t	n;

	for (; address.n != 0; address = str_skip(address, n)) {
		if ((n = addr_utf8_char(address)) != 0) {
			buf_put(b, address.p, n);
			continue;
		}
		n = 1;
		buf_put(b, to, safe_octet(address.p[0], to));
	}
	return b->failed ? -1 : 0;
}

/*
 * The octets of the next line of a value for which there is room for wish
 * octets, and for max if no blank comes earlier.  The next line begins with
 * what is left, at a blank if there is one.
 */
static size_t
piece_length(struct str s, size_t wish, size_t max)
{
	size_t	n, blank = 0;

	if (s.n <= wish)
		return s.n;
	/* a blank at the front is the fold before it */
	for (n = 1; n < s.n && n <= max; n++) {
		if (s.p[n] == ' ')
			blank = n;
		if (n >= wish && blank != 0)
			return blank;
	}
	return s.n <= max ? s.n : max;
}

static int
put_folded(struct buf *b, struct str s, size_t used)
{
	size_t	n, wish;

	while (s.n != 0 && !b->failed) {
		wish = used < HEADER_LINE_WISH ? HEADER_LINE_WISH - used : 0;
		n = piece_length(s, wish, HEADER_LINE_MAX - used);
		buf_put(b, s.p, n);
		s = str_skip(s, n);
		used = 0;
		if (s.n == 0)
			break;
		buf_puts(b, "\r\n");
		/* one blank: a line of blanks looks empty to some */
		while (s.n > 1 && s.p[0] == ' ' && s.p[1] == ' ')
			s = str_skip(s, 1);
		if (s.p[0] != ' ') {	/* a word that had to be broken */
			buf_putc(b, ' ');
			used = 1;
		}
	}
	return buf_puts(b, "\r\n");
}

int
header_put_field(struct buf *b, const char *name, struct str value)
{
	struct buf	safe = BUF_INIT(HEADER_BLOCK_MAX);
	struct str	s;

	header_put_safe(&safe, value, HEADER_BLOCK_MAX);
	s = buf_str(&safe);
	while (s.n != 0 && s.p[0] == ' ')
		s = str_skip(s, 1);
	while (s.n != 0 && s.p[s.n - 1] == ' ')
		s.n--;
	buf_printf(b, "%s: ", name);
	put_folded(b, s, strlen(name) + 2);
	b->failed |= safe.failed;
	buf_clear(&safe);
	return b->failed ? -1 : 0;
}

const char *
header_date(char text[HEADER_DATE_MAX], time_t when, int offset_minutes)
{
	static const char	days[7][4] = {
		"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"
	};
	static const char	months[12][4] = {
		"Jan", "Feb", "Mar", "Apr", "May", "Jun",
		"Jul", "Aug", "Sep", "Oct", "Nov", "Dec"
	};
	unsigned		off = (unsigned)(offset_minutes < 0 ?
				    -offset_minutes : offset_minutes);
	struct tm		tm = { .tm_mday = 1 };

	when += (time_t)offset_minutes * 60;
	gmtime_r(&when, &tm);
	snprintf(text, HEADER_DATE_MAX,
	    "%s, %d %s %04d %02d:%02d:%02d %c%02u%02u", days[tm.tm_wday],
	    tm.tm_mday, months[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour,
	    tm.tm_min, tm.tm_sec, offset_minutes < 0 ? '-' : '+',
	    off / 60 % 100, off % 60);
	return text;
}

int
header_put_message_id(struct buf *b, time_t when, uint64_t unique,
    struct str host)
{
	struct tm	tm = { .tm_mday = 1 };

	gmtime_r(&when, &tm);
	return buf_printf(b, "<%04d%02d%02d%02d%02d%02d.%016" PRIX64 "@%.*s>",
	    tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour,
	    tm.tm_min, tm.tm_sec, unique, STR_FMT(host));
}
