/*
 * An entry is
 *
 *	target { "," target }  |  "error:" [ code ] [ status ] [ text ]
 *
 * and a target local@domain, local, @domain (the same name there) or
 * :include:/file, whose lines are again such targets.  Local parts have
 * quotes where SMTP wants them; what begins with | or / would be delivered
 * here, and is not possible yet.
 */
#include "alias_compile.h"

#include <errno.h>

#include "addr.h"
#include "log.h"

#include "blanks.h"

static const struct str	 error_mark = STR("error:");
static const struct str	 include_mark = STR(":include:");

/* An entry being compiled. */
struct entry {
	const struct source	*source;
	struct report		*report;
	struct buf		*out;
	size_t			 n;		/* targets */
	bool			 included;	/* reading such a file */
	int			 result;
};

#define WRONG(e, at, ...)						\
	((e)->result = -1, report_error((e)->report, (at), __VA_ARGS__))

static void	 add_list(struct entry *, const struct origin *, struct str);

/* ---- error: ------------------------------------------------------------ */

/* What is before the next blank; that and what follows it are skipped. */
static struct str
word(struct str *s)
{
	struct str	 w = *s;

	for (w.n = 0; w.n < s->n && !is_blank(s->p[w.n]);)
		w.n++;
	*s = trim(str_skip(*s, w.n));
	return w;
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* RFC 5321 4.2.1: 4yz or 5yz; 421 would mean the end of the connection. */
static bool
is_code(struct str s)
{
	static const struct str	 closing = STR("421");

	return s.n == 3 && (s.p[0] == '4' || s.p[0] == '5') &&
	    s.p[1] >= '0' && s.p[1] <= '5' && is_digit(s.p[2]) &&
	    !str_equal(s, closing);
}

/* RFC 3463 2: class "." 1*3digit "." 1*3digit */
static bool
is_status(struct str s)
{
	size_t	 i = 1, digits;

	if (s.n < 5 || (s.p[0] != '4' && s.p[0] != '5'))
		return false;
	for (int part = 0; part < 2; part++) {
		if (i == s.n || s.p[i++] != '.')
			return false;
		for (digits = 0; i < s.n && is_digit(s.p[i]); digits++)
			i++;
		if (digits < 1 || digits > 3)
			return false;
	}
	return i == s.n;
}

static bool
is_text(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < ' ' || s.p[i] > '~')
			return false;
	return s.n <= ALIAS_TEXT_MAX;
}

static void
put_refusal(struct entry *e, const struct origin *at, struct str rest)
{
	static const struct str	 refused = STR("Recipient refused");
	struct str		 code = STR_NONE, status = STR_NONE, all;
	bool			 permanent;

	all = rest = trim(rest);
	if (is_code(word(&rest)))
		code = word(&all);
	rest = all;
	if (is_status(word(&rest)))
		status = word(&all);
	if ((code.n == 0 && status.n == 0) || (code.n != 0 &&
	    status.n != 0 && code.p[0] != status.p[0])) {
		WRONG(e, at, "error: wants a code, as in error:5.1.1 TEXT or "
		    "error:550 5.7.1 TEXT");
		return;
	}
	if (!is_text(all)) {
		WRONG(e, at, "error: a text is printable ASCII, at most %d "
		    "octets", ALIAS_TEXT_MAX);
		return;
	}
	permanent = (code.n != 0 ? code.p[0] : status.p[0]) == '5';
	if (code.n == 0)
		code = str_of(permanent ? "550" : "450");
	if (status.n == 0)
		status = str_of(permanent ? "5.1.1" : "4.3.0");
	if (all.n == 0)
		all = refused;
	buf_printf(e->out, "error:%.*s %.*s %.*s", STR_FMT(code),
	    STR_FMT(status), STR_FMT(all));
}

/* ---- :include: --------------------------------------------------------- */

static void
add_lines(struct entry *e, struct str file, struct str text)
{
	struct origin	 at = { file, 0 };
	struct str	 line;
	const char	*end;

	while (text.n != 0) {
		end = memchr(text.p, '\n', text.n);
		line = text;
		if (end != NULL)
			line.n = (size_t)(end - text.p);
		text = str_skip(text, line.n + 1);
		at.line++;
		line = trim(line);
		if (line.n != 0 && line.p[0] != '#')
			add_list(e, &at, line);
	}
}

static const char *
include_error(int error)
{
	return error == EPERM ? "not root's, or others may write to it" :
	    strerror(error);
}

