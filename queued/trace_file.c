/*
 * Nothing here is synced: a power cut may leave holes and torn ends, which
 * the reader steps over.
 */
#include "trace_file.h"

#include <sys/stat.h>
#include <sys/statfs.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "log.h"
#include "wire.h"

#include "dirlist.h"
#include "disk.h"
#include "durable.h"

#define NAME_DIGITS	11

static uint32_t		 keep_s;	/* set in the loop, read in threads: */
static uint64_t		 max, reserve;	/* what is stale does no harm */

static int		 dir = -1;	/* as it is before the threads see it */

/* of the threads, one of which is here at a time */
static struct {
	uint64_t	 number;	/* 0: none is open */
	uint64_t	 began;		/* second */
	int		 events, index;
	uint64_t	 at, index_at;
} now = { .events = -1, .index = -1 };

void
trace_file_limits(uint32_t keep, uint64_t octets, uint64_t free_octets)
{
	__atomic_store_n(&keep_s, keep, __ATOMIC_RELAXED);
	__atomic_store_n(&max, octets, __ATOMIC_RELAXED);
	__atomic_store_n(&reserve, free_octets, __ATOMIC_RELAXED);
}

void
trace_file_begin(void)
{
	if (dir != -1)
		return;
	if (disk->mkdir(spool_dirs.root, "trace", 0700) == 0 ||
	    errno == EEXIST)
		dir = disk_open(spool_dirs.root, "trace",
		    O_RDONLY | O_DIRECTORY);
	if (dir == -1)
		log_warn("trace: there will be none: %s", strerror(errno));
}

int
trace_dir(void)
{
	return dir;
}

void
trace_file_name(char name[TRACE_NAME_SIZE], uint64_t number,
    const char *suffix)
{
	snprintf(name, TRACE_NAME_SIZE, "%011" PRIu64 ".%s", number, suffix);
}

uint64_t
trace_file_number(const char *name, const char *suffix)
{
	char			*end;
	unsigned long long	 n = strtoull(name, &end, 10);

	return end == name + NAME_DIGITS && *end == '.' &&
	    strcmp(end + 1, suffix) == 0 ? n : 0;
}

/* ---- room -------------------------------------------------------------- */

struct files {
	uint64_t	 oldest, newest;
	uint64_t	 octets;
};

static uint64_t
size_of(const char *name)
{
	struct stat	 st;
	int		 fd = disk_open(dir, name, O_RDONLY);
	uint64_t	 n;

	if (fd == -1)
		return 0;
	n = disk->stat(fd, &st) == -1 ? 0 : (uint64_t)st.st_size;
	close(fd);
	return n;
}

static void
note_file(void *arg, const char *name)
{
	struct files	*f = arg;
	uint64_t	 number = trace_file_number(name, "events");

	if (number == 0)
		number = trace_file_number(name, "index");
	if (number == 0)
		return;
	f->octets += size_of(name);
	if (f->oldest == 0 || number < f->oldest)
		f->oldest = number;
	if (number > f->newest)
		f->newest = number;
}

static int
remove_part(uint64_t number, const char *suffix)
{
	char	 name[TRACE_NAME_SIZE];

	trace_file_name(name, number, suffix);
	return disk->unlink(dir, name, 0) == -1 && errno != ENOENT ? -1 : 0;
}

static int
remove_file(uint64_t number)
{
	int	 r = remove_part(number, "index");

	return remove_part(number, "events") == -1 ? -1 : r;
}

/* What one file may have: so that a few go at a time. */
static uint64_t
file_max(void)
{
	uint64_t	 most = __atomic_load_n(&max, __ATOMIC_RELAXED) / 8;

	return most < TRACE_FILE_MAX ? most : TRACE_FILE_MAX;
}

/*
 * Removes the oldest while there is too much, or it is too old: the last of
 * a file's events is at most an hour younger than its name.  What cannot be
 * removed stays until the next time.  Gives the number of the newest.
 */
