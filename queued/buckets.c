/*
 * Buckets below n - level have been split already and take one bit more of
 * the hash than the others.  The table never shrinks: eight octets for each
 * item at the most there ever were.
 */
#include "buckets.h"

#include <stdlib.h>

#define BUCKETS_MIN	1024	/* a power of two */

static size_t
number(const struct buckets *b, uint64_t hash)
{
	size_t	 i = hash & (b->level * 2 - 1);

	return i < b->n ? i : hash & (b->level - 1);
}

static int
grow(struct buckets *b)
{
	size_t	 size = b->allocated != 0 ? b->allocated * 2 : BUCKETS_MIN;
	void	*p = reallocarray(b->heads, size, sizeof(*b->heads));

	if (p == NULL)
		return -1;
	b->heads = p;
	b->allocated = size;
	if (b->level == 0)
		b->level = BUCKETS_MIN;
	/* each of the others is cleared when it comes into use */
	for (; b->n < BUCKETS_MIN; b->n++)
		b->heads[b->n] = NULL;
	return 0;
}

static void
put(struct buckets *b, struct bucket_link *l)
{
	struct bucket_link	**head = &b->heads[number(b, b->hash(l))];

	l->next = *head;
	*head = l;
}

/* One bucket more: those of its half-brother that belong there move. */
static void
split(struct buckets *b)
{
	struct bucket_link	*l, *next;
	size_t			 i = b->n - b->level;

	l = b->heads[i];
	b->heads[i] = b->heads[b->n] = NULL;
	if (++b->n == b->level * 2)
		b->level *= 2;
	for (; l != NULL; l = next) {
		next = l->next;
		put(b, l);
	}
}

struct bucket_link **
buckets_find(const struct buckets *b, uint64_t hash)
{
	return b->n != 0 ? &b->heads[number(b, hash)] : NULL;
}

int
buckets_insert(struct buckets *b, struct bucket_link *l)
{
	if (b->n == b->allocated && grow(b) == -1)
		return -1;
	if (b->items >= b->n)
		split(b);
	put(b, l);
	b->items++;
	return 0;
}

void
buckets_remove(struct buckets *b, struct bucket_link *l)
{
	struct bucket_link	**at = &b->heads[number(b, b->hash(l))];

	while (*at != l)
		at = &(*at)->next;
	*at = l->next;
	b->items--;
}
