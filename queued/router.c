/*
 * Domains and routes by hash, so that ten thousand of either cost what one
 * does.  A pattern with more labels goes before one with fewer, whatever
 * their order in the file: the name itself, then .parent, its parent and so
 * on, then *.
 */
#include "router.h"

#include <stdio.h>
#include <stdlib.h>

#include "addr.h"
#include "log.h"
#include "proc.h"
#include "xmalloc.h"

#include "names.h"

/* where no route block fits; those of DESIGN.md section 4 */
#define CONCURRENCY	20
#define RETRY_MIN_S	300
#define RETRY_MAX_S	(4 * 3600)
#define EXPIRE_S	(5 * 86400)

struct router {
	const struct conf	*conf;
	struct tables		*tables;
	struct names		 domains;	/* written out, by name */
	struct names		 patterns;	/* of routes */
	bool			 table_domains;	/* some are in tables */
};

/* An address taken apart. */
struct target {
	char			 store[ADDR_STORE_MAX];
	struct addr		 addr;
	const struct domain_conf *domain;	/* ours; NULL: not ours */
};

static struct router	*current;
static uint16_t		 epoch;

struct router *
router_new(const struct conf *conf, char *why, size_t size)
{
	struct router	*r = xcalloc(1, sizeof(*r));

	r->conf = conf;
	if ((r->tables = tables_open(conf, why, size)) == NULL) {
		free(r);
		return NULL;
	}
	names_init(&r->domains, conf->n_domains);
	for (uint32_t i = 0; i < conf->n_domains; i++) {
		names_add(&r->domains, conf->domains[i].name, i);
		r->table_domains |= conf->domains[i].name.n == 0;
	}
	names_init(&r->patterns, conf->n_routes);
	for (uint32_t i = 0; i < conf->n_routes; i++)
		names_add(&r->patterns, conf->routes[i].pattern, i);
	return r;
}

void
router_free(struct router *r)
{
	if (r == NULL)
		return;
	tables_free(r->tables);
	names_clear(&r->domains);
	names_clear(&r->patterns);
	free(r);
}

void
router_use(struct router *r)
{
	router_free(current);
	current = r;
	epoch++;
}

uint16_t
router_epoch(void)
{
	return epoch;
}

/* ---- our domains ------------------------------------------------------- */

/* Those of "domain table NAME", in their order. */
static enum table_result
domain_in_tables(struct str name, const struct domain_conf **found)
{
	const struct domain_conf	*d;
	enum table_result		 result;

	for (size_t i = 0; i < current->conf->n_domains; i++) {
		d = &current->conf->domains[i];
		if (d->name.n != 0)
			continue;
		result = tables_find(current->tables, d->table, name, NULL);
		if (result == TABLE_FOUND)
			*found = d;
		if (result != TABLE_ABSENT)
			return result;
	}
	return TABLE_ABSENT;
}

static enum table_result
domain_find(struct str name, const struct domain_conf **found)
{
	uint32_t	 i = names_find(&current->domains, name);

	*found = NULL;
	if (i != NAMES_NO) {
		*found = &current->conf->domains[i];
		return TABLE_FOUND;
	}
	if (!current->table_domains)
		return TABLE_ABSENT;
	return domain_in_tables(name, found);
}

/* TABLE_ERROR: cannot tell; TABLE_ABSENT: not an address. */
static enum table_result
target_parse(struct target *t, struct str address)
{
	t->domain = NULL;
	if (addr_parse(address, ADDR_POSTMASTER | ADDR_UTF8, t->store,
	    &t->addr) != ADDR_OK)
		return TABLE_ABSENT;
	if (domain_find(t->addr.domain, &t->domain) == TABLE_ERROR)
		return TABLE_ERROR;
	return TABLE_FOUND;
}

/* ---- our recipients ---------------------------------------------------- */

/* Keys of tables are in lower case. */
static struct str
lower(struct str s, char *to)
{
	for (size_t i = 0; i < s.n; i++)
		to[i] = s.p[i] >= 'A' && s.p[i] <= 'Z' ?
		    (char)(s.p[i] | 0x20) : s.p[i];
	return str_bytes(to, s.n);
}

