/*
 * A list of places, which forgets its front as the claims rise: what stays
 * is what a few flushes take.  Its copies keep their order, and so count as
 * the records they are copies of.
 */
#include "rewrite.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "claim.h"
#include "disk.h"
#include "durable.h"
#include "flusher.h"
#include "fold.h"
#include "log.h"
#include "segment.h"

struct doubt {
	uint64_t		 sequence;
	struct spool_place	 place;
	size_t			 len;
};

static struct {
	struct doubt	*list;
	size_t		 first, n, allocated;
	uint8_t		*data;		/* of one record */
	int		 fd;		/* of the segment it is in */
	uint32_t	 segment;
	int		 error;		/* of a copy */
} rw = { .fd = -1 };

void
rewrite_clear(void)
{
	if (rw.fd != -1)
		close(rw.fd);
	free(rw.list);
	free(rw.data);
	memset(&rw, 0, sizeof(rw));
	rw.fd = -1;
}

/* ---- noting ------------------------------------------------------------ */

static void
forget_below(uint64_t claimed)
{
	while (rw.first < rw.n && rw.list[rw.first].sequence < claimed)
		rw.first++;
	if (rw.first == rw.n)
		rw.first = rw.n = 0;
}

int
rewrite_note(const struct record *r, struct spool_place at, uint64_t claimed)
{
	struct doubt	*list;
	size_t		 n = rw.allocated;

	forget_below(claimed);
	if (r->sequence < claimed)
		return 0;
	if (rw.n == n) {
		n = n != 0 ? n * 2 : 256;
		list = reallocarray(rw.list, n, sizeof(*list));
		if (list == NULL)
			return -1;
		rw.list = list;
		rw.allocated = n;
	}
	rw.list[rw.n++] = (struct doubt){ r->sequence, at, r->len };
	return 0;
}

/* ---- writing ----------------------------------------------------------- */

static void
on_rewritten(const struct record *r, const struct spool_place *at)
{
	if (at == NULL)
		rw.error = EIO;
	else if (fold_record(r, *at, 0) == -1)
		rw.error = ENOMEM;
}

static int
open_segment(uint32_t number)
{
	char	 name[SEGMENT_NAME_SIZE];

	if (rw.fd != -1 && rw.segment == number)
		return 0;
	if (rw.fd != -1)
		close(rw.fd);
	segment_name(name, number, "seg");
	rw.fd = disk_open_patiently(spool_dirs.log, name, O_RDONLY);
	rw.segment = number;
	return rw.fd != -1 ? 0 : -1;
}

/* As the scan has just seen it; -1 with errno. */
static int
read_record(const struct doubt *d, struct record *r)
{
	const struct segment	*s = segment_find(d->place.segment);
	uint8_t			*p = realloc(rw.data, d->len);

	if (p == NULL)
		return -1;
	rw.data = p;
	if (open_segment(d->place.segment) == -1 ||
	    disk_read_patiently(rw.fd, p, d->len, d->place.offset) == -1)
		return -1;
	errno = EBADMSG;
	return record_get(p, d->len, r) == 0 && r->len == d->len &&
	    record_is_true(p, r, s->key) &&
	    record_content_is_true(r, s->key) ? 0 : -1;
}

/*
 * A message that has ended is not made anew: between its copy and that of
 * its end the power may fail again.
 */
static bool
is_needless(const struct record *r)
{
	struct msgid	 id;

	return (r->type == RECORD_MESSAGE || r->type == RECORD_MOVED) &&
	    record_id(r, &id) && !fold_has(&id);
}

static int
append(const struct record *r)
{
	const struct entry	 e = { .kind = ENTRY_REWRITE,
	    .rewritten = on_rewritten };
	enum record_type	 type = r->type == RECORD_MESSAGE ?
	    RECORD_MOVED : r->type;
	struct buf		*b;

	b = flusher_begin(type, r->flags, r->order, r->len);
	if (b != NULL)
		buf_put_str(b, r->meta);
	if (b != NULL && flusher_end(r->content, STR_NONE, &e, true) == 0)
		return 0;
	errno = ENOMEM;
	return -1;
}

/* All that was appended, in as many segments as it takes. */
static int
flush(void)
{
	int	 error = 0;

	while (error == 0 && !flusher_drain())
		error = segment_open_first();
	if (error == 0)
		error = rw.error != 0 ? rw.error : flusher_error();
	errno = error;
	return error == 0 ? 0 : -1;
}

/* Claims it, so that a next start need not do it again; a process that dies
 * at each start would soon fill the disk. */
static int
seal(void)
{
	claim_all();
	if (flusher_seal() == -1) {
		errno = ENOMEM;
		return -1;
	}
	return flush();
}

static int
rewrite(void)
{
	struct record	 r;

	for (size_t i = rw.first; i < rw.n; i++)
		if (read_record(&rw.list[i], &r) == -1 ||
		    (!is_needless(&r) && append(&r) == -1))
			return -1;
	return flush() == -1 ? -1 : seal();
}

int
rewrite_all(uint64_t claimed, char *why, size_t size)
{
	forget_below(claimed);
	claim_begin(rw.n != 0 ? claimed : UINT64_MAX);
	if (rw.n == 0)
		return 0;
	log_info("spool: %zu records were being written at the last stop; "
	    "they are written again", rw.n - rw.first);
	if (rewrite() == 0)
		return 0;
	snprintf(why, size, "spool: log: what was being written cannot be "
	    "written again: %s", strerror(errno));
	return -1;
}
