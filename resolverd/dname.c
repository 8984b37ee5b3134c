/*
 * Names of the DNS: text to octets and back.  Every length is checked here,
 * so that whoever holds a struct dname may walk it.
 */
#include "dname.h"

/* what a label may hold in text */
static bool
is_plain(uint8_t c)
{
	return c > ' ' && c < 0x7f && c != '.' && c != '\\';
}

static uint8_t
to_lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c + ('a' - 'A')) : c;
}

static int
put_label(struct dname *d, struct str label)
{
	/* one octet stays for the root */
	if (label.n == 0 || label.n > DNAME_LABEL_MAX ||
	    d->n + label.n + 1 > DNAME_MAX - 1)
		return -1;
	d->b[d->n++] = (uint8_t)label.n;
	for (size_t i = 0; i < label.n; i++) {
		if (!is_plain((uint8_t)label.p[i]))
			return -1;
		d->b[d->n++] = to_lower((uint8_t)label.p[i]);
	}
	return 0;
}

int
dname_parse(struct dname *d, struct str s)
{
	const char	*dot;
	struct str	 label;

	d->n = 0;
	if (s.n == 0)
		return -1;
	if (s.p[s.n - 1] == '.')
		s.n--;
	while (s.n != 0) {
		dot = memchr(s.p, '.', s.n);
		label = s;
		if (dot != NULL)
			label.n = (size_t)(dot - s.p);
		if (put_label(d, label) == -1)
			return -1;
		s = str_skip(s, label.n + 1);
		if (dot != NULL && s.n == 0)
			return -1;	/* two final dots */
	}
	d->b[d->n++] = 0;
	return 0;
}

int
dname_from_wire(struct dname *d, const void *p, size_t n)
{
	const uint8_t	*b = p;
	size_t		 at = 0;

	d->n = 0;
	if (n == 0 || n > DNAME_MAX)
		return -1;
	while (at < n && b[at] != 0) {
		if (b[at] > DNAME_LABEL_MAX)
			return -1;
		at += 1u + b[at];
	}
	if (at != n - 1)
		return -1;
	/* lengths are below 'A': they may go the same way */
	for (size_t i = 0; i < n; i++)
		d->b[i] = to_lower(b[i]);
	d->n = (uint8_t)n;
	return 0;
}

struct str
dname_print(const struct dname *d, char text[DNAME_TEXT_MAX])
{
	size_t	 n = 0;

	if (d->n == 1) {
		text[0] = '.';
		return str_bytes(text, 1);
	}
	for (size_t at = 0; d->b[at] != 0; at += 1u + d->b[at]) {
		if (n != 0)
			text[n++] = '.';
		for (size_t i = 1; i <= d->b[at]; i++) {
			if (!is_plain(d->b[at + i]))
				return STR_NONE;
			text[n++] = (char)d->b[at + i];
		}
	}
	return str_bytes(text, n);
}

bool
dname_equal(const struct dname *a, const struct dname *b)
{
	return a->n == b->n && memcmp(a->b, b->b, a->n) == 0;
}

bool
dname_is_within(const struct dname *d, const struct dname *parent)
{
	size_t	 at = 0;

	/* drop labels from the front until as much is left */
	while (at < d->n && (size_t)d->n - at > parent->n)
		at += 1u + d->b[at];
	return at < d->n && (size_t)d->n - at == parent->n &&
	    memcmp(d->b + at, parent->b, parent->n) == 0;
}
