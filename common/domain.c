/*
 * Domain names, literals and EHLO arguments.  One pass over the octets with
 * the length of the current label as the only state.
 */
#include "domain.h"

static bool
is_alnum(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
	    (c >= 'a' && c <= 'z');
}

static char
to_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

static bool
label_is_valid(struct str label)
{
	if (label.n == 0 || label.n > DOMAIN_LABEL_MAX ||
	    label.p[0] == '-' || label.p[label.n - 1] == '-')
		return false;
	for (size_t i = 0; i < label.n; i++)
		if (!is_alnum(label.p[i]) && label.p[i] != '-' &&
		    label.p[i] != '_')
			return false;
	return true;
}

bool
domain_is_valid(struct str s)
{
	const char	*dot;
	struct str	 label;

	if (s.n == 0 || s.n > DOMAIN_MAX)
		return false;
	while ((dot = memchr(s.p, '.', s.n)) != NULL) {
		label = str_bytes(s.p, (size_t)(dot - s.p));
		if (!label_is_valid(label))
			return false;
		s = str_skip(s, label.n + 1);
	}
	return label_is_valid(s);
}

int
domain_parse(struct str text, unsigned flags, char store[DOMAIN_MAX],
    struct str *name)
{
	*name = STR_NONE;
	if ((flags & DOMAIN_FINAL_DOT) && text.n != 0 &&
	    text.p[text.n - 1] == '.')
		text.n--;
	if (!domain_is_valid(text))
		return -1;
	for (size_t i = 0; i < text.n; i++)
		store[i] = to_lower(text.p[i]);
	*name = str_bytes(store, text.n);
	return 0;
}

int
domain_literal_parse(struct str s, struct netaddr *a)
{
	static const struct str	tag = STR("IPv6:");
	bool			tagged;

	*a = (struct netaddr){ 0 };
	if (s.n < 2 || s.p[0] != '[' || s.p[s.n - 1] != ']')
		return -1;
	s = str_bytes(s.p + 1, s.n - 2);
	if ((tagged = str_starts_nocase(s, tag)))
		s = str_skip(s, tag.n);
	/* the tag and the colons of IPv6 come together or not at all */
	if (s.n == 0 || tagged != (memchr(s.p, ':', s.n) != NULL))
		return -1;
	return netaddr_parse(a, s);
}

bool
domain_equal(struct str a, struct str b)
{
	return str_equal_nocase(a, b);
}

bool
domain_is_within(struct str name, struct str parent)
{
	size_t	skip = name.n - parent.n;

	if (name.n <= parent.n || parent.n == 0)
		return parent.n != 0 && domain_equal(name, parent);
	return name.p[skip - 1] == '.' &&
	    domain_equal(str_skip(name, skip), parent);
}

enum domain_helo
domain_helo_check(struct str s)
{
	struct netaddr	a;

	if (s.n == 0 || s.n > DOMAIN_MAX)
		return HELO_GARBAGE;
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] <= ' ' || s.p[i] > '~')
			return HELO_GARBAGE;
	if (domain_literal_parse(s, &a) == 0)
		return HELO_LITERAL;
	return domain_is_valid(s) ? HELO_NAME : HELO_ODD;
}