static uint64_t
tidy(uint64_t second)
{
	uint64_t	 octets = __atomic_load_n(&max, __ATOMIC_RELAXED);
	uint64_t	 keep = __atomic_load_n(&keep_s, __ATOMIC_RELAXED);
	struct files	 f;

	for (;;) {
		f = (struct files){ 0, 0, 0 };
		if (dirlist(dir, note_file, &f) == -1 || f.oldest == 0)
			return f.newest;
		if (f.octets + file_max() <= octets &&
		    f.oldest + keep + TRACE_FILE_S >= second)
			return f.newest;
		if (remove_file(f.oldest) == -1)
			return f.newest;
	}
}

static bool
has_room(void)
{
	struct statfs	 fs;

	return disk->statfs(dir, &fs) == -1 ||
	    (uint64_t)fs.f_bavail * (uint64_t)fs.f_bsize >=
	    __atomic_load_n(&reserve, __ATOMIC_RELAXED);
}

/* ---- writing ----------------------------------------------------------- */

static void
close_files(void)
{
	if (now.events != -1)
		close(now.events);
	if (now.index != -1)
		close(now.index);
	now.events = now.index = -1;
	now.number = 0;
}

static int
open_file(uint64_t number, const char *suffix)
{
	char	 name[TRACE_NAME_SIZE];

	trace_file_name(name, number, suffix);
	return disk_open(dir, name, O_WRONLY | O_CREAT | O_EXCL);
}

/* Names rise, also where one is not an hour's, or the clock was put back. */
static int
open_files(uint64_t second, uint64_t newest)
{
	now.number = second > newest ? second : newest + 1;
	now.began = second;
	now.at = now.index_at = 0;
	now.events = open_file(now.number, "events");
	now.index = open_file(now.number, "index");
	return now.events == -1 || now.index == -1 ? -1 : 0;
}

/* The open file takes n more octets, and its hour is not over. */
static bool
is_ready(size_t n, uint64_t second)
{
	return now.number != 0 && now.at + n <= file_max() &&
	    second >= now.began &&
	    second / TRACE_FILE_S == now.began / TRACE_FILE_S;
}

static int
make_ready(size_t n)
{
	uint64_t	 second = (uint64_t)clock_wall();

	if (is_ready(n, second))
		return 0;
	close_files();
	return open_files(second, tidy(second));
}

/* The events lie in the file behind what is there. */
static void
shift(struct buf *index, uint64_t by)
{
	uint8_t	*p = (uint8_t *)buf_data(index);

	for (size_t i = MSGID_LEN; i < index->len; i += TRACE_ENTRY)
		wire_set32(p + i, (uint32_t)(wire_get32(p + i) + by));
}

static int
write_chunk(struct trace_chunk *c)
{
	if (make_ready(c->data.len) == -1)
		return -1;
	shift(&c->index, now.at);
	if (disk_write_all(now.events, buf_data(&c->data), c->data.len,
	    now.at) == -1 ||
	    disk_write_all(now.index, buf_data(&c->index), c->index.len,
	    now.index_at) == -1)
		return -1;
	now.at += c->data.len;
	now.index_at += c->index.len;
	return 0;
}

static void
run_write(struct work *w)
{
	struct trace_chunk	*c = (struct trace_chunk *)w;

	c->error = 0;
	c->written = c->data.len == 0;
	if (c->written) {
		close_files();
		tidy((uint64_t)clock_wall());
		return;
	}
	errno = ENOENT;
	if (dir != -1 && !has_room())
		return;
	c->written = dir != -1 && write_chunk(c) == 0;
	if (c->written)
		return;
	c->error = errno;
	close_files();		/* the next one begins anew */
}

static void
done_write(struct work *w)
{
	trace_written((struct trace_chunk *)w);
}

void
trace_file_write(struct trace_chunk *c)
{
	c->work.run = run_write;
	c->work.done = done_write;
	work_give(WORK_READ, &c->work);
}
