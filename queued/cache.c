/*
 * A ring of batches in the order of their places, found by bisection.  An
 * entry whose messages have all ended gives its memory back at once, and its
 * place in the ring when it is the oldest.
 */
#include "cache.h"

static struct cached {
	uint32_t	 segment, offset, length;
	struct batch	*batch;		/* NULL: it is dead */
} ring[CACHE_BATCHES];

/* counted up for ever; the ring's index is modulo its size */
static size_t	 oldest, newest;
static size_t	 octets;

static struct cached *
slot(size_t i)
{
	return &ring[i % CACHE_BATCHES];
}

static size_t
size_of(const struct batch *b)
{
	return b->data.size + b->n_allocated * sizeof(*b->entries);
}

static void
release(struct cached *c)
{
	if (c->batch == NULL)
		return;
	octets -= size_of(c->batch);
	batch_free(c->batch);
	c->batch = NULL;
}

static void
make_room(size_t size)
{
	while (oldest != newest && (newest - oldest == CACHE_BATCHES ||
	    octets + size > CACHE_MAX || slot(oldest)->batch == NULL)) {
		release(slot(oldest));
		oldest++;
	}
}

static bool
is_before(const struct cached *c, uint32_t segment, uint32_t offset)
{
	return c->segment < segment ||
	    (c->segment == segment && c->offset <= offset);
}

void
cache_add(struct batch *b)
{
	size_t	 i;

	make_room(size_of(b));
	/* batches finish in nearly the order of their places */
	for (i = newest; i != oldest; i--) {
		if (is_before(slot(i - 1), b->segment->number, b->offset))
			break;
		*slot(i) = *slot(i - 1);
	}
	*slot(i) = (struct cached){ b->segment->number, b->offset, b->length,
	    b };
	newest++;
	octets += size_of(b);
}

static struct cached *
find(struct spool_place p)
{
	size_t		 low = oldest, high = newest;
	struct cached	*c;

	while (low < high) {
		size_t	 mid = low + (high - low) / 2;

		if (is_before(slot(mid), p.segment, p.offset))
			low = mid + 1;
		else
			high = mid;
	}
	if (low == oldest)
		return NULL;
	c = slot(low - 1);
	return c->batch != NULL && c->segment == p.segment &&
	    p.offset - c->offset < c->length ? c : NULL;
}

const uint8_t *
cache_find(struct spool_place p, size_t *n)
{
	struct cached	*c = find(p);
	size_t		 at;

	if (c == NULL)
		return NULL;
	at = p.offset - c->offset;
	*n = c->length - at;
	return (const uint8_t *)buf_data(&c->batch->data) + at;
}

void
cache_gone(struct spool_place p)
{
	struct cached	*c = find(p);

	if (c != NULL && --c->batch->live == 0)
		release(c);
}

void
cache_clear(void)
{
	for (; oldest != newest; oldest++)
		release(slot(oldest));
	oldest = newest = 0;
}
