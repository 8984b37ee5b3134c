/*
 * TinyCDB over the sealed files, and what each table's usual entry is.
 */
#include "auth_tables.h"

#include <ctype.h>
#include <cdb.h>
#include <stdio.h>
#include <stdlib.h>

#include "log.h"
#include "proc.h"
#include "xmalloc.h"

#include "numbering.h"

#define COSTS_MAX	8	/* that are counted; a table has one or two */
#define BROKEN_MAX	10	/* of a table, in the log; then their number */

/* for a table without a good entry: what posternctl makes of a new password,
 * here of one that nobody knows */
#define USUAL		"$argon2id$v=19$m=65536,t=3,p=1$"		\
	"cG9zdGVybiBub2JvZHkgIQ$"					\
	"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

struct one_table {
	struct cdb	 cdb;
	bool		 open;
	struct auth_entry usual;	/* borrows from cdb */
};

struct auth_tables {
	struct numbering numbering;
	size_t		 n;
	struct one_table table[];
};

static struct str
table_name(const struct conf *conf, size_t i)
{
	return i < conf->n_tables ? conf->tables[i].name : STR_NONE;
}

/* ---- going through a table --------------------------------------------- */

struct tally {
	const struct table_conf	*conf;
	size_t			 n, n_broken;
	struct {
		struct auth_entry first;
		size_t		 users;
	} cost[COSTS_MAX];
};

static void
tell_broken(struct tally *y, struct str user, const char *why)
{
	if (++y->n_broken <= BROKEN_MAX)
		log_warn("auth-entry table=%.*s file=%.*s user=\"%s\": %s",
		    STR_FMT(y->conf->name), STR_FMT(y->conf->file),
		    log_text(user), why);
}

static void
tally_entry(struct tally *y, const struct auth_entry *e)
{
	size_t	 i = 0;

	while (i < y->n && !auth_cost_equal(&y->cost[i].first.cost, &e->cost))
		i++;
	if (i == COSTS_MAX)
		return;
	if (i == y->n)
		y->cost[y->n++].first = *e;
	y->cost[i].users++;
}

static struct str
data_at(struct cdb *cdb)
{
	const void	*p = cdb_getdata(cdb);

	return str_bytes(p, p != NULL ? cdb_datalen(cdb) : 0);
}

static void
tally_table(struct one_table *t, struct tally *y)
{
	struct auth_entry	 e;
	const char		*why;
	const void		*key;
	unsigned		 at;

	cdb_seqinit(&at, &t->cdb);
	while (cdb_seqnext(&at, &t->cdb) > 0) {
		if (auth_entry_parse(data_at(&t->cdb), &e, &why) == 0)
			tally_entry(y, &e);
		else if ((key = cdb_getkey(&t->cdb)) != NULL)
			tell_broken(y, str_bytes(key, cdb_keylen(&t->cdb)),
			    why);
	}
	if (y->n_broken > BROKEN_MAX)
		log_warn("auth-entry table=%.*s broken=%zu, of which %d are "
		    "named", STR_FMT(y->conf->name), y->n_broken, BROKEN_MAX);
}

static void
set_usual(struct one_table *t, const struct tally *y)
{
	static const struct str	 usual = STR(USUAL);
	const char		*why;
	size_t			 best = 0;

	if (y->n == 0) {
		if (auth_entry_parse(usual, &t->usual, &why) == -1)
			fatal("the usual entry is %s", why);
		return;
	}
	for (size_t i = 1; i < y->n; i++)
		if (y->cost[i].users > y->cost[best].users)
			best = i;
	t->usual = y->cost[best].first;
}

/* ---- all of a configuration -------------------------------------------- */

static int
open_table(struct one_table *t, const struct table_conf *conf, int fd,
    char *why, size_t size)
{
	struct tally	 y = { .conf = conf };

	if (cdb_init(&t->cdb, fd) != 0) {
		snprintf(why, size, "%.*s:%u: table %.*s: not a database",
		    STR_FMT(conf->origin.file), conf->origin.line,
		    STR_FMT(conf->name));
		return -1;
	}
	t->open = true;
	tally_table(t, &y);
	set_usual(t, &y);
	return 0;
}

struct auth_tables *
auth_tables_open(const struct conf *old, const struct conf *conf, char *why,
    size_t size)
{
	struct auth_tables	*s;
	int			 fd;

	s = xcalloc(1, sizeof(*s) + conf->n_tables * sizeof(s->table[0]));
	numbering_set(&s->numbering, old, conf, table_name);
	s->n = conf->n_tables;
	for (unsigned i = 0; i < s->n; i++) {
		fd = proc_table(i);
		if (fd != -1 && open_table(&s->table[i], &conf->tables[i], fd,
		    why, size) == -1) {
			auth_tables_free(s);
			return NULL;
		}
	}
	return s;
}

void
auth_tables_free(struct auth_tables *s)
{
	if (s == NULL)
		return;
	for (size_t i = 0; i < s->n; i++)
		if (s->table[i].open)
			cdb_free(&s->table[i].cdb);
	free(s);
}

uint32_t
auth_tables_conf(const struct auth_tables *s)
{
	return s->numbering.conf;
}

/* ---- one user ---------------------------------------------------------- */

static int
find_user(struct one_table *t, struct str user)
{
	char	 key[ACCOUNT_MAX];

	if (user.n > sizeof(key))
		return 0;
	for (size_t i = 0; i < user.n; i++)
		key[i] = (char)tolower((unsigned char)user.p[i]);
	return cdb_find(&t->cdb, key, (unsigned)user.n);
}

enum auth_found
auth_tables_find(struct auth_tables *s, uint32_t conf, unsigned table,
    struct str user, struct auth_entry *e)
{
	int			 i = numbering_find(&s->numbering, conf, table);
	struct one_table	*t;
	const char		*why;
	int			 found;

	if (i == -1 || !s->table[i].open)
		return AUTH_NO_TABLE;
	t = &s->table[i];
	if ((found = find_user(t, user)) < 0)
		return AUTH_NO_TABLE;
	if (found > 0 && auth_entry_parse(data_at(&t->cdb), e, &why) == 0)
		return AUTH_KNOWN;
	*e = t->usual;
	return AUTH_UNKNOWN;
}