/* user@domain, then user, then @domain; the first that is there. */
static enum table_result
recipient_in_table(unsigned table, const struct addr *a)
{
	char			 key[ADDR_STORE_MAX + 1];
	struct str		 local = lower(a->local, key), whole;
	enum table_result	 result;

	key[local.n] = '@';
	memcpy(key + local.n + 1, a->domain.p, a->domain.n);
	whole = str_bytes(key, local.n + 1 + a->domain.n);
	result = tables_find(current->tables, table, whole, NULL);
	if (result == TABLE_ABSENT)
		result = tables_find(current->tables, table, local, NULL);
	if (result == TABLE_ABSENT)
		result = tables_find(current->tables, table,
		    str_skip(whole, local.n), NULL);
	return result;
}

static enum table_result
account_find(unsigned table, struct str user, struct str *value)
{
	enum table_result	 result;
	char			 key[ADDR_STORE_MAX];

	/* "#" begins the table's other half, the slots */
	if (user.n != 0 && user.p[0] == '#')
		return TABLE_ABSENT;
	result = tables_find(current->tables, table, user, value);
	if (result == TABLE_ABSENT)
		result = tables_find(current->tables, table, lower(user, key),
		    value);
	return result;
}

static enum table_result
recipient_find(const struct target *t)
{
	const struct domain_conf	*d = t->domain;

	switch (d->recipients) {
	case RECIPIENTS_ANY:
		return TABLE_FOUND;
	case RECIPIENTS_TABLE:
		return recipient_in_table(d->recipients_table, &t->addr);
	case RECIPIENTS_SYSTEM:
		return account_find(d->recipients_table, t->addr.local, NULL);
	case RECIPIENTS_VERIFY:		/* load refuses it for now */
	default:
		return TABLE_ERROR;
	}
}

/* RFC 5321 4.5.1: reserved, always there, in any case. */
static bool
is_postmaster(const struct target *t)
{
	static const struct str	name = STR("postmaster");

	return str_equal_nocase(t->addr.local, name) &&
	    (t->addr.domain.n == 0 || t->domain != NULL);
}

/* ---- who may ----------------------------------------------------------- */

static bool
is_trusted(const struct listener_conf *l, const struct netaddr *client)
{
	struct netblock	 b;

	for (size_t i = 0; i < l->n_trust; i++) {
		b = (struct netblock){ l->trust[i].addr, l->trust[i].bits };
		if (netblock_match(&b, client))
			return true;
	}
	return false;
}

/* An mx worker never relays: whatever it says, it speaks for strangers. */
static bool
may_relay(const struct origin_of *o)
{
	const struct listener_conf	*l;

	if (o->role != ROLE_SMTPD_MSA ||
	    o->listener >= current->conf->n_listeners)
		return false;
	l = &current->conf->listeners[o->listener];
	switch (l->service) {
	case SERVICE_LOCAL:
		return true;
	case SERVICE_MX:
		return is_trusted(l, &o->client);
	default:
		return o->account.n != 0;
	}
}

enum rcpt_verdict
router_may(const struct origin_of *o, struct str address)
{
	struct target	 t;

	switch (target_parse(&t, address)) {
	case TABLE_ERROR:
		return RCPT_TEMPORARY;
	case TABLE_ABSENT:
		return RCPT_UNKNOWN;
	default:
		break;
	}
	if (is_postmaster(&t))
		return RCPT_OK;
	if (t.domain == NULL)
		return may_relay(o) ? RCPT_OK : RCPT_NO_RELAY;
	switch (recipient_find(&t)) {
	case TABLE_FOUND:
		return RCPT_OK;
	case TABLE_ABSENT:
		return RCPT_UNKNOWN;
	default:
		return RCPT_TEMPORARY;
	}
}

/* ---- where to ---------------------------------------------------------- */

struct str
router_target(struct str address)
{
	struct str	 postmaster = current->conf->postmaster;
	struct target	 t;

	if (postmaster.n == 0 || !str_starts_nocase(address,
	    (struct str)STR("postmaster")) ||
	    target_parse(&t, address) != TABLE_FOUND || !is_postmaster(&t))
		return address;
	if (t.domain != NULL && t.domain->recipients != RECIPIENTS_ANY &&
	    recipient_find(&t) == TABLE_FOUND)
		return address;		/* there is such a mailbox */
	return postmaster;
}

