/*
 * Mail addresses.  A cursor goes over the input once, from left to right;
 * each piece of the grammar is one function that moves it.  Octets of the
 * local part are written to the caller's store without their quoting, the
 * domain behind them.
 */
#include "addr.h"

#include <stdint.h>

struct cursor {
	struct str	 left;		/* what is still to be read */
	unsigned	 flags;
	char		*store;		/* ADDR_STORE_MAX octets */
	size_t		 stored;
};

static const char	specials[] = "!#$%&'*+-/=?^_`{|}~";	/* of atext */

static bool
is_atext(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
	    (c >= 'a' && c <= 'z') ||
	    (c != '\0' && strchr(specials, c) != NULL);
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* The next octet, or -1 at the end; its sign is that of an octet. */
static int
peek(const struct cursor *c)
{
	return c->left.n != 0 ? (uint8_t)c->left.p[0] : -1;
}

static bool
take(struct cursor *c, char want)
{
	if (peek(c) != (uint8_t)want)
		return false;
	c->left = str_skip(c->left, 1);
	return true;
}

/* Moves n octets of the local part to the store. */
static enum addr_result
keep(struct cursor *c, size_t n)
{
	if (n > ADDR_PATH_MAX - c->stored)
		return ADDR_TOO_LONG;
	memcpy(c->store + c->stored, c->left.p, n);
	c->stored += n;
	c->left = str_skip(c->left, n);
	return ADDR_OK;
}

/* What to call an octet that cannot stand where it is. */
static enum addr_result
misplaced(int octet)
{
	return octet != -1 && (octet < ' ' || octet > '~') ?
	    ADDR_BAD_OCTET : ADDR_BAD_SYNTAX;
}

static size_t
utf8_here(const struct cursor *c)
{
	return (c->flags & ADDR_UTF8) ? addr_utf8_char(c->left) : 0;
}

/* RFC 5321 4.1.2 Quoted-string, behind its opening quote */
static enum addr_result
quoted_string(struct cursor *c)
{
	enum addr_result	r = ADDR_OK;
	size_t			n;
	int			octet;

	while (r == ADDR_OK && !take(c, '"')) {
		if ((n = utf8_here(c)) == 0) {
			take(c, '\\');
			octet = peek(c);
			if (octet < ' ' || octet > '~')
				return misplaced(octet);
			n = 1;
		}
		r = keep(c, n);
	}
	return r;
}

/* The length of an atext, in octets, at the front; 0 if there is none. */
static size_t
atext_here(const struct cursor *c)
{
	if (c->left.n != 0 && is_atext(c->left.p[0]))
		return 1;
	return utf8_here(c);
}

/*
 * RFC 5321 4.1.2 Dot-string.  Some carriers gave out local parts with dots
 * in a row or at an end; the lenient take them, and addr_put quotes them.
 */
static enum addr_result
dot_string(struct cursor *c)
{
	enum addr_result	r = ADDR_OK;
	bool			atoms = false, odd = false, dot = true;
	size_t			n;

	for (;;) {
		if ((n = atext_here(c)) != 0) {
			atoms = true;
			dot = false;
		} else if (peek(c) == '.') {
			odd |= dot;
			dot = true;
			n = 1;
		} else
			break;
		if ((r = keep(c, n)) != ADDR_OK)
			return r;
	}
	if (!atoms)
		return misplaced(peek(c));
	return (odd || dot) && !(c->flags & ADDR_LENIENT) ?
	    ADDR_BAD_SYNTAX : ADDR_OK;
}

/* A literal with its brackets, or what stands before any delimiter. */
static struct str
domain_extent(struct str s)
{
	bool	literal = domain_is_literal(s);
	size_t	n = 0;

	while (n < s.n && s.p[n] != '>' && !is_blank(s.p[n])) {
		if (literal && s.p[n] == ']')
			return str_bytes(s.p, n + 1);
		if (!literal && (s.p[n] == ',' || s.p[n] == ':'))
			break;
		n++;
	}
	return str_bytes(s.p, n);
}

/* U-labels are kept as they are; it is only seen that they are UTF-8. */
static enum addr_result
ulabels(struct str text, char *to, struct str *name)
{
	size_t	n;

	for (struct str s = text; s.n != 0; s = str_skip(s, n)) {
		n = s.p[0] > ' ' && s.p[0] <= '~' ? 1 : addr_utf8_char(s);
		if (n == 0)
			return ADDR_BAD_OCTET;
	}
	memcpy(to, text.p, text.n);
	*name = str_bytes(to, text.n);
	return ADDR_OK;
}

static bool
has_ulabels(const struct cursor *c, struct str text)
{
	return (c->flags & ADDR_ULABEL) && !str_is_ascii(text) &&
	    !domain_is_literal(text);
}

/* A literal is stored as we would print it, so that spellings compare. */
static enum addr_result
ascii_domain(struct str text, char *to, struct str *name)
{
	struct netaddr	a;
	char		literal[NETADDR_TEXT_MAX];

	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] < ' ' || text.p[i] > '~')
			return ADDR_BAD_OCTET;
	if (!domain_is_literal(text))
		return domain_parse(text, 0, to, name) == -1 ?
		    ADDR_BAD_DOMAIN : ADDR_OK;
	if (domain_literal_parse(text, &a) == -1)
		return ADDR_BAD_DOMAIN;
	*name = str_of(netaddr_print_literal(&a, literal));
	memcpy(to, name->p, name->n);
	name->p = to;
	return ADDR_OK;
}

