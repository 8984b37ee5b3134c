/*
 * A snapshot is durable before its log is begun, and its log's name before
 * anything in it counts; a cut at any point leaves the snapshot before with
 * its log, or the new one.
 */
#include "state_file.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sodium.h>

#include "buf.h"
#include "log.h"
#include "wire.h"
#include "xmalloc.h"

#include "disk.h"
#include "durable.h"
#include "record.h"
#include "state.h"
#include "work.h"

#define SNAPSHOT	"snapshot"
#define ASIDE		"damaged"
#define MAGIC		"postern counters 1\n"
#define MAGIC_LEN	(sizeof(MAGIC) - 1)
#define HEAD		(MAGIC_LEN + 4 + KEYED_KEY)	/* number, key */
#define ENTRY		28
#define BATCH_HEAD	12		/* sum (8), number of entries (4) */
#define LOG_MAX		(8u << 20)	/* then a snapshot, a fifth of it */
#define FILE_MAX	(LOG_MAX + HEAD + BATCH_HEAD + COUNTERS_MAX * ENTRY)
#define NAME_SIZE	32

struct writing {
	struct work		 work;
	struct state_entry	*list;
	size_t			 n;
	bool			 all;
	int			 error;
	void			(*done)(bool);
};

/* Of the load, and then of the one thread that writes. */
static uint8_t		 key[KEYED_KEY];
static uint32_t		 number;	/* of the snapshot; 0: none */
static int		 log_fd = -1;
static uint64_t		 log_at;

/* ---- encoding ---------------------------------------------------------- */

static void
put_batch(struct buf *b, const struct state_entry *list, size_t n)
{
	size_t	 at = b->len;
	uint8_t	*p;

	wire_put_u64(b, 0);
	wire_put_u32(b, (uint32_t)n);
	for (size_t i = 0; i < n; i++) {
		wire_put_u64(b, list[i].hash);
		wire_put_u64(b, list[i].began_ms);
		wire_put_u32(b, list[i].window_s);
		wire_put_u32(b, list[i].now);
		wire_put_u32(b, list[i].before);
	}
	if (b->failed)
		return;
	p = (uint8_t *)buf_data(b) + at;
	wire_set64(p, spool_sum(p + 8, b->len - at - 8, key));
}

/* The batch at the front of p: octets it takes, or 0 where none is true. */
static size_t
get_batch(const uint8_t *p, size_t n, void (*each)(const struct state_entry *))
{
	struct state_entry	 e;
	size_t			 count;

	if (n < BATCH_HEAD || (count = wire_get32(p + 8)) > COUNTERS_MAX ||
	    n < BATCH_HEAD + count * ENTRY || wire_get64(p) !=
	    spool_sum(p + 8, BATCH_HEAD - 8 + count * ENTRY, key))
		return 0;
	for (size_t i = 0; i < count; i++) {
		const uint8_t	*at = p + BATCH_HEAD + i * ENTRY;

		e = (struct state_entry){ wire_get64(at), wire_get64(at + 8),
		    wire_get32(at + 16), wire_get32(at + 20),
		    wire_get32(at + 24) };
		each(&e);
	}
	return BATCH_HEAD + count * ENTRY;
}

/* ---- reading ----------------------------------------------------------- */

/* All of it, for the caller to free; NULL when it cannot be had. */
static uint8_t *
read_file(const char *name, size_t *n)
{
	struct stat	 st;
	uint8_t		*p = NULL;
	int		 fd;

	fd = disk_open_patiently(spool_dirs.root, name, O_RDONLY);
	if (fd == -1)
		return NULL;
	errno = EFBIG;
	if (disk->stat(fd, &st) == 0 && st.st_size <= (off_t)FILE_MAX &&
	    (p = malloc((size_t)st.st_size + 1)) != NULL &&
	    disk_read_patiently(fd, p, (size_t)st.st_size, 0) == -1) {
		free(p);
		p = NULL;
	}
	*n = p != NULL ? (size_t)st.st_size : 0;
	close(fd);
	return p;
}

static void
log_name(char name[NAME_SIZE], uint32_t n)
{
	snprintf(name, NAME_SIZE, "log-%" PRIu32, n);
}

