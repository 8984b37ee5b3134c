/*
 * From text files and the host's accounts to databases.  Works on its own
 * copy of the text, in which keys become lower case.
 */
#include "tables.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "alias_compile.h"
#include "blanks.h"
#include "table_file.h"

/* One logical line at a time. */
struct reader {
	char		*p, *end;
	uint32_t	 line;		/* the next one's number */
	struct origin	 at;		/* of the entry */
	struct buf	 value;
	struct report	*report;
	struct table_file file;
	const struct source *lists;	/* not NULL: values are aliases */
	struct buf	 compiled;	/* one of these */
};

static void
lower(char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (p[i] >= 'A' && p[i] <= 'Z')
			p[i] = (char)(p[i] + ('a' - 'A'));
}

/* Takes a line as it stands, without its newline. */
static struct str
take_line(struct reader *r)
{
	char		*end = memchr(r->p, '\n', (size_t)(r->end - r->p));
	struct str	 line;

	if (end == NULL)
		end = r->end;
	line = str_bytes(r->p, (size_t)(end - r->p));
	r->p = end < r->end ? end + 1 : end;
	r->line++;
	return line;
}

static bool
is_nothing(struct str line)
{
	line = trim(line);
	return line.n == 0 || line.p[0] == '#';
}

/* ---- entries ----------------------------------------------------------- */

/* Up to a blank or a colon that is not within [ ]. */
static size_t
key_length(struct str s)
{
	size_t	 n;
	bool	 bracket = false;

	for (n = 0; n < s.n && !is_blank(s.p[n]); n++) {
		if (s.p[n] == '[' || s.p[n] == ']')
			bracket = s.p[n] == '[';
		if (s.p[n] == ':' && !bracket)
			break;
	}
	return n;
}

/*
 * The key in front of the line, perhaps in quotes; those of "local part"@
 * domain are taken out of it.  *rest is what follows it.  -1: quotes are not
 * closed.
 */
static int
split_key(struct str line, struct str *key, struct str *rest)
{
	char	*q;
	size_t	 n;

	if (line.p[0] != '"') {
		n = key_length(line);
		*key = str_bytes(line.p, n);
		*rest = str_skip(line, n);
		return 0;
	}
	if ((q = memchr(line.p + 1, '"', line.n - 1)) == NULL)
		return -1;
	*key = str_bytes(line.p + 1, (size_t)(q - line.p) - 1);
	*rest = str_skip(line, key->n + 2);
	if (rest->n != 0 && rest->p[0] == '@') {
		n = key_length(*rest);
		memmove(q, rest->p, n);
		key->n += n;
		*rest = str_skip(*rest, n);
	}
	return 0;
}

/*
 * What is behind the key and its colon.  A colon may have blanks on both
 * sides; with none behind it belongs to the value, as in Postfix's "host
 * :[gateway]".
 */
static struct str
split_value(struct str rest)
{
	bool		 near = rest.n != 0 && !is_blank(rest.p[0]);
	struct str	 value = trim(rest);

	if (value.n != 0 && value.p[0] == ':' &&
	    (near || (value.n > 1 && is_blank(value.p[1]))))
		value = trim(str_skip(value, 1));
	return value;
}

/* The value with the lines that go on with it; borrowed, or reported. */
static int
join_value(struct reader *r, struct str first, struct str *value)
{
	struct str	 line;

	buf_reset(&r->value);
	*value = first;
	while (r->p < r->end) {
		char	*before = r->p;

		line = take_line(r);
		if (is_nothing(line))
			continue;
		if (!is_blank(line.p[0])) {
			r->p = before;
			r->line--;
			break;
		}
		if (r->value.len == 0)
			buf_put_str(&r->value, first);
		if (r->value.len != 0)
			buf_putc(&r->value, ' ');
		buf_put_str(&r->value, trim(line));
		*value = buf_str(&r->value);
	}
	if (!r->value.failed && value->n <= TABLE_VALUE_MAX)
		return 0;
	report_error(r->report, &r->at, "a value longer than %d octets",
	    TABLE_VALUE_MAX);
	buf_clear(&r->value);
	buf_init(&r->value, TABLE_VALUE_MAX);
	return -1;
}

static int
add(struct reader *r, struct str key, struct str value)
{
	uint32_t	 before;

	if (table_add(&r->file, key, value, r->at.line, &before) == -1) {
		report_error(r->report, &r->at, "%s", strerror(errno));
		return -1;
	}
	if (before != 0)
		report_warning(r->report, &r->at, "%s stands before, in line "
		    "%u, which counts", log_text(key), before);
	return 0;
}

/* "*@domain" is written for "@domain" as well. */
static int
compile_alias(struct reader *r, struct str *key, struct str *value)
{
	static const struct str	 star = STR("*@");

	if (str_starts_nocase(*key, star))
		*key = str_skip(*key, 1);
	if (alias_compile(r->lists, r->report, &r->at, *value,
	    &r->compiled) == -1)
		return -1;
	*value = buf_str(&r->compiled);
	return 0;
}

