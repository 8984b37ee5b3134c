/*
 * Candidate addresses, in resolverd's order: hosts by preference, and within
 * a host the families in turn.
 */
#include "target.h"

#include <stdlib.h>

#include "domain.h"

/* A list being made. */
struct making {
	const struct target_wish *wish;
	struct target	 list[TARGETS_MAX];
	size_t		 n;
	bool		 self;		/* we are in it, and end it */
	bool		 literal;	/* an address, of no name */
	bool		 unknown;	/* of some host's addresses */
};

static struct netaddr
with_port(struct netaddr addr, uint16_t port)
{
	addr.port = port;
	return addr;
}

/* One of the addresses that we take mail on, as the configuration says. */
static bool
is_own_bind(const struct conf *conf, const struct netaddr *addr)
{
	for (size_t i = 0; i < conf->n_listeners; i++) {
		const struct listener_conf	*l = &conf->listeners[i];

		for (size_t j = 0; j < l->n_binds; j++)
			if (netaddr_equal(&l->binds[j].addr, addr) &&
			    l->binds[j].addr.port == addr->port)
				return true;
	}
	return false;
}

bool
target_is_self(const struct conf *conf, const struct netaddr *local,
    const struct netaddr *remote)
{
	if (!netaddr_equal(local, remote))
		return false;
	for (size_t i = 0; i < conf->n_listeners; i++)
		for (size_t j = 0; j < conf->listeners[i].n_binds; j++)
			if (conf->listeners[i].binds[j].addr.port ==
			    remote->port)
				return true;
	return false;
}

/*
 * Never for an address that the postmaster wrote: via may be anything.  What
 * the DNS says is a stranger's word, who may point us at hosts that only we
 * can reach; a literal has the whole address for all to see.
 */
static bool
is_forbidden(const struct making *m, const struct netaddr *addr)
{
	const struct target_wish	*wish = m->wish;

	if (wish->via)
		return false;
	if (netaddr_is_unspecified(addr) || netaddr_is_multicast(addr))
		return true;
	if (wish->conf->allow_loopback)
		return false;
	return netaddr_is_loopback(addr) ||
	    (!m->literal && netaddr_is_private(addr));
}

static void
target_name(struct target *t, struct str name)
{
	t->n_name = name.n < DOMAIN_MAX ? name.n : DOMAIN_MAX;
	if (t->n_name != 0)
		memcpy(t->name, name.p, t->n_name);
}

static void
add_addr(struct making *m, struct str name, uint16_t preference,
    const struct netaddr *addr)
{
	struct target	*t;

	if (m->n == TARGETS_MAX || is_forbidden(m, addr))
		return;
	t = &m->list[m->n++];
	*t = (struct target){
		.addr = with_port(*addr, m->wish->port),
		.preference = preference,
	};
	target_name(t, name);
}

static void
add_host(struct making *m, const struct mail_host *h)
{
	if (h->result == NAMES_FAILED)
		m->unknown = true;
	for (size_t i = 0; i < h->n_addrs; i++)
		add_addr(m, h->name, h->preference, &h->addrs[i].addr);
}

static bool
is_self(const struct target_wish *wish, const struct mail_host *h)
{
	struct netaddr	 addr;

	if (wish->via)
		return false;
	if (domain_equal(h->name, wish->conf->hostname))
		return true;
	for (size_t i = 0; i < h->n_addrs; i++) {
		addr = with_port(h->addrs[i].addr, wish->port);
		if (is_own_bind(wish->conf, &addr))
			return true;
	}
	return false;
}

/* RFC 5321 5.1: where we are in the list, it ends before our preference. */
static void
drop_from(struct making *m, uint16_t preference)
{
	while (m->n != 0 && m->list[m->n - 1].preference >= preference)
		m->n--;
	m->self = true;
}