static enum addr_result
domain(struct cursor *c, struct str *name)
{
	struct str		text = domain_extent(c->left);
	char			*to = c->store + c->stored;
	enum addr_result	r;

	if (text.n > DOMAIN_MAX)
		return ADDR_TOO_LONG;
	r = has_ulabels(c, text) ? ulabels(text, to, name) :
	    ascii_domain(text, to, name);
	if (r == ADDR_OK)
		c->left = str_skip(c->left, text.n);
	return r;
}

/* RFC 5321 4.1.2 A-d-l and its colon; nothing of it is kept */
static enum addr_result
source_route(struct cursor *c)
{
	enum addr_result	r;
	struct str		name;

	do {
		if (!take(c, '@'))
			return misplaced(peek(c));
		if ((r = domain(c, &name)) != ADDR_OK)
			return r;
	} while (take(c, ','));
	return take(c, ':') ? ADDR_OK : misplaced(peek(c));
}

static bool
may_lack_domain(const struct cursor *c, struct str local)
{
	static const struct str	postmaster = STR("postmaster");

	if (local.n == 0)	/* it would pass for the null path */
		return false;
	return (c->flags & ADDR_BARE) ||
	    ((c->flags & ADDR_POSTMASTER) &&
	    str_equal_nocase(local, postmaster));
}

static enum addr_result
mailbox(struct cursor *c, struct addr *out)
{
	enum addr_result	r;
	int			octet;

	r = take(c, '"') ? quoted_string(c) : dot_string(c);
	if (r != ADDR_OK)
		return r;
	out->local = str_bytes(c->store, c->stored);
	if (take(c, '@'))
		return domain(c, &out->domain);
	octet = peek(c);
	if (octet != -1 && octet != '>' && !is_blank((char)octet))
		return misplaced(octet);
	return may_lack_domain(c, out->local) ? ADDR_OK : ADDR_NO_DOMAIN;
}

static enum addr_result
bracketed_path(struct cursor *c, struct addr *out)
{
	enum addr_result	r;

	if (take(c, '>'))
		return (c->flags & ADDR_NULL) ? ADDR_OK : ADDR_BAD_SYNTAX;
	if (peek(c) == '@' && (r = source_route(c)) != ADDR_OK)
		return r;
	if ((r = mailbox(c, out)) != ADDR_OK)
		return r;
	return take(c, '>') ? ADDR_OK : misplaced(peek(c));
}

