/*
 * The list of segments and what lives in each; see segment.h.  The
 * background work on their files is in segment_back.c.
 */
#include "segment.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "segment_back.h"
#include "xmalloc.h"

#define READ_FDS_MAX	64	/* segments open for reading at a time */

static struct segment	**segments;	/* by number, rising */
static size_t		 n_segments, n_allocated;
static struct segment	*current, *next;
static size_t		 n_open;

/* --- the list --- */

struct segment *
segment_add(const struct segment_header *h, uint64_t size)
{
	struct segment	*s = xcalloc(1, sizeof(*s));

	if (n_segments == n_allocated) {
		n_allocated = n_allocated * 2 + 16;
		segments = xreallocarray(segments, n_allocated,
		    sizeof(*segments));
	}
	*s = (struct segment){ .number = h->number, .life = h->life,
	    .size = size, .fd = -1, .end = SPOOL_BLOCK };
	memcpy(s->key, h->key, SEGMENT_KEY);
	return segments[n_segments++] = s;
}

static size_t
index_of(uint32_t number)
{
	size_t	 low = 0, high = n_segments;

	while (low < high) {
		size_t	 mid = low + (high - low) / 2;

		if (segments[mid]->number < number)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

struct segment *
segment_find(uint32_t number)
{
	size_t	 i = index_of(number);

	return i < n_segments && segments[i]->number == number ?
	    segments[i] : NULL;
}

struct segment *
segment_at(size_t i)
{
	return i < n_segments ? segments[i] : NULL;
}

uint32_t
segment_newest(void)
{
	return n_segments != 0 ? segments[n_segments - 1]->number : 0;
}

uint32_t
segment_newest_life(void)
{
	return n_segments != 0 ? segments[n_segments - 1]->life : 0;
}

static void
close_fd(struct segment *s)
{
	if (s->fd == -1)
		return;
	close(s->fd);
	s->fd = -1;
	n_open--;
}

static void
forget(struct segment *s)
{
	size_t	 i = index_of(s->number);

	close_fd(s);
	memmove(segments + i, segments + i + 1,
	    (--n_segments - i) * sizeof(*segments));
	free(s);
}

uint64_t
segments_octets(void)
{
	uint64_t	 sum = 0;

	for (size_t i = 0; i < n_segments; i++)
		sum += segments[i]->size;
	return sum;
}

uint64_t
segments_live_octets(void)
{
	uint64_t	 sum = 0;

	for (size_t i = 0; i < n_segments; i++)
		sum += segments[i]->live_octets;
	return sum;
}

/* --- reading --- */

void
segment_keep_fd(struct segment *s, int fd)
{
	if (s->fd != -1) {
		close(fd);
		return;
	}
	/* the first that nobody reads: old ones are read least */
	for (size_t i = 0; n_open >= READ_FDS_MAX && i < n_segments; i++)
		if (segments[i]->pins == 0)
			close_fd(segments[i]);
	s->fd = fd;
	n_open++;
}

/* --- writing --- */

struct segment *
segment_current(void)
{
	return current != NULL && !current->failed ? current : NULL;
}

struct segment *
segment_advance(void)
{
	if (next == NULL) {
		segment_back_check();
		return NULL;
	}
	current = next;
	next = NULL;
	segment_back_check();
	return current;
}

void
segment_fail(struct segment *s)
{
	s->failed = true;
}

unsigned
segments_ahead(void)
{
	return (next != NULL) + segment_spares();
}

bool
segment_wants_next(void)
{
	return next == NULL;
}

struct segment *
segment_opened(const struct segment_header *h, uint64_t size)
{
	return next = segment_add(h, size);
}

/* --- living --- */

void
segment_live(struct segment *s, size_t octets)
{
	s->live++;
	s->live_octets += octets;
}

void
segment_ends(uint32_t number)
{
	struct segment	*s = segment_find(number);

	if (s != NULL)
		s->ending++;
}

static void
one_less(struct segment *s, uint32_t number)
{
	if (s == NULL || s->live == 0) {
		log_error("spool: a message of segment %u ended that does "
		    "not live there", number);
		return;
	}
	/* nobody remembers its size: the average will do for the cleaner */
	s->live_octets -= s->live_octets / s->live;
	if (--s->live == 0)
		segments_check();
}

void
segment_gone(uint32_t number)
{
	struct segment	*s = segment_find(number);

	if (s != NULL && s->ending != 0)
		s->ending--;
	one_less(s, number);
}

void
segment_left(uint32_t number)
{
	one_less(segment_find(number), number);
}

void
segment_moved_to(const struct segment *to)
{
	for (size_t i = 0; i < n_segments && segments[i] != to; i++)
		segments[i]->states = true;
}

void
segment_cleaned(struct segment *s)
{
	s->states = false;
	if (s->live > s->ending) {
		/* they cannot be read, and would hold up the log for ever */
		log_error("spool: segment %u: %" PRIu64 " messages cannot be "
		    "read; it goes into damaged/", s->number,
		    s->live - s->ending);
		s->aside = true;
		s->live = s->ending;
		s->live_octets = 0;
	}
	segments_check();
}

struct segment *
segment_cleanable(void)
{
	struct segment	*s = n_segments != 0 ? segments[0] : NULL;

	return s == NULL || s == current || s == next || s->flying != 0 ||
	    s->pins != 0 ? NULL : s;
}

struct segment *
segment_recyclable(void)
{
	struct segment	*s = n_segments != 0 ? segments[0] : NULL;

	if (s == NULL || s == current || s == next || s->live != 0 ||
	    s->states || s->flying != 0 || s->pins != 0)
		return NULL;
	return s;
}

void
segment_recycled(uint32_t number)
{
	struct segment	*s = segment_find(number);

	if (s != NULL)
		forget(s);
}

void
segments_check(void)
{
	segment_back_check();
}

void
segment_discard(struct segment *s)
{
	segment_back_remove(s->number);
	forget(s);
}

void
segments_clear(void)
{
	segment_back_clear();
	while (n_segments != 0)
		forget(segments[n_segments - 1]);
	free(segments);
	segments = NULL;
	n_allocated = 0;
	current = next = NULL;
}
