/*
 * The encodings that addresses travel in: xtext for DSN parameters, unitext
 * for those of internationalized addresses, and UTF-8, of which only the
 * well-formed is let in.
 */
#include "addr.h"

#include <stdint.h>

int
addr_xtext_put(struct buf *b, struct str s)
{
	static const char	hex[] = "0123456789ABCDEF";
	uint8_t			c;

	for (size_t i = 0; i < s.n; i++) {
		c = (uint8_t)s.p[i];
		if (c > ' ' && c <= '~' && c != '+' && c != '=') {
			buf_putc(b, c);
			continue;
		}
		buf_putc(b, '+');
		buf_putc(b, hex[c >> 4]);
		buf_putc(b, hex[c & 15]);
	}
	return b->failed ? -1 : 0;
}

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* One octet off the front of an xtext that is not empty; -1 if it is bad. */
static int
xtext_octet(struct str *s)
{
	char	c = s->p[0];
	int	high, low;

	if (c <= ' ' || c > '~' || c == '=')
		return -1;
	if (c != '+') {
		*s = str_skip(*s, 1);
		return c;
	}
	if (s->n < 3 || (high = hex_digit(s->p[1])) == -1 ||
	    (low = hex_digit(s->p[2])) == -1)
		return -1;
	*s = str_skip(*s, 3);
	return high << 4 | low;
}

int
addr_xtext_decode(struct buf *b, struct str s)
{
	size_t	before = b->len;
	int	octet = 0;

	while (s.n != 0 && octet != -1)
		if ((octet = xtext_octet(&s)) != -1)
			buf_putc(b, octet);
	if (octet != -1 && !b->failed)
		return 0;
	buf_truncate(b, before);
	return -1;
}

/* ---- RFC 6533 3 -------------------------------------------------------- */

#define POINT_MAX	0x10ffff
#define POINT_DIGITS	6

static bool
is_qchar(char c)
{
	return c > ' ' && c <= '~' && c != '+' && c != '=' && c != '\\';
}

/* The code point of the well-formed character of n octets at p. */
static uint32_t
utf8_point(const char *p, size_t n)
{
	uint32_t	 point = (uint8_t)p[0];

	if (n > 1)
		point &= 0x7fu >> n;
	for (size_t i = 1; i < n; i++)
		point = point << 6 | ((uint8_t)p[i] & 0x3f);
	return point;
}

static void
utf8_put(struct buf *b, uint32_t point)
{
	static const uint8_t	 first[] = { 0, 0xc0, 0xe0, 0xf0 };
	unsigned		 more = point < 0x80 ? 0 : point < 0x800 ? 1 :
				    point < 0x10000 ? 2 : 3;

	buf_putc(b, (int)(first[more] | point >> 6 * more));
	while (more-- != 0)
		buf_putc(b, (int)(0x80 | (point >> 6 * more & 0x3f)));
}

int
addr_unitext_put(struct buf *b, struct str s, bool ascii)
{
	size_t	n;

	for (; s.n != 0; s = str_skip(s, n)) {
		if ((n = addr_utf8_char(s)) == 0)
			n = 1;
		if (n == 1 ? is_qchar(s.p[0]) : !ascii)
			buf_put(b, s.p, n);
		else
			buf_printf(b, "\\x{%02X}", utf8_point(s.p, n));
	}
	return b->failed ? -1 : 0;
}

static bool
is_control(uint32_t point)
{
	return point <= ' ' || (point >= 0x7f && point < 0xa0);
}

/* "x{HEX}", of which the backslash was seen; 0 for what is none. */
static uint32_t
embedded(struct str *s)
{
	uint32_t	 point = 0;
	size_t		 n = 2;
	int		 digit;

	if (s->n < 2 || s->p[0] != 'x' || s->p[1] != '{')
		return 0;
	while (n < s->n && n < 2 + POINT_DIGITS &&
	    (digit = hex_digit(s->p[n])) != -1) {
		point = point << 4 | (uint32_t)digit;
		n++;
	}
	if (n == s->n || s->p[n] != '}' || point > POINT_MAX ||
	    is_control(point) || (point >= 0xd800 && point < 0xe000))
		return 0;
	*s = str_skip(*s, n + 1);
	return point;
}

/* One character off the front of a unitext that is not empty. */
static bool
unitext_char(struct buf *b, struct str *s)
{
	uint32_t	 point;
	size_t		 n;

	if (s->p[0] == '\\') {
		*s = str_skip(*s, 1);
		if ((point = embedded(s)) == 0)
			return false;
		utf8_put(b, point);
		return true;
	}
	n = is_qchar(s->p[0]) ? 1 : addr_utf8_char(*s);
	buf_put(b, s->p, n);
	*s = str_skip(*s, n);
	return n != 0;
}

int
addr_unitext_decode(struct buf *b, struct str s)
{
	size_t	before = b->len;
	bool	is_good = true;

	while (s.n != 0 && is_good)
		is_good = unitext_char(b, &s);
	if (is_good && !b->failed)
		return 0;
	buf_truncate(b, before);
	return -1;
}

size_t
addr_utf8_char(struct str s)
{
	const uint8_t	*p = (const uint8_t *)s.p;
	uint8_t		 low = 0x80, high = 0xbf;
	size_t		 n;

	if (s.n == 0 || p[0] < 0xc2 || p[0] > 0xf4)
		return 0;
	n = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
	/* no second spelling of anything, no surrogate, none past U+10FFFF */
	if (p[0] == 0xe0)
		low = 0xa0;
	else if (p[0] == 0xed)
		high = 0x9f;
	else if (p[0] == 0xf0)
		low = 0x90;
	else if (p[0] == 0xf4)
		high = 0x8f;
	if (s.n < n || p[1] < low || p[1] > high)
		return 0;
	for (size_t i = 2; i < n; i++)
		if (p[i] < 0x80 || p[i] > 0xbf)
			return 0;
	return n;
}