static int
take_list(struct targets *t, const struct making *m)
{
	struct target	*list = malloc(m->n * sizeof(*list));

	if (list == NULL)
		return -1;
	memcpy(list, m->list, m->n * sizeof(*list));
	free(t->list);
	t->list = list;
	t->n = m->n;
	for (t->n_best = 1; t->n_best < t->n; t->n_best++)
		if (list[t->n_best].preference != list[0].preference)
			break;
	return 0;
}

/*
 * A name that the postmaster wrote and that is not there is his mistake, not
 * the sender's: the mail waits.
 */
static void
say_missing(const struct target_wish *wish, struct outcome *o,
    const char *code, const char *what)
{
	if (wish->via)
		outcome_say(o, RCPT_DEFERRED, "4.4.4", "%.*s %s",
		    STR_FMT(wish->next_hop), what);
	else
		outcome_say(o, RCPT_FAILED, code, "%.*s %s",
		    STR_FMT(wish->next_hop), what);
}

static void
say_none(const struct making *m, struct outcome *o)
{
	if (m->unknown)
		outcome_say(o, RCPT_DEFERRED, "4.4.3",
		    "no mail host of %.*s could be looked up",
		    STR_FMT(m->wish->next_hop));
	else if (m->self)
		say_missing(m->wish, o, "5.4.6", "has this host as its best "
		    "mail host, which does not take mail for it");
	else
		say_missing(m->wish, o, "5.4.4",
		    "has no mail host with a usable address");
}

static void
say_result(const struct target_wish *wish, const struct hosts *h,
    struct outcome *o)
{
	switch (h->result) {
	case NAMES_NULL_MX:
		/* RFC 7505 4.2 */
		say_missing(wish, o, "5.1.10", "takes no mail (null MX)");
		break;
	case NAMES_NO_DOMAIN:
		say_missing(wish, o, "5.1.2", "does not exist");
		break;
	case NAMES_NONE:
		say_missing(wish, o, "5.4.4", "has no mail host");
		break;
	default:
		outcome_say(o, RCPT_DEFERRED, "4.4.3",
		    "%.*s could not be looked up: %.*s",
		    STR_FMT(wish->next_hop), STR_FMT(h->why));
		break;
	}
}

static int
finish(struct targets *t, const struct making *m, struct outcome *o)
{
	if (m->n == 0) {
		say_none(m, o);
		return -1;
	}
	if (take_list(t, m) == -1) {
		outcome_say(o, RCPT_DEFERRED, "4.3.0", "out of memory");
		return -1;
	}
	return 0;
}

int
targets_from_service(struct targets *t, struct str name, struct outcome *o)
{
	struct making	 m = { .n = 1 };

	target_name(&m.list[0], name);
	return finish(t, &m, o);
}

int
targets_from_hosts(struct targets *t, const struct target_wish *wish,
    const struct hosts *h, struct outcome *o)
{
	struct making	 m = { .wish = wish };

	if (h->result != NAMES_OK) {
		say_result(wish, h, o);
		return -1;
	}
	for (size_t i = 0; i < h->n_hosts && !m.self; i++) {
		if (is_self(wish, &h->hosts[i]))
			drop_from(&m, h->hosts[i].preference);
		else
			add_host(&m, &h->hosts[i]);
	}
	return finish(t, &m, o);
}

int
targets_from_literal(struct targets *t, const struct target_wish *wish,
    struct outcome *o)
{
	struct making	 m = { .wish = wish, .literal = true };
	struct netaddr	 addr;

	if (domain_literal_parse(wish->next_hop, &addr) == -1 &&
	    netaddr_parse(&addr, wish->next_hop) == -1)
		return 1;
	addr = with_port(addr, wish->port);
	if (!wish->via && is_own_bind(wish->conf, &addr))
		m.self = true;
	else
		add_addr(&m, wish->next_hop, 0, &addr);
	return finish(t, &m, o);
}

void
targets_clear(struct targets *t)
{
	free(t->list);
	*t = (struct targets){ 0 };
}
