/*
 * All facts, sorted: the last of each kind is the one that counts.
 */
#include "stale.h"

#include <stdlib.h>
#include <string.h>

#include "load.h"

#define ABOUT_HOLD	(RCPTS_MAX + 1)		/* beyond all recipients */
#define ABOUT_WARNED	(RCPTS_MAX + 2)
#define ABOUT_ROUTE	(RCPTS_MAX + 3)		/* of the first recipient */

static int
add(struct stale *s, const struct record *r, uint32_t about, uint32_t item)
{
	struct fact	*list;
	struct msgid	 id;
	size_t		 n = s->allocated;

	if (!record_id(r, &id))
		return 0;
	if (s->n == n) {
		n = n != 0 ? n * 2 : 256;
		list = reallocarray(s->list, n, sizeof(*list));
		if (list == NULL)
			return -1;
		s->list = list;
		s->allocated = n;
	}
	s->list[s->n++] = (struct fact){ id, r->order, about, item };
	return 1;
}

static int
add_results(struct stale *s, const struct record *r, uint32_t item)
{
	struct arena		 arena = ARENA_INIT(ENVELOPE_MEMORY);
	struct record_result	 result;
	int			 n = 0;

	/* one that cannot be read is copied as it is */
	if (record_result(r, &arena, &result) == 0)
		for (size_t i = 0; i < result.n_rcpts && n != -1; i++)
			n = add(s, r, result.rcpts[i].index, item) == -1 ?
			    -1 : n + 1;
	arena_clear(&arena);
	return n;
}

static int
add_routes(struct stale *s, const struct record *r, uint32_t item)
{
	struct arena		 arena = ARENA_INIT(ENVELOPE_MEMORY);
	struct record_route	 route;
	int			 n = 0;

	if (record_route(r, &arena, &route) == 0)
		for (size_t i = 0; i < route.n_rcpts && n != -1; i++)
			n = add(s, r, ABOUT_ROUTE + route.rcpts[i].index,
			    item) == -1 ? -1 : n + 1;
	arena_clear(&arena);
	return n;
}

int
stale_add(struct stale *s, const struct record *r, uint32_t item)
{
	switch (r->type) {
	case RECORD_RESULT:
		return add_results(s, r, item);
	case RECORD_HOLD:
	case RECORD_RELEASE:
		return add(s, r, ABOUT_HOLD, item);
	case RECORD_WARNED:
		return add(s, r, ABOUT_WARNED, item);
	case RECORD_ROUTE:
		return add_routes(s, r, item);
	default:
		return 0;
	}
}

static int
by_order(const void *a, const void *b)
{
	const struct fact	*x = a, *y = b;
	int			 d = memcmp(&x->id, &y->id, sizeof(x->id));

	if (d == 0)
		d = (x->about > y->about) - (x->about < y->about);
	if (d == 0)
		d = (x->order > y->order) - (x->order < y->order);
	return d != 0 ? d : (x->item > y->item) - (x->item < y->item);
}

void
stale_tell(struct stale *s, void (*old)(uint32_t item))
{
	const struct fact	*f = s->list;

	if (s->n != 0)
		qsort(s->list, s->n, sizeof(*s->list), by_order);
	for (size_t i = 1; i < s->n; i++)
		if (f[i - 1].about == f[i].about &&
		    msgid_equal(&f[i - 1].id, &f[i].id))
			old(f[i - 1].item);
}

void
stale_clear(struct stale *s)
{
	free(s->list);
	memset(s, 0, sizeof(*s));
}