/* -1: the table cannot be made; what is wrong in a line is reported. */
static int
read_entry(struct reader *r, struct str line)
{
	struct str	 key, value, rest;

	r->at.line = r->line;
	if (is_blank(line.p[0])) {
		report_error(r->report, &r->at, "a line that goes on (begins "
		    "with a blank), but nothing is before it");
		return 0;
	}
	if (split_key(line, &key, &rest) == -1 || key.n == 0 ||
	    key.n > TABLE_KEY_MAX) {
		report_error(r->report, &r->at, "no key, one whose quotes do "
		    "not end, or one longer than %d octets", TABLE_KEY_MAX);
		return join_value(r, STR_NONE, &value), 0;
	}
	lower((char *)key.p, key.n);
	if (join_value(r, split_value(rest), &value) == -1 ||
	    (r->lists != NULL && compile_alias(r, &key, &value) == -1))
		return 0;
	if (r->file.keys.n == TABLE_ENTRIES_MAX) {
		report_error(r->report, &r->at, "more than %d keys",
		    TABLE_ENTRIES_MAX);
		return -1;
	}
	return add(r, key, value);
}

static int
compile_text(struct reader *r)
{
	unsigned	 errors = r->report->errors;
	struct str	 line;
	int		 fd;

	if (r->p < r->end && memchr(r->p, '\0',
	    (size_t)(r->end - r->p)) != NULL) {
		report_error(r->report, &r->at, "not a text: it has a NUL in "
		    "it");
		return -1;
	}
	if (table_begin(&r->file) == -1) {
		report_error(r->report, &r->at, "%s", strerror(errno));
		return -1;
	}
	while (r->p < r->end) {
		line = take_line(r);
		if (!is_nothing(line) && read_entry(r, line) == -1)
			break;
	}
	fd = table_end(&r->file, errors == r->report->errors);
	if (fd == -1 && errors == r->report->errors) {
		r->at.line = 0;
		report_error(r->report, &r->at, "%s", strerror(errno));
	}
	return fd;
}

int
table_aliases(struct str name, char *text, size_t n,
    const struct source *lists, struct report *report)
{
	struct reader	 r = { .p = text, .end = text + n, .at = { name, 0 },
	    .value = BUF_INIT(TABLE_VALUE_MAX), .report = report,
	    .lists = lists, .compiled = BUF_INIT(ALIAS_VALUE_MAX) };
	int		 fd = compile_text(&r);

	buf_clear(&r.value);
	buf_clear(&r.compiled);
	return fd;
}

int
table_text(struct str name, char *text, size_t n, struct report *report)
{
	return table_aliases(name, text, n, NULL, report);
}

/* ---- the host's accounts ----------------------------------------------- */

static int
add_account(struct table_file *file, struct arena *arena,
    const struct account *u, unsigned slot, struct report *report)
{
	char			 text[16], line[2 * FILE_NAME_MAX];
	const struct origin	 at = { STR(PASSWD_FILE), u->line };
	struct str		 key = arena_str(arena, u->name), slot_key;
	uint32_t		 before;

	snprintf(text, sizeof(text), "#%u", slot);
	slot_key = arena_str(arena, str_of(text));
	if (key.p == NULL || slot_key.p == NULL)
		return -1;
	lower((char *)key.p, key.n);
	if (table_add(file, key, str_of(text + 1), u->line, &before) == -1)
		return -1;
	if (before != 0) {
		report_warning(report, &at, "%s stands before, in line %u, "
		    "which counts", log_text(key), before);
		return 0;
	}
	snprintf(line, sizeof(line), "%u:%u:%.*s:%.*s", u->uid, u->gid,
	    STR_FMT(u->home), STR_FMT(u->name));
	return table_add(file, slot_key, str_of(line), u->line, &before);
}

int
table_system(const struct account_list *users, const struct conf *conf,
    struct report *report)
{
	const struct origin	 at = { STR(PASSWD_FILE), 0 };
	struct arena		 arena = ARENA_INIT(SYSTEM_FILE_MAX);
	struct table_file	 file;
	int			 fd, r = 0;

	if (table_begin(&file) == -1) {
		report_error(report, &at, "%s", strerror(errno));
		return -1;
	}
	for (size_t i = 0; i < users->n && r == 0; i++)
		if (account_refusal(conf, users->list[i].uid) == NULL)
			r = add_account(&file, &arena, &users->list[i],
			    (unsigned)i, report);
	fd = table_end(&file, r == 0);
	if (fd == -1)
		report_error(report, &at, "%s", strerror(errno));
	arena_clear(&arena);
	return fd;
}

/* ---- all --------------------------------------------------------------- */

int
tables_compile(struct build *b, unsigned table)
{
	const struct table_conf	*t = &b->conf.tables[table];
	struct buf		 text = BUF_INIT(TABLE_FILE_MAX);
	int			 error, fd = -1;

	if (t->kind == TABLE_SYSTEM)
		return table_system(accounts_users(&b->accounts, &t->origin),
		    &b->conf, b->report);
	error = b->source->read(b->source->data, t->file, &text);
	if (error != 0)
		report_error(b->report, &t->origin, "table %.*s: %s: %s",
		    STR_FMT(t->name), log_text(t->file), strerror(error));
	else
		fd = table_aliases(t->file, text.len != 0 ? buf_data(&text) :
		    (char[]){ "" }, text.len, b->is_aliases[table] ?
		    b->source : NULL, b->report);
	buf_clear(&text);
	return fd;
}