static void
add_included(struct entry *e, const struct origin *at, struct str file)
{
	struct buf	 text = BUF_INIT(ALIAS_INCLUDE_MAX);
	int		 error;

	if (e->included) {
		WRONG(e, at, ":include: within an included list");
		return;
	}
	if (file.n == 0 || file.p[0] != '/' || file.n > FILE_NAME_MAX) {
		WRONG(e, at, ":include: wants a file name that begins with "
		    "a /");
		return;
	}
	error = e->source->read_owned(e->source->data, file, &text);
	if (error != 0)
		WRONG(e, at, ":include:%s: %s", log_text(file),
		    include_error(error));
	else {
		e->included = true;
		add_lines(e, file, buf_str(&text));
		e->included = false;
	}
	buf_clear(&text);
}

/* ---- targets ----------------------------------------------------------- */

/* Room for one more in the list, and the mark between it and the last. */
static bool
make_room(struct entry *e, const struct origin *at)
{
	if (e->n++ >= ALIAS_TARGETS_MAX) {
		if (e->n == ALIAS_TARGETS_MAX + 1)
			WRONG(e, at, "more than %d targets",
			    ALIAS_TARGETS_MAX);
		return false;
	}
	if (e->out->len != 0)
		buf_putc(e->out, '\n');
	return true;
}

/*
 * For messages.  A list may lie where somebody else can put a link to what
 * is not theirs to read; nothing of it is shown.
 */
static const char *
shown(const struct entry *e, struct str s)
{
	return e->included ? "a target" : log_text(s);
}

static void
add_domain(struct entry *e, const struct origin *at, struct str s)
{
	char		 store[DOMAIN_MAX];
	struct str	 name;

	if (domain_parse(str_skip(s, 1), 0, store, &name) == -1)
		WRONG(e, at, "%s: no domain behind the @", shown(e, s));
	else if (make_room(e, at)) {
		buf_putc(e->out, '@');
		buf_put_str(e->out, name);
	}
}

/* Mailing list files have addresses in < > now and then. */
static void
add_address(struct entry *e, const struct origin *at, struct str s)
{
	char			 store[ADDR_STORE_MAX];
	struct addr		 a;
	enum addr_result	 r;

	if (s.n > 2 && s.p[0] == '<' && s.p[s.n - 1] == '>')
		s = str_bytes(s.p + 1, s.n - 2);
	r = addr_parse(s, ADDR_BARE | ADDR_UTF8, store, &a);
	if (r != ADDR_OK)
		WRONG(e, at, "%s: not an address (%s)", shown(e, s),
		    addr_result_text(r));
	else if (make_room(e, at))
		addr_put(e->out, &a);
}

/* aliases(5) has quotes around whole targets that are no addresses. */
static struct str
unquote(struct str s)
{
	if (s.n < 3 || s.p[0] != '"' || s.p[s.n - 1] != '"' ||
	    (memchr("|/:", s.p[1], 3) == NULL &&
	    !str_starts_nocase(str_skip(s, 1), error_mark)))
		return s;
	return str_bytes(s.p + 1, s.n - 2);
}

static void
add_target(struct entry *e, const struct origin *at, struct str s)
{
	s = unquote(trim(s));
	if (s.n == 0)			/* between two commas */
		return;
	if (s.p[0] == '|')
		WRONG(e, at, "%s: mail is not given to commands yet",
		    shown(e, s));
	else if (s.p[0] == '/')
		WRONG(e, at, "%s: mail is not put into files yet",
		    shown(e, s));
	else if (str_starts_nocase(s, error_mark))
		WRONG(e, at, "error: has no targets beside it");
	else if (str_starts_nocase(s, include_mark))
		add_included(e, at, trim(str_skip(s, include_mark.n)));
	else if (s.p[0] == '@')
		add_domain(e, at, s);
	else
		add_address(e, at, s);
}

/* The length up to a comma that is not in quotes. */
static size_t
target_length(struct str s)
{
	bool	 quoted = false;
	size_t	 n;

	for (n = 0; n < s.n && (quoted || s.p[n] != ','); n++)
		if (s.p[n] == '"')
			quoted = !quoted;
		else if (quoted && s.p[n] == '\\' && n + 1 < s.n)
			n++;
	return n;
}

static void
add_list(struct entry *e, const struct origin *at, struct str s)
{
	size_t	 n;

	while (s.n != 0) {
		n = target_length(s);
		add_target(e, at, str_bytes(s.p, n));
		s = str_skip(s, n + 1);
	}
}

int
alias_compile(const struct source *source, struct report *report,
    const struct origin *at, struct str value, struct buf *out)
{
	struct entry	 e = { source, report, out, 0, false, 0 };
	struct str	 bare = unquote(trim(value));

	buf_reset(out);
	if (str_starts_nocase(bare, error_mark))
		put_refusal(&e, at, str_skip(bare, error_mark.n));
	else
		add_list(&e, at, value);
	if (e.result == 0 && out->len == 0)
		WRONG(&e, at, "no target: to whom does its mail go?");
	if (out->failed) {
		WRONG(&e, at, "too long, or out of memory");
		buf_clear(out);
	}
	return e.result;
}
