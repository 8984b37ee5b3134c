/*
 * Domains and routes by hash, so that ten thousand of either cost what one
 * does.  A pattern with more labels goes before one with fewer, whatever
 * their order in the file: the name itself, then .parent, its parent and so
 * on, then *.
 */
#include "router.h"

#include <stdio.h>
#include <stdlib.h>

#include "log.h"
#include "proc.h"
#include "xmalloc.h"

#include "names.h"
#include "target.h"

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

static struct router	*current;
static uint16_t		 epoch;
/* where the listeners of the configuration before are now: an smtpd that was
 * not told yet speaks of them */
static struct {
	uint32_t	 conf;
	size_t		 n;
	unsigned	 now[LISTENERS_MAX];
} before;

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

static unsigned
listener_find(const struct conf *conf, const struct listener_conf *l)
{
	unsigned	 i = 0;

	while (i < conf->n_listeners &&
	    (conf->listeners[i].service != l->service ||
	    !str_equal(conf->listeners[i].name, l->name)))
		i++;
	return i;
}

static void
renumber_listeners(const struct conf *old, const struct conf *new)
{
	before.conf = old->number;
	before.n = old->n_listeners;
	for (size_t i = 0; i < before.n; i++)
		before.now[i] = listener_find(new, &old->listeners[i]);
}

void
router_use(struct router *r)
{
	if (current != NULL && r != NULL)
		renumber_listeners(current->conf, r->conf);
	router_free(current);
	current = r;
	epoch++;
}

uint16_t
router_epoch(void)
{
	return epoch;
}

const struct conf *
router_conf(void)
{
	return current->conf;
}

struct tables *
router_tables(void)
{
	return current->tables;
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

enum table_result
router_domain(struct str name, const struct domain_conf **found)
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

static const struct listener_conf *
listener_of(const struct origin_of *o)
{
	unsigned	 i = o->listener;

	if (o->conf != current->conf->number) {
		if (o->conf != before.conf || i >= before.n)
			return NULL;
		i = before.now[i];
	}
	return i < current->conf->n_listeners ?
	    &current->conf->listeners[i] : NULL;
}

bool
router_is_known(const struct origin_of *o)
{
	return listener_of(o) != NULL;
}

/* An mx worker never relays: whatever it says, it speaks for strangers. */
bool
router_may_relay(const struct origin_of *o)
{
	const struct listener_conf	*l = listener_of(o);

	if (o->role != ROLE_SMTPD_MSA || l == NULL)
		return false;
	switch (l->service) {
	case SERVICE_LOCAL:
		return true;
	case SERVICE_MX:
		return is_trusted(l, &o->client);
	default:
		return o->account.n != 0;
	}
}

/* ---- where to ---------------------------------------------------------- */

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

static void
spec_by_domain(const struct domain_conf *d, struct route_spec *s)
{
	s->transport = d->transport;
	if (d->transport == TRANSPORT_LOCAL) {
		s->delivery = d->delivery;
		s->next_hop = STR_NONE;
	} else if (d->transport == TRANSPORT_LMTP) {
		s->via = true;
		s->service = d->service;
		s->next_hop = current->conf->services[d->service].name;
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
	    .delivery = DELIVERY_NONE, .service = SERVICE_NONE,
	    .concurrency = CONCURRENCY, .retry_min_s = RETRY_MIN_S, .retry_max_s = RETRY_MAX_S,
	    .expire_s = EXPIRE_S };

	/* an unreadable table of domains is no reason to lose the mail: it
	 * goes where MX leads, or is looked at again with the next router */
	if (target_parse(&t, address) == TABLE_ABSENT)
		return ROUTE_NONE;
	s.next_hop = target_domain(&t);
	if (t.domain == NULL && t.addr.domain.n == 0)
		router_domain(s.next_hop, &t.domain);
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
	struct target	 t;

	*slot = 0;
	if (target_parse(&t, address) == TABLE_ERROR)
		return TABLE_ERROR;
	return target_slot(&t, slot);
}
