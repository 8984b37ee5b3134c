/*
 * Reports and copies of what is damaged.
 */
#include "damage.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buf.h"
#include "disk.h"
#include "durable.h"
#include "log.h"

#define NAME_SIZE	64
#define REPORT_MAX	2048
#define COPY_MAX	((uint64_t)RECORD_MAX)	/* of one place, octets */
#define CHUNK		16384
#define VOID_MEMORY	(VOID_RANGES_MAX * 64)
#define VOIDS_MAX	1024	/* of one life; damage is told for more */

static struct damage	 noted[DAMAGES_MAX];
static size_t		 n_noted, n_more;
static bool		 any;
static struct void_range voids[VOIDS_MAX];
static size_t		 n_voids;

void
damage_begin(void)
{
	n_noted = n_more = 0;
	damage_end_life();
	any = false;
}

void
damage_doubt(void)
{
	any = true;
}

bool
damage_any(void)
{
	return any;
}

void
damage_note(const struct damage *d)
{
	if (n_noted < DAMAGES_MAX)
		noted[n_noted++] = *d;
	else
		n_more++;
}

void
damage_void(const struct record *r)
{
	struct arena		 arena = ARENA_INIT(VOID_MEMORY);
	struct record_void	 v;

	if (record_void(r, &arena, &v) == 0)
		for (size_t i = 0; i < v.n_ranges && n_voids < VOIDS_MAX; i++)
			voids[n_voids++] = v.ranges[i];
	arena_clear(&arena);
}

void
damage_end_life(void)
{
	n_voids = 0;
}

bool
damage_trim(struct damage *d)
{
	for (size_t i = 0; i < n_voids && d->first <= d->last; i++)
		if (voids[i].first <= d->first && d->first <= voids[i].last)
			d->first = voids[i].last + 1;
	return d->first <= d->last;
}

static void
describe(struct buf *b, const struct damage *d)
{
	buf_printf(b, "segment: %" PRIu32 "\noffset: %" PRIu32
	    "\nlength: %" PRIu64 "\nrecords: %" PRIu64 " to %" PRIu64
	    "\nwhat: %s\n", d->segment, d->offset, d->length, d->first,
	    d->last, d->what);
	if (d->has_id)
		buf_printf(b, "message: %s\n", msgid_text(&d->id));
}

/* -1 also when the file is there from an earlier start */
static int
new_file(const struct damage *d, const char *suffix)
{
	char	 name[NAME_SIZE];

	snprintf(name, sizeof(name), "%016" PRIu32 "-%" PRIu32 ".%s",
	    d->segment, d->offset, suffix);
	return disk_open(spool_dirs.damaged, name,
	    O_WRONLY | O_CREAT | O_EXCL);
}

static void
copy_octets(const struct damage *d, int to)
{
	char		 name[SEGMENT_NAME_SIZE], chunk[CHUNK];
	uint64_t	 n = d->length < COPY_MAX ? d->length : COPY_MAX;
	int		 from;

	segment_name(name, d->segment, "seg");
	if ((from = disk_open(spool_dirs.log, name, O_RDONLY)) == -1)
		return;
	for (uint64_t at = 0; at < n; at += sizeof(chunk)) {
		size_t	 len = n - at < sizeof(chunk) ? (size_t)(n - at) :
		    sizeof(chunk);

		if (disk_read_all(from, chunk, len, d->offset + at) == -1 ||
		    disk_write_all(to, chunk, len, at) == -1)
			break;	/* the report says where the rest is */
	}
	close(from);
}

static void
put_aside(const struct damage *d)
{
	struct buf	 text = BUF_INIT(REPORT_MAX);
	int		 fd;

	if ((fd = new_file(d, "txt")) == -1)
		return;
	describe(&text, d);
	if (disk_write_all(fd, buf_data(&text), text.len, 0) == -1)
		log_warn("spool: damaged/: %s", strerror(errno));
	close(fd);
	buf_clear(&text);
	if (d->length == 0 || (fd = new_file(d, "octets")) == -1)
		return;
	copy_octets(d, fd);
	close(fd);
}

static void
tell(const struct damage *d)
{
	log_error("spool: damaged: segment %" PRIu32 " offset %" PRIu32
	    " records %" PRIu64 " to %" PRIu64 "%s%s: %s", d->segment,
	    d->offset, d->first, d->last, d->has_id ? " id=" : "",
	    d->has_id ? msgid_text(&d->id) : "", d->what);
}

void
damage_settle(uint64_t durable)
{
	for (size_t i = 0; i < n_noted; i++) {
		struct damage	*d = &noted[i];

		if (!damage_trim(d))
			continue;
		if (d->first >= durable) {
			log_info("spool: segment %" PRIu32 " offset %" PRIu32
			    ": was being written at the last stop",
			    d->segment, d->offset);
			continue;
		}
		tell(d);
		put_aside(d);
		any = true;
	}
	any = any || n_more != 0;
	if (n_more != 0)
		log_error("spool: %zu more places are damaged", n_more);
	n_noted = n_more = 0;
	damage_end_life();
}

void
damage_file(const char *name, const char *what)
{
	any = true;
	log_error("spool: log/%s: %s; moved to damaged/", name, what);
	if (disk->rename(spool_dirs.log, name, spool_dirs.damaged, name) == -1)
		log_error("spool: log/%s: %s", name, strerror(errno));
}
