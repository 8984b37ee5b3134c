/*
 * The two encodings that addresses travel in: xtext for DSN parameters, and
 * UTF-8, of which only the well-formed is let in.
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
