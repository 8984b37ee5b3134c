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

const struct origin *
router_listener(const struct origin_of *o)
{
	const struct listener_conf	*l = listener_of(o);

	return l != NULL ? &l->origin : NULL;
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

/* A route keeps a service's name, as its index does not outlive a reload. */
void
router_spec_service(const struct service_conf *c, struct route_spec *s)
{
	s->transport = TRANSPORT_LMTP;
	s->via = true;
	s->next_hop = c->host.n != 0 ? c->host : c->name;
	s->port = c->host.n != 0 ? c->port : 0;
}

static void
spec_by_domain(const struct domain_conf *d, struct route_spec *s)
{
	s->transport = d->transport;
	if (d->transport == TRANSPORT_LOCAL) {
		s->delivery = d->delivery;
		s->next_hop = STR_NONE;
	} else if (d->transport == TRANSPORT_LMTP)
		router_spec_service(&current->conf->services[d->service], s);
}

/* A credential is kept by its name as well. */
static void
spec_tls(const struct route_conf *c, struct route_spec *s)
{
	s->tls = c->tls;
	s->tls_name = c->tls_name;
	if (c->credential < current->conf->n_credentials)
		s->credential =
		    current->conf->credentials[c->credential].name;
}

static void
spec_by_route(const struct route_conf *c, struct route_spec *s)
{
	s->concurrency = c->concurrency;
	s->rate_messages = c->rate_messages;
	s->rate_ms = c->rate_ms;
	s->retry_min_s = c->retry_min_s;
	s->retry_max_s = c->retry_max_s;
	s->expire_s = c->expire_s;
	if (s->transport != TRANSPORT_SMTP)
		return;
	spec_tls(c, s);
	if (c->via_host.n == 0)
		return;
	s->via = true;
	s->via_tls = c->via_tls;
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

static const struct route_spec	 usual = {
	.transport = TRANSPORT_SMTP, .delivery = DELIVERY_NONE,
	.tls = TLS_LEVEL_MAY, .concurrency = CONCURRENCY,
	.retry_min_s = RETRY_MIN_S, .retry_max_s = RETRY_MAX_S,
	.expire_s = EXPIRE_S
};

void
router_spec(const struct target *t, struct route_spec *s)
{
	const struct route_conf	*c = pattern_find(t->addr.domain);

	*s = usual;
	s->next_hop = t->addr.domain;
	spec_by_domain(t->domain, s);
	if (c != NULL)
		spec_by_route(c, s);
}

void
router_spec_of(const struct route_conf *c, struct route_spec *s)
{
	*s = usual;
	if (c != NULL)
		spec_by_route(c, s);
}

const struct route_conf *
router_pattern(struct str address)
{
	struct target	 t;

	if (target_parse(&t, address) == TABLE_ABSENT)
		return NULL;
	return pattern_find(target_domain(&t));
}

static uint16_t
service_find(struct str name)
{
	const struct conf	*conf = current->conf;
	uint16_t		 i = 0;

	while (i < conf->n_services &&
	    !str_equal(conf->services[i].name, name))
		i++;
	return i < conf->n_services ? i : SERVICE_NONE;
}

/* One that is gone is not the same as none: there is no mail without it. */
static uint16_t
credential_find(struct str name)
{
	const struct conf	*conf = current->conf;
	uint16_t		 i = 0;

	if (name.n == 0)
		return CREDENTIAL_NONE;
	while (i < conf->n_credentials &&
	    !str_equal(conf->credentials[i].name, name))
		i++;
	return i;
}

void
router_wake(const struct route *r, struct route_wake *m)
{
	const struct route_spec	*s = &r->spec;
	bool			 is_service;

	is_service = s->transport == TRANSPORT_LMTP && s->port == 0;
	*m = (struct route_wake){
		.route = r->number, .transport = s->transport,
		.next_hop = s->next_hop, .port = s->port, .via = s->via,
		.delivery = s->delivery, .concurrency = s->concurrency,
		.service = is_service ? service_find(s->next_hop) :
		    SERVICE_NONE,
		.conf = current->conf->number,
		.via_tls = s->via_tls, .tls = s->tls, .tls_name = s->tls_name,
		.credential = credential_find(s->credential),
		.waiting = r->n_ready,
	};
}

enum route_result
router_route(struct str address, struct route **route)
{
	const struct route_conf	*c;
	struct target		 t;
	struct route_spec	 s = usual;

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

const struct origin *
router_rule(struct str address)
{
	const struct route_conf	*c;
	struct target		 t;

	if (target_parse(&t, address) == TABLE_ABSENT)
		return NULL;
	if (t.domain != NULL && t.domain->transport != TRANSPORT_SMTP)
		return &t.domain->origin;
	if ((c = pattern_find(target_domain(&t))) != NULL)
		return &c->origin;
	return t.domain != NULL ? &t.domain->origin : NULL;
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
