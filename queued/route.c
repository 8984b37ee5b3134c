/*
 * The routes in memory, found by what they mean and by their number.  The
 * buckets are fixed: chains of a few at the hundred thousand destinations
 * that a big mailing has.
 */
#include "route.h"

#include <stdio.h>
#include <stdlib.h>

#include "keyed.h"
#include "xmalloc.h"

#include "reply.h"

#define BUCKETS		16384	/* 256 KiB for both, touched as needed */

static struct route	*by_spec[BUCKETS];
static struct route	*by_number[BUCKETS];
static uint32_t		 last_number;

static size_t
spec_bucket(const struct route_spec *s)
{
	uint64_t	 h = keyed_hash(s->next_hop.p, s->next_hop.n);

	h ^= (uint64_t)s->delivery << 20 ^ (uint64_t)s->port << 4 ^
	    (uint64_t)s->transport;
	return h & (BUCKETS - 1);
}

static bool
spec_equal(const struct route_spec *a, const struct route_spec *b)
{
	return a->transport == b->transport && a->port == b->port &&
	    a->via == b->via && a->delivery == b->delivery &&
	    a->via_tls == b->via_tls && a->tls == b->tls &&
	    str_equal(a->tls_name, b->tls_name) &&
	    str_equal(a->credential, b->credential) &&
	    a->concurrency == b->concurrency &&
	    a->rate_messages == b->rate_messages &&
	    a->rate_ms == b->rate_ms &&
	    a->retry_min_s == b->retry_min_s &&
	    a->retry_max_s == b->retry_max_s && a->expire_s == b->expire_s &&
	    str_equal(a->next_hop, b->next_hop);
}

/* Moves s to at; where the next one goes. */
static char *
own(struct str *s, char *at)
{
	if (s->n != 0)
		memcpy(at, s->p, s->n);
	s->p = at;
	return at + s->n;
}

static struct route *
route_new(const struct route_spec *spec)
{
	struct route	*r = xcalloc(1, sizeof(*r));
	char		*at;

	r->spec = *spec;
	at = xmalloc(spec->next_hop.n + spec->tls_name.n +
	    spec->credential.n + 1);
	at = own(&r->spec.next_hop, at);
	at = own(&r->spec.tls_name, at);
	own(&r->spec.credential, at);
	r->number = ++last_number;
	TAILQ_INIT(&r->ready);
	TAILQ_INIT(&r->suspects);
	r->next_number = by_number[r->number % BUCKETS];
	by_number[r->number % BUCKETS] = r;
	return r;
}

struct route *
route_get(const struct route_spec *spec)
{
	size_t		 i = spec_bucket(spec);
	struct route	*r;

	for (r = by_spec[i]; r != NULL; r = r->next_spec)
		if (spec_equal(&r->spec, spec))
			return route_hold(r);
	r = route_new(spec);
	r->next_spec = by_spec[i];
	by_spec[i] = r;
	return route_hold(r);
}

struct route *
route_hold(struct route *r)
{
	r->refs++;
	return r;
}

static void
unlink_both(struct route *r)
{
	struct route	**s = &by_spec[spec_bucket(&r->spec)];
	struct route	**n = &by_number[r->number % BUCKETS];

	while (*s != r)
		s = &(*s)->next_spec;
	*s = r->next_spec;
	while (*n != r)
		n = &(*n)->next_number;
	*n = r->next_number;
}

/* A worker that was told of it is told again before it is used again. */
void
route_settle(struct route *r)
{
	if (r->refs != 0 || r->window != 0 || r->woken || r->waiting ||
	    r->timer != NULL)
		return;
	unlink_both(r);
	reply_drop(r->down_reply);
	free((char *)(uintptr_t)r->spec.next_hop.p);
	free(r);
}

void
route_drop(struct route *r)
{
	r->refs--;
	route_settle(r);
}

struct route *
route_find(uint32_t number)
{
	struct route	*r;

	for (r = by_number[number % BUCKETS]; r != NULL; r = r->next_number)
		if (r->number == number)
			break;
	return r;
}

bool
route_was(uint32_t number)
{
	return number != 0 && number <= last_number;
}

void
route_each(void (*each)(struct route *, void *), void *arg)
{
	for (size_t i = 0; i < BUCKETS; i++)
		for (struct route *r = by_spec[i]; r != NULL; r = r->next_spec)
			each(r, arg);
}

struct str
route_name(const struct route *r, char text[ROUTE_NAME_MAX + 1])
{
	const struct route_spec	*s = &r->spec;
	int			 n;

	if (s->transport == TRANSPORT_LOCAL)
		n = snprintf(text, ROUTE_NAME_MAX + 1, "local:%u",
		    s->delivery);
	else if (s->via && s->port != 0)
		n = snprintf(text, ROUTE_NAME_MAX + 1, "%.*s:%u",
		    STR_FMT(s->next_hop), s->port);
	else
		return s->next_hop;
	return str_bytes(text, (size_t)(n > ROUTE_NAME_MAX ?
	    ROUTE_NAME_MAX : n));
}
