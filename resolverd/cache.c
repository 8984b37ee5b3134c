/*
 * Entries in buckets and in the order of their last use.  The name of an
 * entry has just the room it needs.
 */
#include "cache.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "xmalloc.h"

#define BUCKETS_MIN	64

struct cache_entry {
	struct cache_entry		*next;		/* in its bucket */
	TAILQ_ENTRY(cache_entry)	 used;
	struct answer			*answer;
	uint64_t			 stale_until_ms;
	uint64_t			 hash;
	size_t				 size;
	uint16_t			 type;
	uint8_t				 n;
	uint8_t				 name[];
};

static void
make_buckets(struct cache *c)
{
	size_t	 n = BUCKETS_MIN;

	while (n < c->max && n < SIZE_MAX / 4)
		n *= 2;
	c->buckets = xcalloc(n, sizeof(struct cache_entry *));
	c->mask = n - 1;
}

void
cache_init(struct cache *c, size_t max)
{
	*c = (struct cache){ .max = max };
	TAILQ_INIT(&c->used);
	make_buckets(c);
}

/* The link that leads to the question's entry, or to the end of its chain. */
static struct cache_entry **
find(const struct cache *c, const struct question *q, uint64_t hash)
{
	struct cache_entry	**at = &c->buckets[hash & c->mask];

	for (; *at != NULL; at = &(*at)->next)
		if ((*at)->hash == hash && (*at)->type == q->type &&
		    (*at)->n == q->name.n &&
		    memcmp((*at)->name, q->name.b, q->name.n) == 0)
			break;
	return at;
}

static void
drop(struct cache *c, struct cache_entry **at)
{
	struct cache_entry	*e = *at;

	*at = e->next;
	TAILQ_REMOVE(&c->used, e, used);
	c->n--;
	c->size -= e->size;
	answer_unref(&e->answer);
	free(e);
}

static void
drop_oldest(struct cache *c)
{
	struct cache_entry	*e = TAILQ_LAST(&c->used, cache_list);
	struct cache_entry	**at = &c->buckets[e->hash & c->mask];

	while (*at != e)
		at = &(*at)->next;
	drop(c, at);
}

static void
shrink(struct cache *c)
{
	while (c->n > c->max || (c->n != 0 &&
	    c->size / CACHE_ENTRY_MEAN > c->max))
		drop_oldest(c);
}

void
cache_clear(struct cache *c)
{
	while (c->n != 0)
		drop_oldest(c);
	free(c->buckets);
	c->buckets = NULL;
}

void
cache_resize(struct cache *c, size_t max)
{
	struct cache_entry	*e, **at;

	c->max = max;
	shrink(c);
	free(c->buckets);
	make_buckets(c);
	TAILQ_FOREACH(e, &c->used, used) {
		at = &c->buckets[e->hash & c->mask];
		e->next = *at;
		*at = e;
	}
}

static void
touch(struct cache *c, struct cache_entry *e)
{
	TAILQ_REMOVE(&c->used, e, used);
	TAILQ_INSERT_HEAD(&c->used, e, used);
}

struct answer *
cache_get(struct cache *c, const struct question *q)
{
	struct cache_entry	*e = *find(c, q, question_hash(q));

	if (e == NULL || e->answer->expires_ms <= clock_ms())
		return NULL;
	touch(c, e);
	return e->answer;
}

struct answer *
cache_get_stale(struct cache *c, const struct question *q)
{
	struct cache_entry	*e = *find(c, q, question_hash(q));
	uint64_t		 now = clock_ms();

	if (e == NULL || now >= e->stale_until_ms || q->type == DNS_TLSA ||
	    e->answer->result == NAMES_FAILED)
		return NULL;
	touch(c, e);
	e->answer->expires_ms = now + CACHE_STALE_AGAIN_MS;
	return e->answer;
}

static struct cache_entry *
new_entry(const struct question *q, uint64_t hash, struct answer *a)
{
	size_t			 size = sizeof(struct cache_entry) + q->name.n;
	struct cache_entry	*e;

	if ((e = malloc(size)) == NULL)
		return NULL;
	*e = (struct cache_entry){
		.answer = answer_ref(a),
		.stale_until_ms = a->expires_ms + CACHE_STALE_MS,
		.hash = hash, .size = size + a->size,
		.type = q->type, .n = q->name.n,
	};
	memcpy(e->name, q->name.b, q->name.n);
	return e;
}

void
cache_put(struct cache *c, const struct question *q, struct answer *a)
{
	uint64_t		 hash = question_hash(q);
	struct cache_entry	**at = find(c, q, hash), *e;

	if (*at != NULL)
		drop(c, at);
	if (a->expires_ms <= clock_ms() ||
	    (e = new_entry(q, hash, a)) == NULL)
		return;
	at = &c->buckets[hash & c->mask];
	e->next = *at;
	*at = e;
	TAILQ_INSERT_HEAD(&c->used, e, used);
	c->n++;
	c->size += e->size;
	shrink(c);
}
