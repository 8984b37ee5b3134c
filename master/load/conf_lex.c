/*
 * The lexer, by hand.  A word is a run of octets that are neither blank,
 * control, nor one of ; { } " and does not begin with #; or it stands in
 * double quotes on one line, with \" and \\ for those two.  So that mailbox
 * paths need no quotes, %{name} is part of a word.  Comments go from # to
 * the end of the line.
 */
#include "conf_lex.h"

void
lexer_init(struct lexer *lx, struct str text)
{
	*lx = (struct lexer){ .rest = text, .line = 1, .token = TOKEN_END };
}

void
lexer_again(struct lexer *lx)
{
	lx->again = true;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool
is_control(char c)
{
	return (unsigned char)c < 0x20 || c == 0x7f;
}

static bool
ends_word(char c)
{
	return is_blank(c) || is_control(c) || c == ';' || c == '{' ||
	    c == '}' || c == '"';
}

/* The length of a "%{name}" at the front of s, or 0. */
static size_t
placeholder(struct str s)
{
	size_t	 n = 2;

	if (s.n < 3 || s.p[0] != '%' || s.p[1] != '{')
		return 0;
	while (n < s.n && s.p[n] >= 'a' && s.p[n] <= 'z')
		n++;
	return n < s.n && n > 2 && s.p[n] == '}' ? n + 1 : 0;
}

/* The length of the bare word at the front of s. */
static size_t
word_length(struct str s)
{
	size_t	 n = 0, skip;

	while (n < s.n) {
		skip = placeholder(str_skip(s, n));
		if (skip == 0 && ends_word(s.p[n]))
			break;
		n += skip != 0 ? skip : 1;
	}
	return n;
}

bool
lexer_needs_quotes(struct str s)
{
	return s.n == 0 || s.p[0] == '#' || word_length(s) != s.n;
}

static void
skip_blanks(struct lexer *lx)
{
	bool	 comment = false;
	size_t	 i;

	for (i = 0; i < lx->rest.n; i++) {
		char	 c = lx->rest.p[i];

		if (c == '\n') {
			comment = false;
			lx->line++;
		} else if (c == '#')
			comment = true;
		else if (!comment && !is_blank(c))
			break;
	}
	lx->rest = str_skip(lx->rest, i);
}

static enum token
bad(struct lexer *lx, size_t skip, const char *why)
{
	lx->rest = str_skip(lx->rest, skip);
	lx->why = why;
	return TOKEN_BAD;
}

static enum token
give_word(struct lexer *lx, size_t skip, size_t n)
{
	lx->rest = str_skip(lx->rest, skip);
	lx->word = str_bytes(lx->store, n);
	return TOKEN_WORD;
}

static enum token
bare_word(struct lexer *lx)
{
	size_t	 n = word_length(lx->rest);

	if (n > WORD_MAX)
		return bad(lx, n, "a word is too long");
	if (n < lx->rest.n && lx->rest.p[n] == '"')
		return bad(lx, n + 1, "a quote within a word");
	memcpy(lx->store, lx->rest.p, n);
	return give_word(lx, n, n);
}

static enum token
quoted_word(struct lexer *lx)
{
	const char	*s = lx->rest.p;
	size_t		 i, n = 0;

	for (i = 1; i < lx->rest.n && s[i] != '"'; i++) {
		if (is_control(s[i]) && s[i] != '\t')
			return bad(lx, i, "a quoted word does not end on its "
			    "line");
		if (s[i] == '\\' && i + 1 < lx->rest.n &&
		    (s[i + 1] == '"' || s[i + 1] == '\\'))
			i++;
		else if (s[i] == '\\')
			return bad(lx, i + 1, "a backslash in quotes stands "
			    "before \" or \\ only");
		if (n == WORD_MAX)
			return bad(lx, i, "a word is too long");
		lx->store[n++] = s[i];
	}
	if (i == lx->rest.n)
		return bad(lx, i, "a quoted word does not end");
	i++;
	if (i < lx->rest.n && (!ends_word(s[i]) || s[i] == '"'))
		return bad(lx, i, "no blank behind a quoted word");
	return give_word(lx, i, n);
}

static enum token
mark(struct lexer *lx, enum token token)
{
	lx->rest = str_skip(lx->rest, 1);
	return token;
}

enum token
lexer_next(struct lexer *lx)
{
	if (lx->again) {
		lx->again = false;
		return lx->token;
	}
	skip_blanks(lx);
	if (lx->rest.n == 0)
		return lx->token = TOKEN_END;
	switch (lx->rest.p[0]) {
	case ';':
		return lx->token = mark(lx, TOKEN_SEMICOLON);
	case '{':
		return lx->token = mark(lx, TOKEN_OPEN);
	case '}':
		return lx->token = mark(lx, TOKEN_CLOSE);
	case '"':
		return lx->token = quoted_word(lx);
	default:
		if (is_control(lx->rest.p[0]))
			return lx->token = bad(lx, 1, "a control character");
		return lx->token = bare_word(lx);
	}
}
