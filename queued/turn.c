/*
 * One table holds the turns of all routes.  Its buckets are fixed: chains of
 * four when a million messages of as many senders are ready.
 */
#include "turn.h"

#include <stdlib.h>

#include "xmalloc.h"

#define BUCKETS		262144	/* 2 MiB, touched as needed */

static struct turn	*buckets[BUCKETS];

static struct turn **
bucket_of(const struct part *p)
{
	/* sender is a keyed hash already */
	return &buckets[(p->sender ^ p->route->number * 2654435761u) %
	    BUCKETS];
}

static bool
is_turn_of(const struct turn *t, const struct part *p)
{
	const struct part	*other = TAILQ_FIRST(&t->parts);

	return other->sender == p->sender && other->route == p->route;
}

/* Where the turn of that part's sender hangs, or would. */
static struct turn **
find(const struct part *p)
{
	struct turn	**at = bucket_of(p);

	while (*at != NULL && !is_turn_of(*at, p))
		at = &(*at)->next;
	return at;
}

static struct turn *
turn_new(struct turn **at)
{
	struct turn	*t = xmalloc(sizeof(*t));

	TAILQ_INIT(&t->parts);
	t->next = NULL;
	return *at = t;
}

static void
turn_free(struct turn **at, struct route *r)
{
	struct turn	*t = *at;

	*at = t->next;
	TAILQ_REMOVE(&r->ready, t, ring);
	free(t);
}

void
turn_append(struct part *p)
{
	struct turn	**at = find(p), *t = *at;

	if (t == NULL) {
		t = turn_new(at);
		TAILQ_INSERT_TAIL(&p->route->ready, t, ring);
	}
	TAILQ_INSERT_TAIL(&t->parts, p, in.link);
}

void
turn_return(struct part *p)
{
	struct turn	**at = find(p), *t = *at;

	if (t == NULL)
		t = turn_new(at);
	else
		TAILQ_REMOVE(&p->route->ready, t, ring);
	TAILQ_INSERT_HEAD(&p->route->ready, t, ring);
	TAILQ_INSERT_HEAD(&t->parts, p, in.link);
}

void
turn_remove(struct part *p)
{
	struct turn	**at = find(p), *t = *at;

	/* as the last part it is still what the turn is found by */
	if (TAILQ_FIRST(&t->parts) == p && TAILQ_NEXT(p, in.link) == NULL)
		turn_free(at, p->route);
	else
		TAILQ_REMOVE(&t->parts, p, in.link);
}

struct part *
turn_peek(const struct route *r)
{
	const struct turn	*t = TAILQ_FIRST(&r->ready);

	return t != NULL ? TAILQ_FIRST(&t->parts) : NULL;
}

/*
 * What else the message of the first has here goes behind the sender's other
 * messages.  It is one row, as parts become ready together, and has at most
 * RCPTS_MAX.
 */
static void
next_message(struct turn *t)
{
	struct part	*first = TAILQ_FIRST(&t->parts), *p, *other;

	for (other = TAILQ_NEXT(first, in.link); other != NULL &&
	    other->mail == first->mail; other = TAILQ_NEXT(other, in.link))
		continue;
	if (other == NULL)
		return;
	while ((p = TAILQ_NEXT(first, in.link)) != other) {
		TAILQ_REMOVE(&t->parts, p, in.link);
		TAILQ_INSERT_TAIL(&t->parts, p, in.link);
	}
}

void
turn_pass(struct route *r)
{
	struct turn	*t = TAILQ_FIRST(&r->ready);

	if (t == NULL)
		return;
	TAILQ_REMOVE(&r->ready, t, ring);
	TAILQ_INSERT_TAIL(&r->ready, t, ring);
}

struct part *
turn_take(struct route *r)
{
	struct part	*p = turn_peek(r);

	if (p == NULL)
		return NULL;
	next_message(TAILQ_FIRST(&r->ready));
	turn_pass(r);
	turn_remove(p);
	return p;
}
