/*
 * Header sections.  Reading borrows from the block and looks at each octet
 * once; writing goes to a buffer of the caller's, and nothing remote gets
 * into it but through header_put_safe.
 */
#include "header.h"

enum {			/* of header_end: behind ... */
	LINE_END,
	EMPTY_CR,	/* a CR at the start of a line */
	OCTET,
	LINE_CR		/* a CR elsewhere */
};

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static uint8_t
end_step(uint8_t matched, char c)
{
	if (c == '\n' && matched == LINE_CR)
		return LINE_END;
	if (c == '\r')
		return matched == LINE_END ? EMPTY_CR : LINE_CR;
	return OCTET;
}

size_t
header_end_find(struct header_end *e, struct str chunk)
{
	const char	*cr;
	size_t		 i = 0;

	while (i < chunk.n && !e->found) {
		if (e->matched == OCTET) {
			cr = memchr(chunk.p + i, '\r', chunk.n - i);
			if (cr == NULL)
				return chunk.n;
			i = (size_t)(cr - chunk.p);
		}
		e->found = e->matched == EMPTY_CR && chunk.p[i] == '\n';
		e->matched = end_step(e->matched, chunk.p[i++]);
	}
	return i;
}

/* The octets up to and with the first CRLF, or all. */
static size_t
line_length(struct str s)
{
	const char	*p = s.p, *end = s.p + s.n;

	while (p < end && (p = memchr(p, '\n', (size_t)(end - p))) != NULL) {
		p++;
		if (p - s.p >= 2 && p[-2] == '\r')
			return (size_t)(p - s.p);
	}
	return s.n;
}

static size_t
field_length(struct str s)
{
	size_t	n = 0;

	do
		n += line_length(str_skip(s, n));
	while (n < s.n && is_blank(s.p[n]));
	return n;
}

/*
 * RFC 5322 2.2: printable and no colon.  Blanks before the colon are
 * obsolete (4.5.8) but still sent.
 */
static struct str
field_name(struct str line)
{
	size_t	n = 0, end;

	while (n < line.n && line.p[n] > ' ' && line.p[n] <= '~' &&
	    line.p[n] != ':')
		n++;
	for (end = n; end < line.n && is_blank(line.p[end]); end++)
		continue;
	if (end == line.n || line.p[end] != ':')
		return STR_NONE;
	return str_bytes(line.p, n);
}

bool
header_next(struct str *rest, struct header_field *f)
{
	const char	*colon;

	*f = (struct header_field){ STR_NONE, STR_NONE, STR_NONE };
	if (rest->n == 0 || (rest->n >= 2 && memcmp(rest->p, "\r\n", 2) == 0))
		return false;
	f->raw = str_bytes(rest->p, field_length(*rest));
	*rest = str_skip(*rest, f->raw.n);
	f->value = f->raw;
	f->name = field_name(f->raw);
	if (f->name.n != 0) {
		colon = memchr(f->raw.p, ':', f->raw.n);
		f->value = str_skip(f->raw, (size_t)(colon - f->raw.p) + 1);
	}
	if (f->value.n >= 2 &&
	    memcmp(f->value.p + f->value.n - 2, "\r\n", 2) == 0)
		f->value.n -= 2;
	return true;
}

bool
header_find(struct str block, const char *name, struct header_field *f)
{
	while (header_next(&block, f))
		if (str_equal_nocase(f->name, str_of(name)))
			return true;
	return false;
}

size_t
header_count(struct str block, const char *name)
{
	struct header_field	f;
	size_t			n = 0;

	while (header_find(block, name, &f)) {
		n++;
		block = str_bytes(f.raw.p + f.raw.n,
		    block.n - (size_t)(f.raw.p + f.raw.n - block.p));
	}
	return n;
}

size_t
header_hops(struct str block)
{
	return header_count(block, "Received");
}

enum header_verdict
header_check(struct str block)
{
	struct header_field	f;
	size_t			n = 0;

	if (block.n > HEADER_BLOCK_MAX)
		return HEADER_TOO_LARGE;
	while (header_next(&block, &f)) {
		if (++n > HEADER_FIELDS_MAX)
			return HEADER_TOO_MANY;
		if (f.name.n == 0)
			return HEADER_MALFORMED;
	}
	return HEADER_OK;
}

static bool
is_white(char c)
{
	return is_blank(c) || c == '\r' || c == '\n';
}

int
header_unfold(struct buf *b, struct str value)
{
	while (value.n != 0 && is_white(value.p[0]))
		value = str_skip(value, 1);
	while (value.n != 0 && is_white(value.p[value.n - 1]))
		value.n--;
	for (size_t i = 0; i < value.n; i++)
		if (value.p[i] != '\r' && value.p[i] != '\n')
			buf_putc(b, value.p[i]);
	return b->failed ? -1 : 0;
}
