/*
 * Folding: a function for each type of record.
 */
#include "fold.h"

#include <stdlib.h>
#include <string.h>

#include "idmap.h"
#include "load.h"

static struct idmap	 all;

static struct folded *
entry_of(const struct msgid *id)
{
	struct folded	*f = idmap_get(&all, id);

	if (f != NULL)
		return f;
	if ((f = calloc(1, sizeof(*f))) == NULL)
		return NULL;
	f->id = *id;
	if (idmap_put(&all, id, f) == 0)
		return f;
	free(f);
	return NULL;
}

static void
free_entry(struct folded *f)
{
	struct fold_rcpt	*r;

	while ((r = f->rcpts) != NULL) {
		f->rcpts = r->next;
		free(r);
	}
	free(f);
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
rcpt_of(struct folded *f, uint16_t index)
{
	struct fold_rcpt	**p = &f->rcpts;

	while (*p != NULL && (*p)->index != index)
		p = &(*p)->next;
	return p;
}

static int
fold_rcpt(struct folded *f, const struct spool_rcpt *s, uint64_t order)
{
	struct buf		 b = BUF_INIT(spool_rcpt_MAXLEN);
	struct fold_rcpt	**p = rcpt_of(f, s->index), *new;

	if (*p != NULL && (*p)->order > order)
		return 0;
	spool_rcpt_put(&b, s);
	if (b.failed || (new = malloc(sizeof(*new) + b.len)) == NULL) {
		buf_clear(&b);
		return -1;
	}
	*new = (struct fold_rcpt){ *p != NULL ? (*p)->next : NULL, order,
	    s->index, (uint16_t)b.len };
	memcpy(new->encoded, buf_data(&b), b.len);
	buf_clear(&b);
	free(*p);
	*p = new;
	return 0;
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
			error = fold_rcpt(f, &result.rcpts[i], r->order);
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
		free_entry(f);
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
	}
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
		if (r->index >= n_rcpts)
			continue;
		wire_init(&w, r->encoded, r->len);
		if (spool_rcpt_get(&w, a, &states[r->index]) == -1)
			return -1;
	}
	return 0;
}

void
fold_forget(struct folded *f)
{
	idmap_remove(&all, &f->id);
	free_entry(f);
}

void
fold_clear(void)
{
	for (size_t i = 0; i < all.size; i++)
		if (all.slots[i].value != NULL)
			free_entry(all.slots[i].value);
	idmap_clear(&all);
}
