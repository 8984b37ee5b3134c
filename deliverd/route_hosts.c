/*
 * Where a route's mail may be brought to: asked of resolverd, kept for as
 * long as its answer holds, asked again behind the scenes while mail flows.
 * A resolverd that is starting, or has just died, is waited for; but not by
 * a route whose question may be what it dies of.
 */
#include "route.h"

#include "clock.h"
#include "peer.h"
#include "proc.h"

#define ANSWER_MS	5000	/* resolverd's, beyond its own limit */
#define RESOLVER_MS	5000	/* until there is one */
#define RESOLVERS_LOST	2	/* under one question, then it fails */
#define TTL_MIN_S	1	/* not a question for each connection */
#define TTL_MAX_S	3600	/* however long they say */

/* RESOLVING, and there was nobody to ask */
static struct expiry	 no_resolver;

static void
on_no_resolver(struct expiring *e)
{
	struct route	*r = (struct route *)((char *)e -
			    offsetof(struct route, resting));
	struct outcome	 why;

	outcome_say(&why, RCPT_DEFERRED, "4.4.3", "no resolver");
	route_fail(r, &why);
	route_balance(r);
}

void
route_hosts_setup(void)
{
	expiry_init(&no_resolver, on_no_resolver);
}

static struct target_wish
wish_of(const struct route *r)
{
	const struct conf	*conf = proc_conf();

	return (struct target_wish){
		.conf = conf,
		.next_hop = str_bytes(r->next_hop, r->n_next_hop),
		.port = r->port != 0 ? r->port : conf->smtp_port,
		.via = r->via,
	};
}

bool
route_hosts_are_fresh(const struct route *r)
{
	return r->targets.n != 0 && r->targets_until_ms > clock_ms();
}

static void
keep_targets(struct route *r, uint32_t ttl_s)
{
	if (ttl_s < TTL_MIN_S)
		ttl_s = TTL_MIN_S;
	if (ttl_s > TTL_MAX_S)
		ttl_s = TTL_MAX_S;
	r->targets_until_ms = clock_ms() + 1000ULL * ttl_s;
}

/* No answer with hosts; while the old ones serve, that does not matter. */
static void
lack_hosts(struct route *r, const struct outcome *why)
{
	keep_targets(r, TTL_MIN_S);
	if (r->state == ROUTE_RESOLVING)
		route_fail(r, why);
}

static void
ask_waiting(unsigned n)
{
	struct expiring	*e;

	/* who still cannot be asked waits behind the others again */
	while (n-- != 0 && (e = expiry_first(&no_resolver)) != NULL) {
		expiry_remove(&no_resolver, e);
		route_ask_hosts((struct route *)((char *)e -
		    offsetof(struct route, resting)));
	}
}

void
route_on_hosts(struct route *r, const struct hosts *h)
{
	struct target_wish	 wish = wish_of(r);
	struct outcome		 why;

	r->asked = 0;
	r->resolvers_lost = 0;
	ask_waiting(1);		/* there is credit for another */
	if (targets_from_hosts(&r->targets, &wish, h, &why) == -1) {
		lack_hosts(r, &why);
	} else {
		keep_targets(r, h->ttl_s);
		if (r->state == ROUTE_RESOLVING)
			r->state = ROUTE_OPEN;
	}
	route_balance(r);
}

static void
on_hosts_lost(void *asker, enum lost_why lost)
{
	struct route	*r = asker;
	struct outcome	 why;

	r->asked = 0;
	if (lost == LOST_PEER && ++r->resolvers_lost <= RESOLVERS_LOST) {
		route_ask_hosts(r);
		return;
	}
	outcome_say(&why, RCPT_DEFERRED, "4.4.3", lost == LOST_TIMEOUT ?
	    "no answer from the resolver" : "the resolver has died");
	r->resolvers_lost = 0;
	lack_hosts(r, &why);
	route_balance(r);
}

void
route_ask_hosts(struct route *r)
{
	struct target_wish	 wish = wish_of(r);
	struct hosts_ask	 m = {
		.name = wish.next_hop,
		.mx = !r->via,
		.port = wish.port,
	};

	if (r->asked != 0)
		return;
	r->resolver = proc_peer(ROLE_RESOLVERD);
	r->asked = peer_ask(r->resolver, HOSTS_ASK, &m, on_hosts_lost, r,
	    proc_conf()->dns_timeout_ms + ANSWER_MS);
	if (r->asked == 0 && r->state == ROUTE_RESOLVING)
		expiry_add(&no_resolver, &r->resting, RESOLVER_MS);
}

void
route_resolver_up(void)
{
	ask_waiting(expiry_count(&no_resolver));
}

void
route_resolve_end(struct route *r)
{
	if (r->asked != 0)
		peer_forget(r->resolver, r->asked);
	if (r->state == ROUTE_RESOLVING)
		expiry_remove(&no_resolver, &r->resting);
}

/* Makes the route OPEN, now or when resolverd has answered. */
void
route_resolve(struct route *r)
{
	struct target_wish	 wish = wish_of(r);
	struct outcome		 why;
	int			 literal;

	r->state = ROUTE_OPEN;
	if (route_hosts_are_fresh(r))
		return;
	literal = r->by_service ?
	    targets_from_service(&r->targets, wish.next_hop, &why) :
	    targets_from_literal(&r->targets, &wish, &why);
	if (literal == 0)
		keep_targets(r, TTL_MAX_S);
	else if (literal == -1)
		route_fail(r, &why);
	if (literal != 1)
		return;
	r->state = ROUTE_RESOLVING;
	route_ask_hosts(r);
}

void
route_target_failed(struct route *r, const struct netaddr *addr)
{
	for (size_t i = 0; i < r->targets.n; i++)
		if (netaddr_equal(&r->targets.list[i].addr, addr))
			r->targets.list[i].bad_until_ms =
			    clock_ms() + TARGET_BAD_MS;
}
