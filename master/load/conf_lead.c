/*
 * Asks the compiled tables what queued would ask them (queued/target.c,
 * queued/alias.c), but for extensions.
 */
#include "conf_lead.h"

#include <stdio.h>

#include <cdb.h>

struct leads {
	struct build		*build;
	const int		*fds;
	struct str		 local, domain;	/* of the address in question */
	char			 text[2 * ADDRESS_MAX];
};

static bool
has_key(const struct leads *l, uint16_t table, struct str key)
{
	struct cdb	 cdb;
	bool		 has = false;

	if (table == TABLE_NONE || l->fds[table] == -1 ||
	    cdb_init(&cdb, l->fds[table]) != 0)
		return false;
	has = cdb_find(&cdb, key.p, (unsigned)key.n) > 0;
	cdb_free(&cdb);
	return has;
}

/* The address, its name alone, and its domain for all. */
static bool
has_address(struct leads *l, uint16_t table)
{
	snprintf(l->text, sizeof(l->text), "%.*s@%.*s", STR_FMT(l->local),
	    STR_FMT(l->domain));
	return has_key(l, table, str_of(l->text)) ||
	    has_key(l, table, l->local) ||
	    has_key(l, table, str_skip(str_of(l->text), l->local.n));
}

static const struct domain_conf *
domain_of(const struct leads *l, struct str name)
{
	const struct conf	*c = &l->build->conf;

	for (size_t i = 0; i < c->n_domains; i++)
		if (c->domains[i].table == TABLE_NONE &&
		    str_equal(c->domains[i].name, name))
			return &c->domains[i];
	for (size_t i = 0; i < c->n_domains; i++)
		if (has_key(l, c->domains[i].table, name))
			return &c->domains[i];
	return NULL;
}

/* Whether local@domain has a mailbox or an alias in this domain of ours. */
static bool
leads(struct leads *l, const struct domain_conf *d, const char *local,
    struct str domain)
{
	l->local = str_of(local);
	l->domain = domain;
	for (size_t i = 0; i < d->n_aliases; i++)
		if (has_address(l, d->aliases[i].table))
			return true;
	if (d->recipients == RECIPIENTS_SYSTEM)
		return has_key(l, d->recipients_table, l->local);
	if (d->recipients == RECIPIENTS_TABLE)
		return has_address(l, d->recipients_table);
	return d->recipients != RECIPIENTS_NONE;
}

/* ---- the users of this host -------------------------------------------- */

static bool
has_local_listener(const struct conf *c)
{
	for (size_t i = 0; i < c->n_listeners; i++)
		if (c->listeners[i].service == SERVICE_LOCAL)
			return true;
	return false;
}

static void
check_host(struct leads *l)
{
	struct build			*b = l->build;
	const struct domain_conf	*d = domain_of(l, b->conf.hostname);
	struct origin			 at;

	if (!has_local_listener(&b->conf))
		return;
	at = build_origin(b, IN_TOP, "hostname");
	if (d == NULL)
		report_warning(b->report, &at, "hostname: %.*s is no domain "
		    "here: what programs of this host send to its users "
		    "(root@%.*s) goes out", STR_FMT(b->conf.hostname),
		    STR_FMT(b->conf.hostname));
	else if (!leads(l, d, "root", b->conf.hostname))
		report_warning(b->report, &d->origin, "domain: root@%.*s has "
		    "neither mailbox nor alias: what cron has to say is lost",
		    STR_FMT(b->conf.hostname));
}

/* ---- postmaster -------------------------------------------------------- */

static void
check_named(struct leads *l)
{
	struct build			*b = l->build;
	struct str			 name = b->conf.postmaster;
	const struct domain_conf	*d;
	char				 local[ADDRESS_MAX + 1];
	struct origin			 at;
	const char			*sign = memrchr(name.p, '@', name.n);
	struct str			 domain;

	if (sign == NULL)
		return;
	domain = str_skip(name, (size_t)(sign - name.p) + 1);
	name.n = (size_t)(sign - name.p);
	snprintf(local, sizeof(local), "%.*s", STR_FMT(name));
	for (char *p = local; *p != '\0'; p++)
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p + ('a' - 'A'));
	at = build_origin(b, IN_TOP, "postmaster");
	d = domain_of(l, domain);
	if (d != NULL && !leads(l, d, local, domain))
		report_warning(b->report, &at, "postmaster: %s has neither "
		    "mailbox nor alias", log_text(b->conf.postmaster));
}

/* Without one for all, each domain has its own (RFC 5321 4.5.1). */
static void
check_each(struct leads *l)
{
	const struct conf		*c = &l->build->conf;
	const struct domain_conf	*d, *first = NULL;
	unsigned			 n = 0;
	char				 others[32] = "";

	for (size_t i = 0; i < c->n_domains; i++) {
		d = &c->domains[i];
		if (d->table != TABLE_NONE || d->transport == TRANSPORT_SMTP ||
		    leads(l, d, "postmaster", d->name))
			continue;
		if (n++ == 0)
			first = d;
	}
	if (n > 1)
		snprintf(others, sizeof(others), " (%u more)", n - 1);
	if (n != 0)
		report_warning(l->build->report, &first->origin, "domain: "
		    "postmaster@%.*s%s has neither mailbox nor alias, and no "
		    "postmaster is named for all", STR_FMT(first->name),
		    others);
}

void
conf_lead_check(struct build *b, const int fds[TABLES_MAX])
{
	struct leads	 l = { .build = b, .fds = fds };

	check_host(&l);
	if (b->conf.postmaster.n != 0)
		check_named(&l);
	else
		check_each(&l);
}
