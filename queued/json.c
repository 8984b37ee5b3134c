/*
 * Commas are decided by what stands before: nothing else is remembered.
 */
#include "json.h"

#include "addr.h"

/* name: NULL in a list, and for what stands alone */
static void
begin(struct buf *b, const char *name)
{
	char	 last = b->len != 0 ? buf_data(b)[b->len - 1] : '\n';

	if (last != '{' && last != '[' && last != '\n')
		buf_putc(b, ',');
	if (name != NULL)
		buf_printf(b, "\"%s\":", name);
}

void
json_open(struct buf *b, const char *name, char bracket)
{
	begin(b, name);
	buf_putc(b, bracket);
}

void
json_close(struct buf *b, char bracket)
{
	buf_putc(b, bracket);
}

void
json_number(struct buf *b, const char *name, uint64_t n)
{
	begin(b, name);
	buf_printf(b, "%llu", (unsigned long long)n);
}

void
json_bool(struct buf *b, const char *name, bool is)
{
	begin(b, name);
	buf_puts(b, is ? "true" : "false");
}

void
json_hex(struct buf *b, const char *name, const uint8_t *p, size_t n)
{
	begin(b, name);
	buf_putc(b, '"');
	for (size_t i = 0; i < n; i++)
		buf_printf(b, "%02x", p[i]);
	buf_putc(b, '"');
}

/* The code point of a well-formed character of n octets. */
static uint32_t
decode(const char *p, size_t n)
{
	uint32_t	 c = (unsigned char)p[0] & (0xffu >> (n + 1));

	for (size_t i = 1; i < n; i++)
		c = c << 6 | ((unsigned char)p[i] & 0x3f);
	return c;
}

/* Above the first 64 Ki two escapes, as UTF-16 has it (RFC 8259 7). */
static void
put_wide(struct buf *b, uint32_t c)
{
	if (c < 0x10000) {
		buf_printf(b, "\\u%04x", c);
		return;
	}
	c -= 0x10000;
	buf_printf(b, "\\u%04x\\u%04x", 0xd800 + (c >> 10),
	    0xdc00 + (c & 0x3ff));
}

static void
put_octet(struct buf *b, unsigned char c)
{
	if (c == '"' || c == '\\')
		buf_printf(b, "\\%c", c);
	else if (c < 0x20 || c == 0x7f)
		buf_printf(b, "\\u%04x", c);
	else if (c < 0x80)
		buf_putc(b, c);
	else
		buf_printf(b, "\\\\x%02x", c);
}

void
json_text(struct buf *b, const char *name, struct str s)
{
	size_t	 n;

	begin(b, name);
	buf_putc(b, '"');
	for (; s.n != 0; s = str_skip(s, n)) {
		n = addr_utf8_char(s);
		if (n != 0)
			put_wide(b, decode(s.p, n));
		else
			put_octet(b, (unsigned char)s.p[0]);
		n = n != 0 ? n : 1;
	}
	buf_putc(b, '"');
}
