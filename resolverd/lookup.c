/*
 * What is in flight, by question, with those who wait for it; and the cache.
 * A query goes on when nobody waits for it any more, as its answer will be
 * wanted again.
 */
#include "lookup.h"

#include <event2/event.h>

#include <stdlib.h>

#include "log.h"

#include "cache.h"
#include "query.h"
#include "servers.h"

#define BUCKETS		1024	/* a power of two, about LOOKUPS_MAX */

TAILQ_HEAD(wait_list, lookup_wait);

struct lookup {
	struct lookup		*next;		/* in its bucket */
	struct question		 question;
	struct query		*query;
	struct wait_list	 waiting;
};

static struct event_base	*base;
static struct servers		*servers;
static uint32_t			 timeout_ms;
static struct cache		 cache;
static struct lookup		*buckets[BUCKETS];
static size_t			 n_lookups;

void
lookup_setup(struct event_base *b)
{
	base = b;
}

void
lookup_configure(const struct conf *conf)
{
	if (servers != NULL && !servers_equal(servers, conf->name_servers,
	    conf->n_name_servers))
		cache_clear(&cache);	/* others may know better */
	servers_unref(&servers);
	servers = servers_new(conf->name_servers, conf->n_name_servers);
	timeout_ms = conf->dns_timeout_ms;
	if (cache.buckets == NULL)
		cache_init(&cache, conf->dns_cache_entries);
	else
		cache_resize(&cache, conf->dns_cache_entries);
	if (servers->n == 0)
		log_error("no name server is configured: no mail can be "
		    "sent to other hosts");
}

/* ---- names that no server is asked for --------------------------------- */

static bool
is_below(const struct question *q, const char *name)
{
	struct dname	 parent;

	return dname_parse(&parent, str_of(name)) == 0 &&
	    dname_is_within(&q->name, &parent);
}

static struct answer *
answer_localhost(const struct question *q)
{
	static const char	 v4[4] = { 127, 0, 0, 1 };
	static const char	 v6[16] = { [15] = 1 };
	struct record		 r = { 0 };

	if (q->type == DNS_A)
		r.data = str_bytes(v4, sizeof(v4));
	else if (q->type == DNS_AAAA)
		r.data = str_bytes(v6, sizeof(v6));
	else
		return answer_none(NAMES_NONE, DNSSEC_INSECURE,
		    ANSWER_TTL_MAX_S, NULL);
	return answer_new(DNSSEC_INSECURE, ANSWER_TTL_MAX_S, &r, 1);
}

/* NULL for all other names. */
static struct answer *
answer_special(const struct question *q)
{
	if (is_below(q, "localhost"))
		return answer_localhost(q);
	if (is_below(q, "invalid") || is_below(q, "onion"))
		return answer_none(NAMES_NO_DOMAIN, DNSSEC_INSECURE,
		    ANSWER_TTL_MAX_S, NULL);
	return NULL;
}

/* ---- what is in flight ------------------------------------------------- */

/* The link that leads to the lookup, or to the end of its chain. */
static struct lookup **
find(const struct question *q)
{
	struct lookup	**at = &buckets[question_hash(q) % BUCKETS];

	while (*at != NULL && !question_equal(&(*at)->question, q))
		at = &(*at)->next;
	return at;
}

static void
unlink_lookup(struct lookup *l)
{
	*find(&l->question) = l->next;
	n_lookups--;
}

/* A failure gives way to an answer that was good until lately. */
static struct answer *
better_of(struct lookup *l, struct answer *a)
{
	struct answer	*stale;

	if (a->result != NAMES_FAILED || a->dnssec == DNSSEC_BOGUS ||
	    (stale = cache_get_stale(&cache, &l->question)) == NULL) {
		cache_put(&cache, &l->question, a);
		return a;
	}
	answer_ref(stale);
	answer_unref(&a);
	return stale;
}

/*
 * What is called here may ask again or cancel others that wait, so they are
 * taken off one by one, and the lookup is in no table any more.
 */
static void
on_query(void *arg, struct answer *a)
{
	struct lookup		*l = arg;
	struct lookup_wait	*w;

	l->query = NULL;
	unlink_lookup(l);
	a = better_of(l, a);
	while ((w = TAILQ_FIRST(&l->waiting)) != NULL) {
		lookup_cancel(w);
		w->answered(w->arg, a);
	}
	answer_unref(&a);
	free(l);
}

static struct lookup *
lookup_new(const struct question *q)
{
	struct lookup	*l, **at;

	if ((l = malloc(sizeof(*l))) == NULL)
		return NULL;
	l->question = *q;
	TAILQ_INIT(&l->waiting);
	l->query = query_start(base, servers, q, timeout_ms, on_query, l);
	if (l->query == NULL) {
		free(l);
		return NULL;
	}
	at = find(q);
	l->next = *at;
	*at = l;
	n_lookups++;
	return l;
}

static struct answer *
failed_here(const char *why)
{
	return answer_none(NAMES_FAILED, DNSSEC_FAILED, 0, "%s", why);
}

struct answer *
lookup(const struct question *q, struct lookup_wait *w)
{
	struct answer	*a;
	struct lookup	*l;

	w->lookup = NULL;
	if ((a = cache_get(&cache, q)) != NULL)
		return answer_ref(a);
	if ((a = answer_special(q)) != NULL)
		return a;
	if ((l = *find(q)) == NULL) {
		if (servers == NULL || servers->n == 0)
			return failed_here("no name server is configured");
		if (n_lookups >= LOOKUPS_MAX)
			return failed_here("too many questions at a time");
		if ((l = lookup_new(q)) == NULL)
			return failed_here("out of memory");
	}
	w->lookup = l;
	TAILQ_INSERT_TAIL(&l->waiting, w, next);
	return NULL;
}

void
lookup_cancel(struct lookup_wait *w)
{
	if (w->lookup == NULL)
		return;
	TAILQ_REMOVE(&w->lookup->waiting, w, next);
	w->lookup = NULL;
}

void
lookup_deadline(struct event *ev, void (*fn)(int, short, void *), void *arg)
{
	struct timeval	 tv = { timeout_ms / 1000,
	    (suseconds_t)(timeout_ms % 1000 * 1000) };

	evtimer_assign(ev, base, fn, arg);
	evtimer_add(ev, &tv);
}

size_t
lookup_in_flight(void)
{
	return n_lookups;
}

void
lookup_teardown(void)
{
	struct lookup	*l;

	for (size_t i = 0; i < BUCKETS; i++)
		while ((l = buckets[i]) != NULL) {
			buckets[i] = l->next;
			query_cancel(&l->query);
			free(l);
		}
	n_lookups = 0;
	if (cache.buckets != NULL)
		cache_clear(&cache);
	servers_unref(&servers);
}
