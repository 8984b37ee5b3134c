/*
 * One table holds the turns of all routes.  A turn is found by the first of
 * its parts, as any of them would do.
 */
#include "turn.h"

#include "log.h"

#include "slab.h"

static uint64_t	 turn_hash(const struct bucket_link *);

static struct buckets	 table = BUCKETS_INIT(turn_hash);
static struct slab	 turns = SLAB_INIT(turns, struct turn);

static struct turn *
turn_of(const struct bucket_link *l)
{
	return (struct turn *)((uintptr_t)l - offsetof(struct turn, link));
}

static uint64_t
part_hash(const struct part *p)
{
	/* sender is a keyed hash already */
	return p->sender ^ p->route->number * 2654435761u;
}

static uint64_t
turn_hash(const struct bucket_link *l)
{
	return part_hash(TAILQ_FIRST(&turn_of(l)->parts));
}

static bool
is_turn_of(const struct turn *t, const struct part *p)
{
	const struct part	*other = TAILQ_FIRST(&t->parts);

	return other->sender == p->sender && other->route == p->route;
}

/* The turn of that part's sender, or NULL. */
static struct turn *
find(const struct part *p)
{
	struct bucket_link	**head, *l;

	head = buckets_find(&table, part_hash(p));
	for (l = head != NULL ? *head : NULL; l != NULL; l = l->next)
		if (is_turn_of(turn_of(l), p))
			return turn_of(l);
	return NULL;
}

/* A turn of that part alone, in no ring yet. */
static struct turn *
turn_new(struct part *p)
{
	struct turn	*t = slab_take(&turns);

	if (t == NULL)
		fatal("turn: no memory for a sender's");
	TAILQ_INIT(&t->parts);
	TAILQ_INSERT_TAIL(&t->parts, p, in.link);
	if (buckets_insert(&table, &t->link) == -1)
		fatal("turn: no memory for the table");
	return t;
}

/* Its last part is still there: it is what the turn is found by. */
static void
turn_free(struct turn *t, struct route *r)
{
	buckets_remove(&table, &t->link);
	TAILQ_REMOVE(&r->ready, t, ring);
	slab_give(&turns, t);
}

void
turn_append(struct part *p)
{
	struct turn	*t = find(p);

	if (t != NULL) {
		TAILQ_INSERT_TAIL(&t->parts, p, in.link);
		return;
	}
	t = turn_new(p);
	TAILQ_INSERT_TAIL(&p->route->ready, t, ring);
}

void
turn_return(struct part *p)
{
	struct turn	*t = find(p);

	if (t == NULL)
		t = turn_new(p);
	else {
		TAILQ_REMOVE(&p->route->ready, t, ring);
		TAILQ_INSERT_HEAD(&t->parts, p, in.link);
	}
	TAILQ_INSERT_HEAD(&p->route->ready, t, ring);
}

void
turn_remove(struct part *p)
{
	struct turn	*t = find(p);

	if (TAILQ_FIRST(&t->parts) == p && TAILQ_NEXT(p, in.link) == NULL)
		turn_free(t, p->route);
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
