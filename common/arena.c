/*
 * A bump allocator.  Chunks double as they are needed; a reset keeps the
 * first one, so that a process that decodes frame after frame allocates
 * once.
 */
#include "arena.h"

#include <stdint.h>
#include <stdlib.h>

#define CHUNK_SIZE	4096
#define ALIGNMENT	_Alignof(max_align_t)

struct arena_chunk {
	struct arena_chunk	*next;
	size_t			 size, used;
	_Alignas(max_align_t) char data[];
};

static struct arena_chunk *
chunk_with_room(struct arena *a, size_t n)
{
	struct arena_chunk	*c = a->chunks;
	size_t			 size = CHUNK_SIZE;

	if (c != NULL && n <= c->size - c->used)
		return c;
	if (n > size)
		size = n;
	if ((c = malloc(sizeof(*c) + size)) == NULL)
		return NULL;
	*c = (struct arena_chunk){ a->chunks, size, 0 };
	a->chunks = c;
	return c;
}

void *
arena_calloc(struct arena *a, size_t n, size_t size)
{
	struct arena_chunk	*c;
	void			*p;
	size_t			 need;

	if (__builtin_mul_overflow(n, size, &need) ||
	    need > a->max || a->used > a->max - need)
		return NULL;
	need = (need + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
	if ((c = chunk_with_room(a, need)) == NULL)
		return NULL;
	p = c->data + c->used;
	c->used += need;
	a->used += need;
	return memset(p, 0, need);
}

struct str
arena_str(struct arena *a, struct str s)
{
	char	*p = arena_calloc(a, 1, s.n + 1);

	if (p == NULL)
		return STR_NONE;
	if (s.n != 0)
		memcpy(p, s.p, s.n);
	return str_bytes(p, s.n);
}

static void
free_chunks(struct arena_chunk *c)
{
	struct arena_chunk	*next;

	for (; c != NULL; c = next) {
		next = c->next;
		free(c);
	}
}

void
arena_reset(struct arena *a)
{
	struct arena_chunk	*keep = a->chunks;

	if (keep != NULL && keep->size > CHUNK_SIZE) {
		arena_clear(a);
		return;
	}
	if (keep != NULL) {
		free_chunks(keep->next);
		keep->next = NULL;
		keep->used = 0;
	}
	a->used = 0;
}

void
arena_clear(struct arena *a)
{
	free_chunks(a->chunks);
	a->chunks = NULL;
	a->used = 0;
}
