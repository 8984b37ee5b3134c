/*
 * The parser.  The grammar is the same everywhere; which words mean what, is
 * in conf_table.c.
 *
 *	file      = { statement } ;
 *	statement = word { word } ( ";" | "{" { statement } "}" ) ;
 *	word      = bare | quoted ;
 *	bare      = ( octet | "%{" letter { letter } "}" )
 *	            { octet | "%{" letter { letter } "}" } ;
 *	quoted    = '"' { any | '\"' | '\\' } '"' ;
 *	octet     = any but blanks, controls, ; { } and " (a # may not begin
 *	            a word) ;
 *	any       = any but controls, " and \ ;
 *
 * `include FILE;` stands for the statements of that file, in any block; a
 * name that does not begin with / is looked for beside the including file.
 *
 * After an error the parser goes on behind the next ; or block.  A statement
 * that is broken stays in the tree, so that nobody misses it.
 */
#include "conf_parse.h"

#include <string.h>

#include "conf_lex.h"
#include "log.h"

struct parser {
	struct arena		*arena;
	const struct source	*source;
	struct report		*report;
	struct str		 file;		/* being read */
	/* the files that include each other up to this one */
	struct str		 outer[NESTING_MAX];
	unsigned		 includes, nesting, depth;
	bool			 full;		/* no more memory: give up */
	struct str		 words[WORDS_MAX];
};

static struct statement *parse_block(struct parser *, struct lexer *,
    const struct statement *);

static struct origin
place(const struct parser *p, const struct lexer *lx)
{
	return (struct origin){ p->file, lx->line };
}

static void *
allocate(struct parser *p, size_t n, size_t size)
{
	struct origin	 at = { p->file, 0 };
	void		*m;

	if (p->full)
		return NULL;
	if ((m = arena_calloc(p->arena, n, size)) == NULL) {
		p->full = true;
		report_error(p->report, &at, "the configuration is too large");
	}
	return m;
}

static struct str
copy(struct parser *p, struct str s)
{
	char	*to = allocate(p, s.n + 1, 1);

	if (to == NULL)
		return STR_NONE;
	if (s.n != 0)
		memcpy(to, s.p, s.n);
	return str_bytes(to, s.n);
}

/* Goes on behind the next ; or block, or before the } of this block. */
static void
resync(struct lexer *lx)
{
	unsigned	 open = 0;

	for (;;) {
		switch (lexer_next(lx)) {
		case TOKEN_OPEN:
			open++;
			break;
		case TOKEN_CLOSE:
			if (open == 0) {
				lexer_again(lx);
				return;
			}
			if (--open == 0)
				return;
			break;
		case TOKEN_SEMICOLON:
			if (open == 0)
				return;
			break;
		case TOKEN_END:
			return;
		case TOKEN_WORD:
		case TOKEN_BAD:
			break;
		}
	}
}

/* The words of a statement; false when what follows them is not known. */
static bool
parse_words(struct parser *p, struct lexer *lx, struct statement *st)
{
	struct origin	 at;
	struct str	*words;
	enum token	 t = TOKEN_WORD;
	size_t		 n;

	for (n = 0; t == TOKEN_WORD && n < WORDS_MAX; t = lexer_next(lx))
		p->words[n++] = copy(p, lx->word);
	st->n_words = n;
	st->last_line = lx->line;
	if ((words = allocate(p, n, sizeof(*words))) != NULL)
		memcpy(words, p->words, n * sizeof(*words));
	st->words = words;
	at = place(p, lx);
	if (t == TOKEN_WORD)
		report_error(p->report, &at, "%s: more than %d words",
		    log_text(p->words[0]), WORDS_MAX);
	else if (t == TOKEN_BAD)
		report_error(p->report, &at, "%s: %s",
		    log_text(p->words[0]), lx->why);
	return words != NULL && t != TOKEN_WORD && t != TOKEN_BAD;
}

static void
parse_children(struct parser *p, struct lexer *lx, struct statement *st)
{
	st->has_block = true;
	if (p->depth == DEPTH_MAX) {
		report_error(p->report, &st->origin, "%s: blocks nested "
		    "deeper than %d", log_text(st->words[0]), DEPTH_MAX);
		st->broken = true;
		lexer_again(lx);
		resync(lx);
		return;
	}
	p->depth++;
	st->children = parse_block(p, lx, st);
	p->depth--;
}

/* The lexer has given the first word. */
static struct statement *
parse_statement(struct parser *p, struct lexer *lx)
{
	struct statement	*st = allocate(p, 1, sizeof(*st));

	if (st == NULL)
		return NULL;
	st->origin = place(p, lx);
	if (!parse_words(p, lx, st)) {
		st->broken = true;
		resync(lx);
		return p->full ? NULL : st;
	}
	switch (lx->token) {
	case TOKEN_SEMICOLON:
		break;
	case TOKEN_OPEN:
		parse_children(p, lx, st);
		break;
	default:
		report_error(p->report, &st->origin, "%s: ends without a ;",
		    log_text(st->words[0]));
		st->broken = true;
		lexer_again(lx);
		break;
	}
	return st;
}

