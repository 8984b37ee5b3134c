/*
 * A segment is walked from block to block.  Where a batch header is true its
 * records follow; where it is not, a true record behind it still shows that
 * a batch was here.  Within a batch a bad record is stepped over to the next
 * true one.  Gaps are seen by the sequence numbers.
 */
#include "segment_scan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "disk.h"

#define WINDOW	(1u << 20)	/* read at once */

/* a part of the segment in memory */
struct window {
	uint8_t		*data;
	size_t		 allocated;
	uint64_t	 at;
	size_t		 n;
};

/* one batch, as much of it as the file holds */
struct extent {
	const uint8_t	*p;
	size_t		 n;
	uint64_t	 offset;
	uint64_t	 next, end;	/* sequences; end: behind its last */
};

/* What the device will not give is read as zeros, block by block. */
static int
read_blocks(struct scan *s, uint8_t *p, size_t n, uint64_t at)
{
	for (size_t i = 0; i < n; i += SPOOL_BLOCK) {
		size_t	 len = n - i < SPOOL_BLOCK ? n - i : SPOOL_BLOCK;

		if (disk_read_patiently(s->fd, p + i, len, at + i) == 0)
			continue;
		if (++s->unreadable > HOLES_MAX)
			return -1;
		memset(p + i, 0, len);
	}
	return 0;
}

/* n octets from at, which are in the file; NULL: see error */
static const uint8_t *
window_get(struct window *w, struct scan *s, uint64_t at, size_t n)
{
	size_t	 want = n > WINDOW ? n : WINDOW;
	uint8_t	*p;

	if (n <= w->n && at - w->at <= w->n - n)
		return w->data + (at - w->at);
	if (want > w->allocated) {
		if ((p = realloc(w->data, want)) == NULL) {
			s->error = ENOMEM;
			return NULL;
		}
		w->data = p;
		w->allocated = want;
	}
	w->at = at;
	w->n = s->size - at < want ? (size_t)(s->size - at) : want;
	if (disk_read_all(s->fd, w->data, w->n, at) == -1 &&
	    read_blocks(s, w->data, w->n, at) == -1) {
		s->error = errno;
		return NULL;
	}
	return w->data;
}

static void
report(const struct scan *s, uint64_t offset, uint64_t length, uint64_t first,
    uint64_t last, const char *what, const struct record *r)
{
	struct damage	 d = { .segment = s->number,
	    .offset = (uint32_t)offset, .length = length, .first = first,
	    .last = last, .what = what };

	if (r != NULL)
		d.has_id = record_id(r, &d.id);
	s->damage(s->arg, &d);
}

/* --- the records of a batch --- */

/* a true record at that place of the batch, with a sequence that fits */
static bool
true_record(const struct scan *s, const struct extent *x, size_t at,
    struct record *r)
{
	return record_get(x->p + at, x->n - at, r) == 0 &&
	    r->sequence >= x->next && r->sequence < x->end &&
	    record_is_true(x->p + at, r, s->key);
}

static void
take_record(struct scan *s, struct extent *x, size_t at,
    const struct record *r)
{
	struct spool_place	 place = { s->number,
	    (uint32_t)(x->offset + at) };

	if (record_content_is_true(r, s->key)) {
		s->n_records++;
		s->record(s->arg, r, place);
	} else {
		report(s, place.offset, r->len, r->sequence, r->sequence,
		    "the checksum of a message's content is wrong", r);
	}
	x->next = r->sequence + 1;
}

/* over what is no record; where the next one is, or the end */
static size_t
step_over(struct scan *s, struct extent *x, size_t at)
{
	struct record	 r;
	size_t		 next = at + 1;
	uint64_t	 found = x->end;

	while (next < x->n && !true_record(s, x, next, &r))
		next++;
	if (next < x->n)
		found = r.sequence;
	if (found > x->next)
		report(s, x->offset + at, next - at, x->next, found - 1,
		    "the checksum of a record is wrong", NULL);
	x->next = found;
	return next;
}

static void
walk(struct scan *s, struct extent *x)
{
	struct record	 r;
	size_t		 at = BATCH_HEADER;

	while (at < x->n && x->next < x->end) {
		if (!true_record(s, x, at, &r)) {
			at = step_over(s, x, at);
			continue;
		}
		if (r.sequence != x->next)
			report(s, x->offset + at, 0, x->next, r.sequence - 1,
			    "records are missing", NULL);
		take_record(s, x, at, &r);
		at += r.len < x->n - at ? r.len : x->n - at;
	}
	if (x->next < x->end)
		report(s, x->offset, x->n, x->next, x->end - 1,
		    "a batch is cut short", NULL);
}

/* --- batches --- */