static const struct route_conf *
pattern_find(struct str domain)
{
	uint32_t	 i = names_find(&current->patterns, domain);
	const char	*dot;

	while (i == NAMES_NO && domain.n > 1) {
		dot = memchr(domain.p + 1, '.', domain.n - 1);
		if (dot == NULL)
			break;
		domain = str_skip(domain, (size_t)(dot - domain.p));
		i = names_find(&current->patterns, domain);
	}
	if (i == NAMES_NO)
		i = names_find(&current->patterns, (struct str)STR("*"));
	return i != NAMES_NO ? &current->conf->routes[i] : NULL;
}

/* "host:25" or "unix:PATH": a port only where there are digits behind it. */
static void
lmtp_split(struct str service, struct route_spec *s)
{
	size_t		 n = service.n;
	unsigned	 port = 0;

	s->next_hop = service;
	while (n > 0 && service.p[n - 1] >= '0' && service.p[n - 1] <= '9')
		n--;
	if (n == service.n || n == 0 || service.p[n - 1] != ':' ||
	    service.n - n > 5)
		return;
	s->next_hop.n = n - 1;
	for (; n < service.n; n++)
		port = port * 10 + (unsigned)(service.p[n] - '0');
	s->port = (uint16_t)port;
}

static void
spec_by_domain(const struct domain_conf *d, struct route_spec *s)
{
	s->transport = d->transport;
	if (d->transport == TRANSPORT_LOCAL) {
		s->delivery = d->delivery;
		s->next_hop = STR_NONE;
	} else if (d->transport == TRANSPORT_LMTP) {
		s->via = true;
		lmtp_split(d->lmtp, s);
	}
}

static void
spec_by_route(const struct route_conf *c, struct route_spec *s)
{
	s->concurrency = c->concurrency;
	s->retry_min_s = c->retry_min_s;
	s->retry_max_s = c->retry_max_s;
	s->expire_s = c->expire_s;
	if (s->transport != TRANSPORT_SMTP || c->via_host.n == 0)
		return;
	s->via = true;
	s->next_hop = c->via_host;
	s->port = c->via_port;
}

/* A bare postmaster where none is configured: that of our own name. */
static struct str
target_domain(const struct target *t)
{
	if (t->addr.domain.n != 0)
		return t->addr.domain;
	return current->conf->hostname;
}

enum route_result
router_route(struct str address, struct route **route)
{
	const struct route_conf	*c;
	struct target		 t;
	struct route_spec	 s = { .transport = TRANSPORT_SMTP,
	    .delivery = DELIVERY_NONE, .concurrency = CONCURRENCY,
	    .retry_min_s = RETRY_MIN_S, .retry_max_s = RETRY_MAX_S,
	    .expire_s = EXPIRE_S };

	/* an unreadable table of domains is no reason to lose the mail: it
	 * goes where MX leads, or is looked at again with the next router */
	if (target_parse(&t, address) == TABLE_ABSENT)
		return ROUTE_NONE;
	s.next_hop = target_domain(&t);
	if (t.domain == NULL && t.addr.domain.n == 0)
		domain_find(s.next_hop, &t.domain);
	if ((c = pattern_find(s.next_hop)) == NULL && t.domain == NULL &&
	    s.next_hop.n == 0)
		return ROUTE_NONE;
	if (t.domain != NULL)
		spec_by_domain(t.domain, &s);
	if (c != NULL)
		spec_by_route(c, &s);
	*route = route_get(&s);
	return ROUTE_FOUND;
}

enum table_result
router_slot(struct str address, uint32_t *slot)
{
	struct target		 t;
	struct str		 value;
	enum table_result	 result;
	uint64_t		 n = 0;

	*slot = 0;
	if (target_parse(&t, address) == TABLE_ERROR)
		return TABLE_ERROR;
	if (t.domain == NULL || t.domain->recipients != RECIPIENTS_SYSTEM)
		return TABLE_FOUND;
	result = account_find(t.domain->recipients_table, t.addr.local,
	    &value);
	if (result != TABLE_FOUND)
		return result;
	if (value.n == 0 || value.n > 9)
		return TABLE_ERROR;
	for (size_t i = 0; i < value.n; i++) {
		if (value.p[i] < '0' || value.p[i] > '9')
			return TABLE_ERROR;
		n = n * 10 + (uint64_t)(value.p[i] - '0');
	}
	*slot = (uint32_t)n;
	return TABLE_FOUND;
}