enum addr_result
addr_parse_path(struct str *in, unsigned flags, char store[ADDR_STORE_MAX],
    struct addr *out)
{
	struct cursor		c = { *in, flags, store, 0 };
	struct addr		a = { STR_NONE, STR_NONE };
	enum addr_result	r;
	size_t			brackets = 0, before;

	while ((flags & ADDR_LENIENT) && c.left.n != 0 &&
	    is_blank(c.left.p[0]))
		c.left = str_skip(c.left, 1);
	before = c.left.n;
	if (take(&c, '<'))
		r = bracketed_path(&c, &a);
	else if (flags & ADDR_LENIENT) {
		r = mailbox(&c, &a);
		brackets = 2;
	} else
		r = misplaced(peek(&c));
	if (r != ADDR_OK)
		return r;
	if (c.left.n != 0 && !is_blank(c.left.p[0]))
		return misplaced(peek(&c));
	if (before - c.left.n + brackets > ADDR_PATH_MAX)
		return ADDR_TOO_LONG;
	*in = c.left;
	*out = a;
	return ADDR_OK;
}

enum addr_result
addr_parse(struct str text, unsigned flags, char store[ADDR_STORE_MAX],
    struct addr *out)
{
	struct cursor		c = { text, flags, store, 0 };
	struct addr		a = { STR_NONE, STR_NONE };
	enum addr_result	r;

	if (text.n + 2 > ADDR_PATH_MAX)
		return ADDR_TOO_LONG;
	if (text.n != 0 || !(flags & ADDR_NULL)) {
		if ((r = mailbox(&c, &a)) != ADDR_OK)
			return r;
		if (c.left.n != 0)
			return misplaced(peek(&c));
	}
	*out = a;
	return ADDR_OK;
}

const char *
addr_result_text(enum addr_result r)
{
	static const char	*const texts[] = {
		[ADDR_OK] = "address is well-formed",
		[ADDR_BAD_SYNTAX] = "bad address syntax",
		[ADDR_BAD_OCTET] = "bad octet in address",
		[ADDR_BAD_DOMAIN] = "bad domain in address",
		[ADDR_NO_DOMAIN] = "address lacks a domain",
		[ADDR_TOO_LONG] = "address too long",
	};

	return texts[r];
}

bool
addr_equal(const struct addr *a, const struct addr *b)
{
	return str_equal(a->local, b->local) &&
	    domain_equal(a->domain, b->domain);
}

int
addr_copy(struct addr *to, const struct addr *from, struct arena *arena)
{
	struct addr	copy = {
		arena_str(arena, from->local), arena_str(arena, from->domain)
	};

	*to = (struct addr){ STR_NONE, STR_NONE };
	if (copy.local.p == NULL || copy.domain.p == NULL)
		return -1;
	*to = copy;
	return 0;
}

/* True for what need not be quoted: a Dot-string, with UTF-8 as atext. */
static bool
is_dot_string(struct str s)
{
	bool	atom = false;

	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '.' && !atom)
			return false;
		atom = s.p[i] != '.';
		if (atom && !is_atext(s.p[i]) && (s.p[i] & 0x80) == 0)
			return false;
	}
	return atom;
}

int
addr_put_local(struct buf *b, struct str local)
{
	if (is_dot_string(local))
		return buf_put_str(b, local);
	buf_putc(b, '"');
	for (size_t i = 0; i < local.n; i++) {
		if (local.p[i] == '"' || local.p[i] == '\\')
			buf_putc(b, '\\');
		buf_putc(b, local.p[i]);
	}
	return buf_putc(b, '"');
}

int
addr_put(struct buf *b, const struct addr *a)
{
	if (addr_is_null(a))
		return b->failed ? -1 : 0;
	addr_put_local(b, a->local);
	if (a->domain.n != 0) {
		buf_putc(b, '@');
		buf_put_str(b, a->domain);
	}
	return b->failed ? -1 : 0;
}