static uint64_t
blocks(uint64_t n)
{
	return (n + SPOOL_BLOCK - 1) / SPOOL_BLOCK * SPOOL_BLOCK;
}

void
scan_gap(struct scan *s, uint64_t offset, uint64_t first)
{
	if (s->next != 0 && first > s->next)
		report(s, s->end, offset - s->end, s->next, first - 1,
		    "a batch is missing", NULL);
	s->border = false;
	if (first > s->next)
		s->next = first;
}

/*
 * What a batch says was synced it knows of its own life alone: what an
 * earlier one was writing when it was cut stays torn for ever.
 */
bool
scan_begin_life(struct scan *s, uint32_t life, uint64_t *durable)
{
	if (life == s->life)
		return false;
	*durable = s->former = s->durable;
	s->life = life;
	s->border = true;
	s->durable = 0;
	return true;
}

bool
scan_was_rewritten(const struct scan *s, const struct damage *d)
{
	return s->border && d->first >= s->former;
}

void
scan_claim(struct scan *s, uint64_t durable)
{
	if (durable > s->durable)
		s->durable = durable;
	if (durable > s->claimed)
		s->claimed = durable;
}

/* where to look for the next; 0: see error */
static uint64_t
scan_batch(struct scan *s, struct window *w, const struct batch_header *h)
{
	uint64_t	 left = s->size - h->offset;
	struct extent	 x = { .offset = h->offset, .next = h->first,
	    .end = h->first + h->n };

	x.n = h->length < left ? h->length : (size_t)left;
	if ((x.p = window_get(w, s, h->offset, x.n)) == NULL)
		return 0;
	scan_gap(s, h->offset, h->first);
	scan_claim(s, h->durable);
	walk(s, &x);
	s->next = x.end;
	s->end = h->offset + blocks(x.n);
	return s->end;
}

/*
 * Whether a true record stands where the first of a batch would.  What an
 * earlier use of the segment left behind looks like one, but for its
 * sequence and its checksum; so those come before anything that costs.
 */
static bool
is_batch_without_header(struct scan *s, struct window *w,
    const uint8_t *block, uint64_t offset)
{
	struct extent	 x = { .p = block, .n = SPOOL_BLOCK,
	    .next = s->next, .end = UINT64_MAX };
	struct record	 r;
	size_t		 need;

	if (record_get(block + BATCH_HEADER, SPOOL_BLOCK - BATCH_HEADER,
	    &r) == -1 || r.sequence < s->next)
		return false;
	need = BATCH_HEADER + RECORD_HEADER +
	    wire_get32(block + BATCH_HEADER + 8);
	if (need > SPOOL_BLOCK) {
		x.n = need;
		if (need > s->size - offset ||
		    (x.p = window_get(w, s, offset, need)) == NULL)
			return false;
	}
	return true_record(s, &x, BATCH_HEADER, &r);
}

/* Its records, as far as they follow each other. */
static uint64_t
salvage(struct scan *s, struct window *w, uint64_t offset)
{
	uint64_t	 left = s->size - offset, first = 0;
	struct extent	 x = { .offset = offset, .next = s->next,
	    .end = UINT64_MAX };
	size_t		 at = BATCH_HEADER;
	struct record	 r;

	x.n = left < RECORD_MAX ? (size_t)left : RECORD_MAX;
	if ((x.p = window_get(w, s, offset, x.n)) == NULL)
		return 0;
	while (at < x.n && true_record(s, &x, at, &r)) {
		if (first == 0)
			scan_gap(s, offset, first = r.sequence);
		take_record(s, &x, at, &r);
		at += r.len < x.n - at ? r.len : x.n - at;
	}
	s->next = x.next;
	s->end = offset + blocks(at);
	report(s, offset, BATCH_HEADER, first, s->next - 1,
	    "a batch header is wrong (records behind it were found)", NULL);
	return s->end;
}

int
segment_scan(struct scan *s)
{
	struct window		 w = { NULL, 0, 0, 0 };
	uint64_t		 at = SPOOL_BLOCK, next;
	const uint8_t		*p;
	struct batch_header	 h;

	s->n_records = s->unreadable = 0;
	s->error = 0;
	s->end = SPOOL_BLOCK;
	while (s->error == 0 && at + SPOOL_BLOCK <= s->size) {
		if ((p = window_get(&w, s, at, SPOOL_BLOCK)) == NULL)
			break;
		next = at;
		if (batch_header_get(p, (uint32_t)at, s->key, &h) == 0)
			next = scan_batch(s, &w, &h);
		else if (is_batch_without_header(s, &w, p, at))
			next = salvage(s, &w, at);
		at = next == at ? at + SPOOL_BLOCK : next;
	}
	free(w.data);
	return s->error == 0 ? 0 : -1;
}