/* name, or name beside the file that includes it */
static struct str
beside(struct parser *p, struct str name)
{
	const char	*slash = NULL;
	char		*s;
	size_t		 dir;

	if (p->file.n != 0)
		slash = memrchr(p->file.p, '/', p->file.n);
	if (name.n == 0 || name.p[0] == '/' || slash == NULL)
		return name;
	dir = (size_t)(slash - p->file.p) + 1;
	if ((s = allocate(p, 1, dir + name.n)) == NULL)
		return STR_NONE;
	memcpy(s, p->file.p, dir);
	memcpy(s + dir, name.p, name.n);
	return str_bytes(s, dir + name.n);
}

static struct statement *
parse_file(struct parser *p, const struct statement *st, struct str name)
{
	struct buf		 text = BUF_INIT(CONF_FILE_MAX);
	struct lexer		 lx;
	struct statement	*first = NULL;
	int			 error;

	error = p->source->read(p->source->data, name, &text);
	if (error != 0)
		report_error(p->report, &st->origin, "include: %s: %s",
		    log_text(name), strerror(error));
	else {
		p->outer[p->nesting++] = p->file;
		p->file = name;
		lexer_init(&lx, buf_str(&text));
		first = parse_block(p, &lx, NULL);
		p->file = p->outer[--p->nesting];
	}
	buf_clear(&text);
	return first;
}

/* Another name for the same file is stopped by NESTING_MAX. */
static bool
is_open(const struct parser *p, struct str name)
{
	for (unsigned i = 0; i < p->nesting; i++)
		if (str_equal(p->outer[i], name))
			return true;
	return str_equal(p->file, name);
}

static struct statement *
parse_include(struct parser *p, const struct statement *st)
{
	struct str	 name;

	if (st->broken)
		return NULL;
	if (st->n_words != 2 || st->has_block) {
		report_error(p->report, &st->origin, "include: wants one file "
		    "name and a ;");
		return NULL;
	}
	name = beside(p, st->words[1]);
	if (p->nesting == NESTING_MAX || p->includes == INCLUDES_MAX)
		report_error(p->report, &st->origin, "include: %s: too deep "
		    "or too many", log_text(name));
	else if (name.n == 0 || name.n > FILE_NAME_MAX)
		report_error(p->report, &st->origin, "include: not a file "
		    "name");
	else if (is_open(p, name))
		report_error(p->report, &st->origin, "include: %s includes "
		    "itself", log_text(name));
	else {
		p->includes++;
		return parse_file(p, st, name);
	}
	return NULL;
}

/* What stands where a statement should begin, and is none. */
static void
stray(struct parser *p, struct lexer *lx)
{
	struct origin	 at = place(p, lx);

	switch (lx->token) {
	case TOKEN_SEMICOLON:
		report_error(p->report, &at, "a ; without a directive");
		return;
	case TOKEN_CLOSE:
		report_error(p->report, &at, "a } without its {");
		return;
	case TOKEN_OPEN:
		report_error(p->report, &at, "a { without a directive");
		lexer_again(lx);
		break;
	default:
		report_error(p->report, &at, "%s", lx->why);
		break;
	}
	resync(lx);
}

/* Appends a statement, or in its place what it includes. */
static struct statement **
append(struct parser *p, struct statement **end, struct statement *st)
{
	static const struct str	 include = STR("include");

	if (str_equal(st->words[0], include))
		st = parse_include(p, st);
	*end = st;
	while (*end != NULL)
		end = &(*end)->next;
	return end;
}

/* To the } of opener, or (NULL) to the end of the file. */
static struct statement *
parse_block(struct parser *p, struct lexer *lx,
    const struct statement *opener)
{
	struct statement	*first = NULL, **end = &first, *st;

	while (lexer_next(lx) != TOKEN_END && !p->full) {
		if (lx->token == TOKEN_CLOSE && opener != NULL)
			return first;
		if (lx->token != TOKEN_WORD)
			stray(p, lx);
		else if ((st = parse_statement(p, lx)) != NULL)
			end = append(p, end, st);
	}
	if (opener != NULL && !p->full)
		report_error(p->report, &opener->origin, "%s: its { is not "
		    "closed", log_text(opener->words[0]));
	return first;
}

struct statement *
conf_parse(struct str name, struct str text, struct arena *arena,
    const struct source *source, struct report *report)
{
	struct parser	 p = { .arena = arena, .source = source,
	    .report = report, .file = name };
	struct lexer	 lx;

	lexer_init(&lx, text);
	return parse_block(&p, &lx, NULL);
}
