/*
 * Writing and reading of indexes.
 */
#include "segment_index.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buf.h"
#include "disk.h"
#include "durable.h"
#include "log.h"
#include "segment.h"
#include "work.h"

#define MAGIC		"posterni"
#define HEADER		64
#define OFFSET		4	/* before each record's header */

/* A longer one, of a large segment or of very small messages, is not made:
 * memory would be taken for what saves a start little. */
#define INDEX_MAX	(32u << 20)

/* Newer segments have no index: most are recycled before they get old. */
#define BEHIND		4

static struct {
	struct work	 work;
	struct segment	*segment;	/* NULL: none is being made */
	struct buf	 data;
	uint32_t	 n;
	uint64_t	 first, next;	/* sequences */
	bool		 damaged;
	int		 error;
	uint32_t	 looked_at;	/* the newest segment then */
} ix;

/* --- making one --- */

static void
on_record(void *arg, const struct record *r, struct spool_place at)
{
	(void)arg;
	if (ix.n++ == 0)
		ix.first = r->sequence;
	ix.next = r->sequence + 1;
	wire_put_u32(&ix.data, at.offset);
	buf_put(&ix.data, r->meta.p - RECORD_HEADER,
	    RECORD_HEADER + r->meta.n);
}

static void
on_damage(void *arg, const struct damage *d)
{
	(void)arg, (void)d;
	ix.damaged = true;
}

static int
scan_into_data(void)
{
	struct scan	 s = { .number = ix.segment->number,
	    .size = ix.segment->size, .key = ix.segment->key,
	    .record = on_record, .damage = on_damage };
	char		 name[SEGMENT_NAME_SIZE];
	int		 error;

	segment_name(name, s.number, "seg");
	if ((s.fd = disk_open(spool_dirs.log, name, O_RDONLY)) == -1)
		return errno;
	error = segment_scan(&s) == -1 ? s.error : 0;
	close(s.fd);
	/* what it could not read, a start may, or shall say so */
	return error == 0 && s.unreadable != 0 ? EIO : error;
}

static void
fill_header(void)
{
	uint8_t		*p = (uint8_t *)buf_data(&ix.data);
	const uint8_t	*key = ix.segment->key;

	memcpy(p, MAGIC, 8);
	wire_set32(p + 8, SPOOL_VERSION);
	wire_set32(p + 12, ix.n);
	wire_set64(p + 16, ix.segment->number);
	wire_set64(p + 24, ix.first);
	wire_set64(p + 32, ix.next);
	wire_set64(p + 40, ix.data.len - HEADER);
	wire_set64(p + 48, spool_sum(p + HEADER, ix.data.len - HEADER, key));
	wire_set64(p + 56, spool_sum(p, 56, key));
}

static void
run_make(struct work *w)
{
	static const uint8_t	 header[HEADER];

	(void)w;
	buf_put(&ix.data, header, HEADER);
	if ((ix.error = scan_into_data()) != 0 || ix.damaged)
		return;		/* a start shall see the damage */
	if (ix.data.failed)
		return;
	fill_header();
	ix.error = durable_index(ix.segment->number, buf_data(&ix.data),
	    ix.data.len);
}

static void
done_make(struct work *w)
{
	struct segment	*s = ix.segment;

	(void)w;
	if (ix.error != 0)
		log_warn("spool: index of segment %u: %s", s->number,
		    strerror(ix.error));
	s->indexed = true;	/* or never, in this life */
	s->pins--;
	index_clear();
	segments_check();
	index_check();
}

static struct segment *
wanted(void)
{
	struct segment	*s;

	for (size_t i = 0; segment_at(i + BEHIND) != NULL; i++) {
		s = segment_at(i);
		if (!s->indexed && !s->failed && s->flying == 0 &&
		    s->live != 0)
			return s;
	}
	return NULL;
}

void
index_check(void)
{
	uint32_t	 newest = segment_newest();

	if (ix.segment != NULL || newest == ix.looked_at)
		return;
	if ((ix.segment = wanted()) == NULL) {
		ix.looked_at = newest;
		return;
	}
	ix.segment->pins++;
	buf_init(&ix.data, INDEX_MAX);
	ix.work.run = run_make;
	ix.work.done = done_make;
	work_give(WORK_READ, &ix.work);
}

void
index_clear(void)
{
	buf_clear(&ix.data);
	memset(&ix, 0, sizeof(ix));
}

/* --- reading one --- */

/* the whole file; NULL when it is not there, or not of its length */
static uint8_t *
read_file(uint32_t number, size_t *n)
{
	char		 name[SEGMENT_NAME_SIZE];
	struct stat	 st;
	uint8_t		*p = NULL;
	int		 fd;

	segment_name(name, number, "idx");
	if ((fd = disk_open(spool_dirs.log, name, O_RDONLY)) == -1)
		return NULL;
	if (disk->stat(fd, &st) == 0 && st.st_size >= HEADER &&
	    (uint64_t)st.st_size <= INDEX_MAX &&
	    (p = malloc((size_t)st.st_size)) != NULL) {
		*n = (size_t)st.st_size;
		if (disk_read_all(fd, p, *n, 0) == -1) {
			free(p);
			p = NULL;
		}
	}
	close(fd);
	return p;
}

static bool
is_index(const uint8_t *p, size_t n, const struct scan *s)
{
	return memcmp(p, MAGIC, 8) == 0 &&
	    wire_get32(p + 8) == SPOOL_VERSION &&
	    wire_get64(p + 16) == s->number &&
	    wire_get64(p + 40) == n - HEADER &&
	    wire_get64(p + 56) == spool_sum(p, 56, s->key) &&
	    wire_get64(p + 48) == spool_sum(p + HEADER, n - HEADER, s->key);
}

/* its checksums are true, so this is what was written */
static void
tell_records(struct scan *s, const uint8_t *p, size_t n)
{
	struct spool_place	 place = { .segment = s->number };
	struct record		 r;
	size_t			 at = HEADER;

	while (n - at > OFFSET && record_get(p + at + OFFSET,
	    n - at - OFFSET, &r) == 0) {
		place.offset = wire_get32(p + at);
		s->index_at = (uint32_t)at + OFFSET;
		s->n_records++;
		s->end = place.offset + r.len;
		/* what record_get took for content is the next record */
		r.content = STR_NONE;
		s->record(s->arg, &r, place);
		at += OFFSET + RECORD_HEADER + r.meta.n;
	}
	s->index_at = 0;
}

int
index_scan(struct scan *s)
{
	uint64_t	 next;
	uint8_t		*p;
	size_t		 n;

	if ((p = read_file(s->number, &n)) == NULL)
		return -1;
	if (!is_index(p, n, s)) {
		free(p);
		return -1;
	}
	s->n_records = 0;
	s->end = SPOOL_BLOCK;
	scan_gap(s, SPOOL_BLOCK, wire_get64(p + 24));
	tell_records(s, p, n);
	next = wire_get64(p + 32);
	if (next > s->next)
		s->next = next;
	/* it is made of what was synced */
	scan_claim(s, next);
	free(p);
	return 0;
}