/* What follows a torn batch was never synced, or is of no use without it. */
static void
load_log(void (*each)(const struct state_entry *))
{
	char	 name[NAME_SIZE];
	size_t	 n, at = 0, len;
	uint8_t	*p;

	log_name(name, number);
	if ((p = read_file(name, &n)) == NULL)
		return;
	while ((len = get_batch(p + at, n - at, each)) != 0)
		at += len;
	free(p);
}

/* For who wants to know why; its log is of no use without its key. */
static void
put_aside(void)
{
	bool	 moved = disk->rename(spool_dirs.root, SNAPSHOT,
	    spool_dirs.root, ASIDE) == 0;

	log_warn("counters: the snapshot is damaged: all begin anew%s",
	    moved ? ", it is kept as " ASIDE : "");
}

static bool
load_snapshot(void (*each)(const struct state_entry *))
{
	size_t	 n;
	uint8_t	*p = read_file(SNAPSHOT, &n);
	bool	 good = false;

	if (p == NULL && errno == ENOENT)
		return false;
	if (p != NULL && n > HEAD && memcmp(p, MAGIC, MAGIC_LEN) == 0) {
		number = wire_get32(p + MAGIC_LEN);
		memcpy(key, p + MAGIC_LEN + 4, KEYED_KEY);
		good = get_batch(p + HEAD, n - HEAD, each) == n - HEAD;
	}
	free(p);
	if (!good)
		put_aside();
	return good;
}

void
state_file_load(uint8_t out[KEYED_KEY],
    void (*each)(const struct state_entry *))
{
	if (load_snapshot(each))
		load_log(each);
	else
		randombytes_buf(key, sizeof(key));
	memcpy(out, key, KEYED_KEY);
}

/* ---- writing, in a thread ---------------------------------------------- */

static int
begin_log(void)
{
	char	 name[NAME_SIZE];

	if (log_fd != -1)
		close(log_fd);
	log_name(name, number - 1);
	disk->unlink(spool_dirs.root, name, 0);
	log_name(name, number);
	__atomic_store_n(&log_at, 0, __ATOMIC_RELAXED);
	log_fd = disk_open(spool_dirs.root, name,
	    O_WRONLY | O_CREAT | O_TRUNC);
	return log_fd == -1 || disk->sync(spool_dirs.root) == -1 ? errno : 0;
}

/* After one that failed, the number says which log is not to be believed. */
static int
write_all(const struct writing *w)
{
	struct buf	 b = BUF_INIT(FILE_MAX);
	int		 error;

	number++;
	buf_puts(&b, MAGIC);
	wire_put_u32(&b, number);
	buf_put(&b, key, sizeof(key));
	put_batch(&b, w->list, w->n);
	error = b.failed ? ENOMEM : durable_replace(SNAPSHOT, buf_data(&b),
	    b.len);
	buf_clear(&b);
	return error != 0 ? error : begin_log();
}

static int
write_some(const struct writing *w)
{
	struct buf	 b = BUF_INIT(FILE_MAX);
	int		 error = 0;

	put_batch(&b, w->list, w->n);
	if (b.failed)
		error = ENOMEM;
	else if (disk_write_all(log_fd, buf_data(&b), b.len, log_at) == -1 ||
	    disk->datasync(log_fd) == -1)
		error = errno;
	__atomic_store_n(&log_at, log_at + b.len, __ATOMIC_RELAXED);
	buf_clear(&b);
	return error;
}

static void
run_write(struct work *work)
{
	struct writing	*w = (struct writing *)work;

	w->error = w->all ? write_all(w) : write_some(w);
}

static void
done_write(struct work *work)
{
	struct writing	*w = (struct writing *)work;
	void		(*done)(bool) = w->done;
	bool		 durable = w->error == 0;

	if (!durable)
		log_warn("counters: not kept: %s", strerror(w->error));
	free(w->list);
	free(w);
	done(durable);
}

void
state_file_write(struct state_entry *list, size_t n, bool all,
    void (*done)(bool))
{
	struct writing	*w = xcalloc(1, sizeof(*w));

	*w = (struct writing){ .work = { .run = run_write,
	    .done = done_write }, .list = list, .n = n, .all = all,
	    .done = done };
	work_give(WORK_BACK, &w->work);
}

bool
state_file_is_long(void)
{
	return __atomic_load_n(&log_at, __ATOMIC_RELAXED) >= LOG_MAX;
}
