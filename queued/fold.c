/*
 * Folding: a function for each type of record.
 */
#include "fold.h"

#include <stdlib.h>
#include <string.h>

#include "idmap.h"
#include "load.h"
#include "slab.h"

static struct idmap	 all;
static struct slab	 entries = SLAB_INIT(entries, struct folded);

static struct folded *
entry_of(const struct msgid *id)
{
	struct folded	*f = idmap_get(&all, id);

	if (f != NULL)
		return f;
	if ((f = slab_take(&entries)) == NULL)
		return NULL;
	f->id = *id;
	if (idmap_put(&all, id, f) == 0)
		return f;
	slab_give(&entries, f);
	return NULL;
}

void
fold_free(struct folded *f)
{
	struct fold_rcpt	*r;

	while ((r = f->rcpts) != NULL) {
		f->rcpts = r->next;
		free(r);
	}
	slab_give(&entries, f);
}

/* --- the types --- */

static int
fold_message(struct folded *f, const struct record *r, struct spool_place at)
{
	if (f->found && r->sequence < f->sequence)
		return 0;
	f->found = true;
	f->place = at;
	f->len = r->len;
	f->sequence = r->sequence;
	f->order = r->order;
	f->large = (r->flags & RECORD_LARGE) != 0;
	return 0;
}

static struct fold_rcpt **
rcpt_of(struct folded *f, enum fold_kind kind, uint16_t index)
{
	struct fold_rcpt	**p = &f->rcpts;

	while (*p != NULL && ((*p)->index != index || (*p)->kind != kind))
		p = &(*p)->next;
	return p;
}

static int
fold_rcpt(struct folded *f, enum fold_kind kind, uint16_t index,
    uint64_t order, struct str encoded)
{
	struct fold_rcpt	**p = rcpt_of(f, kind, index), *new;

	if (*p != NULL && (*p)->order > order)
		return 0;
	if ((new = malloc(sizeof(*new) + encoded.n)) == NULL)
		return -1;
	*new = (struct fold_rcpt){ *p != NULL ? (*p)->next : NULL, order,
	    index, (uint16_t)encoded.n, (uint8_t)kind };
	if (encoded.n != 0)
		memcpy(new->encoded, encoded.p, encoded.n);
	free(*p);
	*p = new;
	return 0;
}

static int
fold_one_result(struct folded *f, const struct spool_rcpt *s, uint64_t order)
{
	struct buf	 b = BUF_INIT(spool_rcpt_MAXLEN);
	int		 error;

	spool_rcpt_put(&b, s);
	error = b.failed ? -1 : fold_rcpt(f, FOLD_RESULT, s->index, order,
	    buf_str(&b));
	buf_clear(&b);
	return error;
}

static int
fold_result(struct folded *f, const struct record *r, struct spool_place at)
{
	struct arena		 arena = ARENA_INIT(ENVELOPE_MEMORY);
	struct record_result	 result;
	int			 error = 0;

	(void)at;
	/* true but malformed is our own bug; the message is simply retried */
	if (record_result(r, &arena, &result) == 0)
		for (size_t i = 0; i < result.n_rcpts && error == 0; i++)
			error = fold_one_result(f, &result.rcpts[i],
			    r->order);
	arena_clear(&arena);
	return error;
}

static int
fold_route(struct folded *f, const struct record *r, struct spool_place at)
{
	struct arena		 arena = ARENA_INIT(ENVELOPE_MEMORY);
	struct record_route	 route;
	int			 error = 0;

	(void)at;
	/* malformed: it goes as the tables say */
	if (record_route(r, &arena, &route) == 0)
		for (size_t i = 0; i < route.n_rcpts && error == 0; i++)
			error = fold_rcpt(f, FOLD_ROUTE,
			    route.rcpts[i].index, r->order, route.via);
	arena_clear(&arena);
	return error;
}

