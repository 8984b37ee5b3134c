/*
 * Address lists: a tokenizer that passes over folding and comments, and a
 * parser of one element at a time.  The octets of an address, without what
 * stood between them, are collected and given to addr_parse.
 */
#include "addrlist.h"

#include <stdint.h>

/* Kinds of tokens; the specials of RFC 5322 3.2.3 stand for themselves. */
enum {
	T_END = 256,
	T_ATOM,			/* without its dots, which are specials */
	T_QUOTED,		/* with its quotes */
	T_LITERAL,		/* with its brackets */
	T_BAD			/* something that does not end, or a control */
};

struct token {
	int		kind;
	struct str	raw;
};

/* The words read so far: a local part, or somebody's name. */
struct words {
	char		text[ADDR_PATH_MAX];
	size_t		len;
	size_t		end;		/* of the last one, in the list */
	bool		any;
	bool		word_last;	/* and no dot behind it */
	bool		name_only;	/* two without a dot between, or too
					   long: no local part */
};

/* ---- tokens ------------------------------------------------------------ */

static bool
is_white(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool
is_atom_octet(char c)
{
	uint8_t	 o = (uint8_t)c;

	/* 8-bit octets are seen in names, and checked in addresses later */
	return o > ' ' && o != 0x7f && strchr("()<>[]:;@\\,.\"", c) == NULL;
}

/* Behind a comment's closing parenthesis; 0 when it has none. */
static size_t
comment_end(struct str s, size_t i)
{
	size_t	 depth = 0;

	for (; i < s.n; i++) {
		if (s.p[i] == '\\')
			i++;
		else if (s.p[i] == '(')
			depth++;
		else if (s.p[i] == ')' && --depth == 0)
			return i + 1;
	}
	return 0;
}

/* Behind the first close that no backslash stands before; 0 without one. */
static size_t
closing(struct str s, size_t i, char close)
{
	for (; i < s.n; i++) {
		if (s.p[i] == '\\')
			i++;
		else if (s.p[i] == close)
			return i + 1;
	}
	return 0;
}

/* Passes over blanks, folds and comments; -1 when a comment does not end. */
static int
skip_white(struct addrlist *l)
{
	size_t	 end;

	while (l->at < l->text.n) {
		if (is_white(l->text.p[l->at])) {
			l->at++;
			continue;
		}
		if (l->text.p[l->at] != '(')
			break;
		if ((end = comment_end(l->text, l->at)) == 0)
			return -1;
		l->at = end;
	}
	return 0;
}

static struct token
token_to(struct addrlist *l, int kind, size_t end)
{
	struct token	 t = { end != 0 ? kind : T_BAD, STR_NONE };

	if (end != 0) {
		t.raw = str_bytes(l->text.p + l->at, end - l->at);
		l->at = end;
	}
	return t;
}

static struct token
next_token(struct addrlist *l)
{
	static const struct token	 bad = { T_BAD, STR_NONE };
	static const struct token	 end = { T_END, STR_NONE };
	size_t				 i;
	char				 c;

	if (skip_white(l) == -1)
		return bad;
	if (l->at == l->text.n)
		return end;
	c = l->text.p[l->at];
	if (c == '"')
		return token_to(l, T_QUOTED, closing(l->text, l->at + 1, '"'));
	if (c == '[')
		return token_to(l, T_LITERAL,
		    closing(l->text, l->at + 1, ']'));
	for (i = l->at; i < l->text.n && is_atom_octet(l->text.p[i]); i++)
		continue;
	if (i != l->at)
		return token_to(l, T_ATOM, i);
	return c != '\0' && strchr("<>:;@,.", c) != NULL ?
	    token_to(l, c, l->at + 1) : bad;
}

/* ---- addresses --------------------------------------------------------- */

/* Adds a token without the folds that a quoted string may have in it. */
static int
put(char text[ADDR_PATH_MAX], size_t *len, struct str raw)
{
	for (size_t i = 0; i < raw.n; i++) {
		if (raw.p[i] == '\r' || raw.p[i] == '\n')
			continue;
		if (*len == ADDR_PATH_MAX)
			return -1;
		text[(*len)++] = raw.p[i];
	}
	return 0;
}

static void
add_word(struct words *w, const struct addrlist *l, const struct token *t)
{
	bool	 is_word = t->kind != '.';

	if ((is_word && w->word_last) || put(w->text, &w->len, t->raw) == -1)
		w->name_only = true;
	w->any = true;
	w->word_last = is_word;
	w->end = l->at;
}

/* Adds the domain at the front of the list to what has been read. */
static int
add_domain(struct addrlist *l, struct words *w)
{
	struct addrlist	 before;
	struct token	 t;

	if (put(w->text, &w->len, str_of("@")) == -1)
		return -1;
	for (;;) {
		before = *l;
		t = next_token(l);
		if (t.kind != T_ATOM && t.kind != '.' && t.kind != T_LITERAL)
			break;
		if (put(w->text, &w->len, t.raw) == -1)
			return -1;
	}
	*l = before;
	return 0;
}

static int
finish(const struct words *w, char store[ADDR_STORE_MAX],
    struct addrlist_item *item)
{
	struct str	 text = str_bytes(w->text, w->len);

	if (!w->any || w->name_only)
		return -1;
	item->local_end = w->end;
	return addr_parse(text, ADDR_BARE | ADDR_LENIENT |
	    ADDR_UTF8 | ADDR_ULABEL, store,
	    &item->addr) == ADDR_OK ? 1 : -1;
}

/* An element has been read: the list goes on or ends. */
static int
element_ends(struct addrlist *l)
{
	struct token	 t = next_token(l);

	if (t.kind == ';' && l->in_group) {
		l->in_group = false;
		return 0;
	}
	return t.kind == ',' || t.kind == T_END ? 0 : -1;
}

/* RFC 5322 4.4: a route before the address, of which nothing is kept */
static int
skip_route(struct addrlist *l)
{
	struct addrlist	 before = *l;
	struct token	 t = next_token(l);

	if (t.kind != '@') {
		*l = before;
		return 0;
	}
	while (t.kind == '@' || t.kind == ',' || t.kind == '.' ||
	    t.kind == T_ATOM || t.kind == T_LITERAL)
		t = next_token(l);
	return t.kind == ':' ? 0 : -1;
}

/* Behind "<". */
static int
angle_address(struct addrlist *l, char store[ADDR_STORE_MAX],
    struct addrlist_item *item)
{
	struct words	 w = { .len = 0 };
	struct token	 t;

	if (skip_route(l) == -1)
		return -1;
	for (t = next_token(l); t.kind == T_ATOM || t.kind == T_QUOTED ||
	    t.kind == '.'; t = next_token(l))
		add_word(&w, l, &t);
	if (t.kind == '@') {
		if (add_domain(l, &w) == -1)
			return -1;
		t = next_token(l);
	}
	if (t.kind != '>' || element_ends(l) == -1)
		return -1;
	return finish(&w, store, item);
}

/* What a token that is no word means for the words before it. */
static int
delimited(struct addrlist *l, int kind, struct words *w,
    char store[ADDR_STORE_MAX], struct addrlist_item *item)
{
	switch (kind) {
	case '<':
		return angle_address(l, store, item);
	case '@':
		if (add_domain(l, w) == -1 || element_ends(l) == -1)
			return -1;
		return finish(w, store, item);
	case ';':
		if (!l->in_group)
			return -1;
		l->in_group = false;
		return finish(w, store, item);
	case ',':
	case T_END:
		return finish(w, store, item);
	default:
		return -1;
	}
}

/* Passes over what may stand between elements; the first token behind. */
static struct token
first_token(struct addrlist *l)
{
	struct token	 t = next_token(l);

	while (t.kind == ',' || (t.kind == ';' && l->in_group)) {
		if (t.kind == ';')
			l->in_group = false;
		t = next_token(l);
	}
	return t;
}

void
addrlist_init(struct addrlist *l, struct str text)
{
	*l = (struct addrlist){ .text = text };
}

int
addrlist_next(struct addrlist *l, char store[ADDR_STORE_MAX],
    struct addrlist_item *item)
{
	struct words	 w = { .len = 0 };
	struct token	 t = first_token(l);

	if (t.kind == T_END)
		return 0;
	for (;;) {
		if (t.kind == T_ATOM || t.kind == T_QUOTED || t.kind == '.') {
			add_word(&w, l, &t);
			t = next_token(l);
			continue;
		}
		if (t.kind != ':' || !w.any || l->in_group)
			return delimited(l, t.kind, &w, store, item);
		l->in_group = true;	/* the words were its name */
		w = (struct words){ .len = 0 };
		if ((t = first_token(l)).kind == T_END)
			return 0;
	}
}
