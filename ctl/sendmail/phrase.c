/*
 * Display names.  Controls become blanks; octets that are no UTF-8 become
 * question marks.
 */
#include "phrase.h"

#include <stdint.h>

#include <sodium.h>

#include "addr.h"

/* RFC 2047 2: an encoded word has at most 75 octets, 12 of them around */
#define ENCODED_MAX	60	/* whole groups of four */
#define WORD_MAX	(ENCODED_MAX / 4 * 3)

enum kind { PLAIN, QUOTED, ENCODED };

static enum kind
kind_of(struct str s)
{
	enum kind	 kind = PLAIN;

	for (size_t i = 0; i < s.n; i++) {
		if ((uint8_t)s.p[i] >= 0x80)
			return ENCODED;
		if (strchr("()<>[]:;@\\,.\"", s.p[i]) != NULL)
			kind = QUOTED;
	}
	return kind;
}

static void
put_quoted(struct buf *b, struct str s)
{
	buf_putc(b, '"');
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '"' || s.p[i] == '\\')
			buf_putc(b, '\\');
		buf_putc(b, s.p[i]);
	}
	buf_putc(b, '"');
}

/* Characters of the name, never parts of one: RFC 2047 5. */
static size_t
word_length(struct str s)
{
	size_t	 n = 0, len;

	while (n < s.n) {
		len = addr_utf8_char(str_skip(s, n));
		len = len != 0 ? len : 1;
		if (n + len > WORD_MAX)
			break;
		n += len;
	}
	return n;
}

static void
put_encoded(struct buf *b, struct str s)
{
	char	 text[ENCODED_MAX + 1];
	size_t	 n;

	for (; s.n != 0; s = str_skip(s, n)) {
		n = word_length(s);
		sodium_bin2base64(text, sizeof(text), (const uint8_t *)s.p, n,
		    sodium_base64_VARIANT_ORIGINAL);
		buf_printf(b, "=?UTF-8?B?%s?=%s", text, n < s.n ? " " : "");
	}
}

/* Copies at most max octets of the name, made harmless; how many. */
static size_t
clean(char *to, size_t max, struct str s)
{
	size_t	 n = 0, len;

	while (s.n != 0) {
		if ((len = addr_utf8_char(s)) == 0)
			len = 1;
		if (n + len > max)
			break;
		memcpy(to + n, s.p, len);
		if (len == 1 && ((uint8_t)to[n] < ' ' || to[n] == 0x7f))
			to[n] = ' ';
		else if (len == 1 && (uint8_t)to[n] >= 0x80)
			to[n] = '?';
		n += len;
		s = str_skip(s, len);
	}
	return n;
}

int
phrase_put(struct buf *b, struct str name)
{
	char		 text[PHRASE_MAX];
	struct str	 s = str_bytes(text, clean(text, sizeof(text), name));

	switch (kind_of(s)) {
	case PLAIN:
		buf_put_str(b, s);
		break;
	case QUOTED:
		put_quoted(b, s);
		break;
	case ENCODED:
		put_encoded(b, s);
		break;
	}
	return b->failed ? -1 : 0;
}
