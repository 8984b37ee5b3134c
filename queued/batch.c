/*
 * Batches and their reuse: a server in steady state allocates none.
 */
#include "batch.h"

#include <stdlib.h>

#define DATA_FIRST	32768	/* some messages of ordinary size */
#define KEEP_MAX	8	/* free ones kept ... */
#define KEEP_SIZE	(256 << 10) /* ... none of them larger */
#define ENTRIES_FIRST	32

/* a batch is closed before it gets long, but a record is never cut */
#define DATA_MAX	((size_t)RECORD_MAX * 2)

static struct batch	*kept;
static size_t		 n_kept;

static struct batch *
take_kept(void)
{
	struct batch	*b = kept;

	if (b != NULL) {
		kept = b->next;
		n_kept--;
	}
	return b;
}

static struct batch *
make(void)
{
	struct batch	*b = calloc(1, sizeof(*b));

	if (b == NULL)
		return NULL;
	buf_init(&b->data, DATA_MAX);
	return b;
}

static void
destroy(struct batch *b)
{
	buf_clear(&b->data);
	free(b->entries);
	free(b);
}

struct batch *
batch_new(uint64_t first)
{
	static const uint8_t	 header[BATCH_HEADER];
	struct batch		*b = take_kept();

	if (b == NULL && (b = make()) == NULL)
		return NULL;
	*b = (struct batch){ .data = b->data, .entries = b->entries,
	    .n_allocated = b->n_allocated, .first = first };
	buf_reset(&b->data);
	if (buf_room(&b->data, DATA_FIRST) == NULL ||
	    buf_put(&b->data, header, sizeof(header)) == -1) {
		destroy(b);
		return NULL;
	}
	return b;
}

void
batch_free(struct batch *b)
{
	if (n_kept == KEEP_MAX || b->data.size > KEEP_SIZE) {
		destroy(b);
		return;
	}
	b->next = kept;
	kept = b;
	n_kept++;
}

void
batch_free_kept(void)
{
	struct batch	*b;

	while ((b = take_kept()) != NULL)
		destroy(b);
}

int
batch_add(struct batch *b, const struct entry *e, size_t at)
{
	struct entry	*p;
	size_t		 n = b->n_allocated;

	if (b->n == n) {
		n = n != 0 ? n * 2 : ENTRIES_FIRST;
		p = reallocarray(b->entries, n, sizeof(*p));
		if (p == NULL)
			return -1;
		b->entries = p;
		b->n_allocated = n;
	}
	p = &b->entries[b->n++];
	*p = *e;
	p->at = (uint32_t)at;
	return 0;
}

uint32_t
batch_blocks(const struct batch *b)
{
	return (uint32_t)((b->data.len + SPOOL_BLOCK - 1) / SPOOL_BLOCK *
	    SPOOL_BLOCK);
}

void
batch_seal(struct batch *b)
{
	const uint8_t	*key = b->segment->key;
	uint8_t		*p = (uint8_t *)buf_data(&b->data);

	for (size_t i = 0; i < b->n; i++)
		record_seal(p + b->entries[i].at, key);
	batch_header_put(p, &(struct batch_header){ .n = (uint32_t)b->n,
	    .length = b->length, .offset = b->offset, .first = b->first,
	    .durable = b->durable }, key);
}

void
batch_record(const struct batch *b, const struct entry *e, struct record *r)
{
	record_get((const uint8_t *)buf_data(&b->data) + e->at,
	    b->length - e->at, r);
}

/* --- lists --- */

void
batch_list_put(struct batch_list *l, struct batch *b)
{
	b->next = NULL;
	if (l->head == NULL)
		l->tail = &l->head;
	*l->tail = b;
	l->tail = &b->next;
}

void
batch_list_remove(struct batch_list *l, struct batch *b)
{
	struct batch	**p = &l->head;

	while (*p != b)
		p = &(*p)->next;
	if ((*p = b->next) == NULL)
		l->tail = p;
}

void
batch_list_free(struct batch_list *l)
{
	struct batch	*b;

	while ((b = l->head) != NULL) {
		l->head = b->next;
		batch_free(b);
	}
}
