/*
 * A chunk is aligned to its own size, so that an item's address tells whose
 * it is.  Items are handed out from its beginning, those that came back
 * first; pages that no item has reached are not touched.
 */
#include "slab.h"

#include <sys/mman.h>

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK	((size_t)256 << 10)	/* some thousand items */

struct slab_chunk {
	TAILQ_ENTRY(slab_chunk)	 entry;		/* while it has room */
	void			*free;		/* came back; a list */
	size_t			 used;		/* items that are out */
	size_t			 end;		/* behind those ever used */
};

/*
 * There in a build with AddressSanitizer: then each item is an allocation of
 * its own, which is watched.
 */
void	 __asan_init(void) __attribute__((weak));

static bool
is_watched(void)
{
	return __asan_init != NULL;
}

static struct slab_chunk *
chunk_of(const void *item)
{
	return (struct slab_chunk *)((uintptr_t)item & ~(CHUNK - 1));
}

static bool
is_full(const struct slab *s, const struct slab_chunk *c)
{
	return c->free == NULL && c->end + s->size > CHUNK;
}

/* Twice the size holds an aligned one; what is before and behind it goes. */
static struct slab_chunk *
chunk_map(void)
{
	uint8_t	*p = mmap(NULL, 2 * CHUNK, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	size_t	 before;

	if (p == MAP_FAILED)
		return NULL;
	before = -(uintptr_t)p & (CHUNK - 1);
	if (before != 0)
		munmap(p, before);
	munmap(p + before + CHUNK, CHUNK - before);
	return (struct slab_chunk *)(void *)(p + before);
}

static struct slab_chunk *
chunk_new(struct slab *s)
{
	struct slab_chunk	*c = chunk_map();

	if (c == NULL)
		return NULL;
	c->end = sizeof(*c);
	TAILQ_INSERT_HEAD(&s->room, c, entry);
	s->chunks++;
	return c;
}

static void *
take_from(struct slab *s, struct slab_chunk *c)
{
	uint8_t	*item = c->free;

	if (item != NULL)
		c->free = *(void **)c->free;
	else {
		item = (uint8_t *)c + c->end;
		c->end += s->size;
	}
	c->used++;
	if (is_full(s, c))
		TAILQ_REMOVE(&s->room, c, entry);
	return memset(item, 0, s->size);
}

void *
slab_take(struct slab *s)
{
	struct slab_chunk	*c = TAILQ_FIRST(&s->room);

	if (is_watched())
		return calloc(1, s->size);
	if (c == NULL && (c = chunk_new(s)) == NULL)
		return NULL;
	return take_from(s, c);
}

/* The last with room stays though it is empty: the next item is soon there. */
static void
chunk_settle(struct slab *s, struct slab_chunk *c)
{
	if (c->used != 0 || (TAILQ_FIRST(&s->room) == c &&
	    TAILQ_NEXT(c, entry) == NULL))
		return;
	TAILQ_REMOVE(&s->room, c, entry);
	s->chunks--;
	munmap(c, CHUNK);
}

void
slab_give(struct slab *s, void *item)
{
	struct slab_chunk	*c = chunk_of(item);

	if (is_watched()) {
		free(item);
		return;
	}
	if (is_full(s, c))
		TAILQ_INSERT_HEAD(&s->room, c, entry);
	*(void **)item = c->free;
	c->free = item;
	c->used--;
	chunk_settle(s, c);
}
