/*
 * Paths of mailboxes.  The parts of an address are checked before they are
 * put in, and what has come of it once more: "%{user}" with a dot before it
 * is another name than the user's.
 */
#include "mailpath.h"

#include "addr.h"
#include "buf.h"

#define HOME		"%{home}"
#define FILE_PART_MAX	255	/* of one name in a path, on Linux */

struct parts {
	char		 user_text[ADDR_STORE_MAX];
	char		 domain_text[ADDR_STORE_MAX];
	struct str	 user, domain;
};

/* One that a directory can be called by and nothing else. */
static bool
is_name(struct str s)
{
	if (s.n == 0 || s.n > FILE_PART_MAX)
		return false;
	if (s.p[0] == '.' && (s.n == 1 || (s.n == 2 && s.p[1] == '.')))
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] == '/' || (unsigned char)s.p[i] < ' ' ||
		    s.p[i] == 0x7f)
			return false;
	return true;
}

static struct str
lower(char to[ADDR_STORE_MAX], struct str from)
{
	for (size_t i = 0; i < from.n; i++)
		to[i] = from.p[i] >= 'A' && from.p[i] <= 'Z' ?
		    (char)(from.p[i] - 'A' + 'a') : from.p[i];
	return str_bytes(to, from.n);
}

static int
take_apart(struct parts *p, struct str rcpt)
{
	char		 store[ADDR_STORE_MAX];
	struct addr	 addr;

	if (addr_parse(rcpt, ADDR_BARE | ADDR_LENIENT | ADDR_UTF8, store,
	    &addr) != ADDR_OK)
		return -1;
	p->user = lower(p->user_text, addr.local);
	p->domain = lower(p->domain_text, addr.domain);
	return 0;
}

/* Up to the last slash before the first variable; without that slash. */
static size_t
base_length(struct str rule)
{
	const char	*percent = memchr(rule.p, '%', rule.n);
	size_t		 n = percent != NULL ? (size_t)(percent - rule.p) :
			    rule.n;

	while (n != 0 && rule.p[n - 1] != '/')
		n--;
	return n;
}

static int
copy_base(struct mailpath *path, struct str base)
{
	while (base.n > 1 && base.p[base.n - 1] == '/')
		base.n--;
	if (base.n == 0 || base.p[0] != '/' || base.n >= sizeof(path->base) ||
	    memchr(base.p, '\0', base.n) != NULL)
		return -1;
	memcpy(path->base, base.p, base.n);
	path->base[base.n] = '\0';
	return 0;
}

/* A variable at the front of *rule. */
static enum mailpath_result
put_variable(struct buf *b, struct str *rule, const struct parts *p)
{
	static const struct str	 user = STR("%{user}"),
				 domain = STR("%{domain}");
	struct str		 value;

	if (str_starts_nocase(*rule, user)) {
		value = p->user;
		*rule = str_skip(*rule, user.n);
	} else if (str_starts_nocase(*rule, domain)) {
		value = p->domain;
		*rule = str_skip(*rule, domain.n);
	} else
		return MAILPATH_BAD_RULE;
	if (!is_name(value))
		return MAILPATH_BAD_ADDRESS;
	buf_put_str(b, value);
	return MAILPATH_OK;
}

/* Each part between slashes; more than one slash counts as one. */
static enum mailpath_result
check_below(const struct buf *b)
{
	struct str	 rest = buf_str(b), name;
	const char	*slash;

	while (rest.n != 0) {
		slash = memchr(rest.p, '/', rest.n);
		name = str_bytes(rest.p, slash != NULL ?
		    (size_t)(slash - rest.p) : rest.n);
		rest = str_skip(rest, name.n + 1);
		if (!is_name(name))
			return MAILPATH_BAD_ADDRESS;
	}
	return MAILPATH_OK;
}

static enum mailpath_result
put_below(struct buf *b, struct str rule, const struct parts *p)
{
	enum mailpath_result	 r = MAILPATH_OK;

	while (rule.n != 0 && r == MAILPATH_OK) {
		if (rule.p[0] == '%') {
			r = put_variable(b, &rule, p);
			continue;
		}
		/* slashes at either end and twice in a row say nothing */
		if (rule.p[0] != '/' || (b->len != 0 && rule.n > 1 &&
		    rule.p[1] != '/'))
			buf_putc(b, rule.p[0]);
		rule = str_skip(rule, 1);
	}
	if (r == MAILPATH_OK)
		r = b->failed || b->len == 0 ? MAILPATH_BAD_RULE :
		    check_below(b);
	return r;
}

enum mailpath_result
mailpath_expand(struct mailpath *path, struct str rule, struct str home,
    struct str rcpt)
{
	struct buf		 b = BUF_INIT(FILE_NAME_MAX);
	struct parts		 parts;
	struct str		 base;
	enum mailpath_result	 r;

	if (take_apart(&parts, rcpt) == -1)
		return MAILPATH_BAD_ADDRESS;
	if (str_starts_nocase(rule, str_of(HOME))) {
		base = home;
		rule = str_skip(rule, sizeof(HOME) - 1);
	} else {
		base = str_bytes(rule.p, rule.n != 0 ? base_length(rule) : 0);
		rule = str_skip(rule, base.n);
	}
	if (copy_base(path, base) == -1)
		return MAILPATH_BAD_RULE;
	r = put_below(&b, rule, &parts);
	if (r == MAILPATH_OK) {
		memcpy(path->below, buf_data(&b), b.len);
		path->below[b.len] = '\0';
	}
	buf_clear(&b);
	return r;
}