static int
fold_hold(struct folded *f, const struct record *r, struct spool_place at)
{
	(void)at;
	if (r->order < f->hold_order)
		return 0;
	f->hold_order = r->order;
	f->held = r->type == RECORD_HOLD;
	return 0;
}

static int
fold_warned(struct folded *f, const struct record *r, struct spool_place at)
{
	(void)r, (void)at;
	f->warned = true;
	return 0;
}

static void
fold_end(const struct msgid *id)
{
	struct folded	*f = idmap_remove(&all, id);

	if (f != NULL)
		fold_free(f);
}

int
fold_record(const struct record *r, struct spool_place at, uint32_t index_at)
{
	static int (*const types[RECORD_TYPE_N])(struct folded *,
	    const struct record *, struct spool_place) = {
		[RECORD_MESSAGE] = fold_message,
		[RECORD_MOVED] = fold_message,
		[RECORD_RESULT] = fold_result,
		[RECORD_HOLD] = fold_hold,
		[RECORD_RELEASE] = fold_hold,
		[RECORD_WARNED] = fold_warned,
		[RECORD_ROUTE] = fold_route,
	};
	struct folded	*f;
	struct msgid	 id;

	if (!record_id(r, &id) || r->type == RECORD_VOID)
		return 0;
	if (types[r->type] == NULL || (r->flags & RECORD_LAST &&
	    r->type == RECORD_RESULT)) {
		fold_end(&id);	/* CANCEL, GONE, the last RESULT */
		return 0;
	}
	if ((f = entry_of(&id)) == NULL)
		return -1;
	if (types[r->type](f, r, at) == -1)
		return -1;
	if (f->sequence == r->sequence)
		f->index_at = index_at;
	return 0;
}

/* --- what comes of it --- */

bool
fold_has(const struct msgid *id)
{
	const struct folded	*f = idmap_get(&all, id);

	return f != NULL && f->found;
}

static int
by_order(const void *a, const void *b)
{
	const struct folded	*x = *(struct folded *const *)a;
	const struct folded	*y = *(struct folded *const *)b;

	return (x->order > y->order) - (x->order < y->order);
}

int
fold_living(struct folded ***out, size_t *n)
{
	struct folded	**list;

	*out = NULL;
	*n = 0;
	if (all.n == 0)
		return 0;
	if ((list = calloc(all.n, sizeof(*list))) == NULL)
		return -1;
	for (size_t i = 0; i < all.size; i++) {
		struct folded	*f = all.slots[i].value;

		if (f != NULL && f->found)
			list[(*n)++] = f;
		else if (f != NULL)
			fold_free(f);
	}
	idmap_clear(&all);
	qsort(list, *n, sizeof(*list), by_order);
	*out = list;
	return 0;
}

int
fold_states(const struct folded *f, struct arena *a, size_t n_rcpts,
    struct spool_rcpt *states)
{
	struct wire	 w;

	for (size_t i = 0; i < n_rcpts; i++)
		states[i] = (struct spool_rcpt){ .index = (uint16_t)i };
	for (const struct fold_rcpt *r = f->rcpts; r != NULL; r = r->next) {
		if (r->kind != FOLD_RESULT || r->index >= n_rcpts)
			continue;
		wire_init(&w, r->encoded, r->len);
		if (spool_rcpt_get(&w, a, &states[r->index]) == -1)
			return -1;
	}
	return 0;
}

size_t
fold_vias(const struct folded *f, size_t n_rcpts, struct str *vias)
{
	size_t	 n = 0;

	memset(vias, 0, n_rcpts * sizeof(*vias));
	for (const struct fold_rcpt *r = f->rcpts; r != NULL; r = r->next) {
		if (r->kind != FOLD_ROUTE || r->index >= n_rcpts ||
		    r->len == 0)
			continue;
		vias[r->index] = str_bytes(r->encoded, r->len);
		n++;
	}
	return n;
}

void
fold_clear(void)
{
	for (size_t i = 0; i < all.size; i++)
		if (all.slots[i].value != NULL)
			fold_free(all.slots[i].value);
	idmap_clear(&all);
}
