/*
 * A chained hash table that doubles; its things bring their own links.
 */
#include "numbers.h"

#include <stdlib.h>

#include "xmalloc.h"

#define SIZE_FIRST	64

static struct numbered **
bucket(const struct numbers *t, uint32_t number)
{
	return &t->buckets[number & (t->size - 1)];
}

static void
insert(struct numbers *t, struct numbered *x)
{
	struct numbered	**b = bucket(t, x->number);

	x->next = *b;
	*b = x;
}

static void
resize(struct numbers *t, size_t size)
{
	struct numbers	 old = *t;
	struct numbered	*x, *next;

	t->size = size;
	t->buckets = xcalloc(size, sizeof(struct numbered *));
	for (size_t i = 0; i < old.size; i++)
		for (x = old.buckets[i]; x != NULL; x = next) {
			next = x->next;
			insert(t, x);
		}
	free(old.buckets);
}

void
numbers_add(struct numbers *t, struct numbered *x)
{
	if (t->n >= t->size)
		resize(t, t->size != 0 ? 2 * t->size : SIZE_FIRST);
	insert(t, x);
	t->n++;
}

struct numbered *
numbers_find(const struct numbers *t, uint32_t number)
{
	struct numbered	*x;

	if (t->n == 0)
		return NULL;
	for (x = *bucket(t, number); x != NULL; x = x->next)
		if (x->number == number)
			return x;
	return NULL;
}

void
numbers_remove(struct numbers *t, struct numbered *x)
{
	struct numbered	**link;

	if (t->n == 0)
		return;
	for (link = bucket(t, x->number); *link != NULL;
	    link = &(*link)->next)
		if (*link == x) {
			*link = x->next;
			t->n--;
			return;
		}
}
