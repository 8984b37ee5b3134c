/*
 * Recovery, in this order: every segment of the log is scanned into the
 * fold; what may be in memory alone is written again (a process that was
 * killed may have left written what was never synced); the living are told;
 * then what is damaged is put aside and what nobody needs is removed.
 *
 * What cannot be read is another thing than what is damaged: after some
 * patience the start is refused, or, for a few blocks, the segment is kept,
 * so that nothing disappears for an error that passes.
 */
#include "recover.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "damage.h"
#include "dirlist.h"
#include "disk.h"
#include "durable.h"
#include "fold.h"
#include "large.h"
#include "log.h"
#include "rewrite.h"
#include "segment.h"
#include "segment_index.h"
#include "segment_names.h"
#include "segment_scan.h"
#include "tell.h"

/* Left free where numbers were that could not be read. */
#define UNSEEN_SEQUENCES	(1u << 20)

static bool	 no_memory;	/* in a callback of the scan */
static bool	 unseen;	/* there may be records not even missed */

static int
failed(char *why, size_t size, const char *what)
{
	snprintf(why, size, "spool: %s: %s", what, strerror(errno));
	return -1;
}

/* --- what is there --- */

static void
on_other(const char *name)
{
	damage_file(name, "this is no segment");
}

/* --- scanning --- */

static void
on_record(void *arg, const struct record *r, struct spool_place at)
{
	const struct scan	*s = arg;

	if (r->type == RECORD_VOID) {
		damage_void(r);
		return;
	}
	/* an index is made of what is durable */
	if ((s->index_at == 0 && rewrite_note(r, at, s->claimed) == -1) ||
	    fold_record(r, at, s->index_at) == -1)
		no_memory = true;
}

static void
on_damage(void *arg, const struct damage *d)
{
	if (!scan_was_rewritten(arg, d))
		damage_note(d);
}

/* -1: it cannot be read, which says nothing about what is in it */
static int
read_header(int fd, uint32_t number, struct stat *st,
    struct segment_header *h, enum header_verdict *v)
{
	uint8_t	 block[SPOOL_BLOCK];

	if (disk->stat(fd, st) == -1)
		return -1;
	*v = HEADER_BAD;
	if (disk_read_patiently(fd, block, sizeof(block), 0) == -1)
		return errno == ENODATA ? 0 : -1;
	*v = segment_header_get(block, h);
	if (*v == HEADER_OK && h->number != number)
		*v = HEADER_BAD;
	return 0;
}

/* What was there to be read has been; the segment is kept in any case. */
static void
scan_done(const struct scan *s, struct segment *seg)
{
	seg->end = (uint32_t)s->end;
	if (s->unreadable != 0) {
		log_error("spool: segment %" PRIu32 ": %u blocks cannot be "
		    "read; it will go into damaged/", s->number,
		    s->unreadable);
		seg->aside = unseen = true;
		damage_doubt();
	} else if (s->n_records == 0 && s->end == SPOOL_BLOCK)
		segment_discard(seg);
}

static int
scan_open(struct scan *s, const struct stat *st,
    const struct segment_header *h)
{
	struct segment	*seg;
	uint64_t	 durable;

	s->size = (uint64_t)st->st_size;
	if (s->size > UINT32_MAX)
		s->size = UINT32_MAX;
	seg = segment_add(h, s->size);
	s->key = seg->key;
	s->unreadable = 0;
	if (scan_begin_life(s, h->life, &durable))
		damage_settle(durable);
	s->arg = s;
	seg->indexed = index_scan(s) == 0;
	if (!seg->indexed && segment_scan(s) == -1) {
		errno = s->error;
		return -1;
	}
	if (no_memory) {
		errno = ENOMEM;
		return -1;
	}
	scan_done(s, seg);
	return 0;
}

static int
scan_header(struct scan *s, const char *name, char *why, size_t size)
{
	struct segment_header	 h;
	enum header_verdict	 v;
	struct stat		 st;

	if (read_header(s->fd, s->number, &st, &h, &v) == -1)
		return failed(why, size, name);
	switch (v) {
	case HEADER_BAD:
		damage_file(name, "its header is damaged");
		unseen = true;
		break;
	case HEADER_VERSION:
		snprintf(why, size, "spool: log/%s: its version is not one "
		    "this program knows", name);
		return -1;
	case HEADER_OK:
		if (scan_open(s, &st, &h) == -1)
			return failed(why, size, name);
		break;
	}
	return 0;
}

static int
scan_one(struct scan *s, uint32_t number, char *why, size_t size)
{
	char	 name[SEGMENT_NAME_SIZE];
	int	 error;

	segment_name(name, number, "seg");
	s->number = number;
	s->fd = disk_open_patiently(spool_dirs.log, name, O_RDONLY);
	if (s->fd == -1)
		return failed(why, size, name);
	error = scan_header(s, name, why, size);
	close(s->fd);
	return error;
}

static int
scan_all(struct scan *s, char *why, size_t size)
{
	uint32_t	*all;
	size_t		 n;
	int		 error = 0;

	if (segment_names(&all, &n, on_other) == -1)
		return failed(why, size, "log");
	for (size_t i = 0; i < n && error == 0; i++)
		error = scan_one(s, all[i], why, size);
	free(all);
	return error;
}

/* --- tidying --- */

static void
sweep_root(void *arg, const char *name)
{
	const uint64_t	*segment_size = arg;
	struct stat	 st;
	char		*end;
	unsigned long	 spare;
	int		 fd;
	bool		 keep;

	if (strncmp(name, "spare-", 6) != 0)
		return;
	spare = strtoul(name + 6, &end, 10);
	if ((fd = disk_open(spool_dirs.root, name, O_RDONLY)) == -1)
		return;
	/* one with a second name may be a segment of the log as well */
	keep = *end == '\0' && spare < UINT32_MAX &&
	    disk->stat(fd, &st) == 0 && st.st_nlink == 1 &&
	    (uint64_t)st.st_size == *segment_size;
	close(fd);
	if (!keep || !segment_spare_found((unsigned)spare))
		disk->unlink(spool_dirs.root, name, 0);
}

/* Before a segment is made, which may take the name of a spare. */
static void
tidy_root(uint64_t segment_size)
{
	if (dirlist(spool_dirs.root, sweep_root, &segment_size) == -1)
		log_warn("spool: cannot tidy up: %s", strerror(errno));
}

static int
be_ready(const struct recover_ops *ops, const struct scan *s, char *why,
    size_t size)
{
	uint64_t	 next = s->next != 0 ? s->next : 1;

	if (ops->ready(unseen ? next + UNSEEN_SEQUENCES : next) == 0)
		return 0;
	errno = ENOMEM;
	return failed(why, size, "log");
}

int
recover(uint64_t segment_size, const struct recover_ops *ops, char *why,
    size_t size)
{
	struct scan	 s = { .record = on_record, .damage = on_damage };
	int		 error;

	no_memory = unseen = false;
	damage_begin();
	error = scan_all(&s, why, size);
	if (error == 0)
		error = be_ready(ops, &s, why, size);
	if (error == 0) {
		tidy_root(segment_size);
		error = rewrite_all(s.claimed, why, size);
	}
	if (error == 0)
		error = tell_all(ops->found, why, size);
	if (error == 0) {
		damage_settle(s.durable);
		large_sweep(damage_any());
	}
	rewrite_clear();
	fold_clear();
	malloc_trim(0);		/* what was folded: it was as much again */
	return error;
}
