/*
 * passwd(5) and group(5).  A line that cannot be is left out with a warning:
 * it is the system's file, and one bad line must not stop the mail.
 */
#include "accounts.h"

#include <string.h>

#include "log.h"
#include "roles.h"
#include "units.h"

#define FIELDS_OF_LINE	7	/* name:*:uid:gid:gecos:home:shell */
#define GROUP_FIELDS	3	/* name:*:gid */

void
accounts_init(struct accounts *a, const struct source *source,
    struct report *report)
{
	memset(a, 0, sizeof(*a));
	a->arena = (struct arena)ARENA_INIT(4 * SYSTEM_FILE_MAX);
	a->source = source;
	a->report = report;
}

void
accounts_clear(struct accounts *a)
{
	arena_clear(&a->arena);
	a->users = a->groups = (struct account_list){ 0 };
}

int
account_number(struct str s, uint32_t *v)
{
	uint64_t	 n;

	/* all ones is "no such id" to the kernel */
	if (units_parse(units_count, s, &n) == -1 || n >= UINT32_MAX)
		return -1;
	*v = (uint32_t)n;
	return 0;
}

const char *
account_refusal(const struct conf *conf, uint32_t uid)
{
	if (uid == 0)
		return "nothing is delivered as root";
	if (uid >= conf->uid_base && uid - conf->uid_base < ROLE_N)
		return "that is a uid of postern's own (uid-base)";
	if (uid >= DELIVERY_UID_MIN && uid != UID_NOBODY)
		return NULL;
	for (size_t i = 0; i < conf->n_delivery_uids; i++)
		if (conf->delivery_uids[i].uid == uid)
			return NULL;
	return "a system user that delivery-users does not list";
}

/* Cuts a line at its colons; the number of fields found. */
static size_t
split(struct str line, struct str *fields, size_t max)
{
	const char	*colon;
	size_t		 n = 0;

	while (n < max) {
		colon = line.n != 0 ? memchr(line.p, ':', line.n) : NULL;
		if (colon == NULL) {
			fields[n++] = line;
			break;
		}
		fields[n++] = str_bytes(line.p, (size_t)(colon - line.p));
		line = str_skip(line, fields[n - 1].n + 1);
	}
	return n;
}

static int
parse_user(struct str line, struct account *u)
{
	struct str	 f[FIELDS_OF_LINE];

	if (split(line, f, FIELDS_OF_LINE) < 6 || f[0].n == 0 ||
	    f[0].n > NAME_MAX_LEN || f[0].p[0] == '#' ||
	    account_number(f[2], &u->uid) == -1 ||
	    account_number(f[3], &u->gid) == -1 ||
	    f[5].n > FILE_NAME_MAX || memchr(line.p, '\0', line.n) != NULL)
		return -1;
	u->name = f[0];
	u->home = f[5];
	return 0;
}

static int
parse_group(struct str line, struct account *g)
{
	struct str	 f[GROUP_FIELDS + 1];

	if (split(line, f, GROUP_FIELDS + 1) < GROUP_FIELDS ||
	    f[0].n == 0 || account_number(f[2], &g->gid) == -1)
		return -1;
	g->name = f[0];
	return 0;
}

/* The whole file in the arena; nothing, reported, when it cannot be read. */
static struct str
read_file(struct accounts *a, const char *file, const struct origin *at)
{
	struct buf	 b = BUF_INIT(SYSTEM_FILE_MAX);
	struct str	 text = STR_NONE;
	int		 error;

	error = a->source->read(a->source->data, str_of(file), &b);
	if (error != 0)
		report_error(a->report, at, "%s: %s", file, strerror(error));
	else if ((text = arena_str(&a->arena, buf_str(&b))).p == NULL)
		report_error(a->report, at, "%s: out of memory", file);
	buf_clear(&b);
	return text;
}

static size_t
count_lines(struct str text)
{
	size_t	 n = 1;

	for (size_t i = 0; i < text.n; i++)
		n += text.p[i] == '\n';
	return n < ACCOUNTS_MAX ? n : ACCOUNTS_MAX;
}

static void
read_list(struct accounts *a, struct account_list *l, const char *file,
    int (*parse)(struct str, struct account *), const struct origin *at)
{
	struct origin	 here = { str_of(file), 0 };
	struct str	 line, text;
	const char	*end;
	size_t		 max;

	l->read = true;
	text = read_file(a, file, at);
	max = count_lines(text);
	l->list = arena_calloc(&a->arena, max, sizeof(*l->list));
	while (text.n != 0 && l->list != NULL && l->n < max) {
		here.line++;
		end = memchr(text.p, '\n', text.n);
		line = end != NULL ?
		    str_bytes(text.p, (size_t)(end - text.p)) : text;
		text = str_skip(text, line.n + 1);
		/* + and - lines are for NIS, which we do not ask */
		if (line.n == 0 || strchr("#+-", line.p[0]) != NULL)
			continue;
		if (parse(line, &l->list[l->n]) == -1)
			report_warning(a->report, &here, "not a line of %s",
			    file);
		else
			l->list[l->n++].line = here.line;
	}
}

static const struct account *
find(const struct account_list *l, struct str name)
{
	for (size_t i = 0; i < l->n; i++)
		if (str_equal(l->list[i].name, name))
			return &l->list[i];
	return NULL;
}

const struct account_list *
accounts_users(struct accounts *a, const struct origin *at)
{
	if (!a->users.read)
		read_list(a, &a->users, PASSWD_FILE, parse_user, at);
	return &a->users;
}

const struct account *
accounts_user(struct accounts *a, struct str name, const struct origin *at)
{
	return find(accounts_users(a, at), name);
}

const struct account *
accounts_group(struct accounts *a, struct str name, const struct origin *at)
{
	if (!a->groups.read)
		read_list(a, &a->groups, GROUP_FILE, parse_group, at);
	return find(&a->groups, name);
}
