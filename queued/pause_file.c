/*
 * The file is a line that names its format, the rows in the encoding of
 * messages, and a BLAKE2b of all that is before it.
 */
#include "pause_file.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sodium.h>

#include "buf.h"
#include "log.h"
#include "xmalloc.h"

#include "disk.h"
#include "durable.h"
#include "work.h"

#define NAME		"pauses"
#define MAGIC		"postern pauses 1\n"
#define SUM		32
#define FILE_MAX	(sizeof(MAGIC) + 4 + PAUSES_MAX * pause_row_MAXLEN + \
    SUM)

struct writing {
	struct work	 work;
	struct buf	 data;
	int		 error;
	void		(*done)(void *, bool);
	void		*arg;
};

const char *
pause_what_name(enum pause_what what)
{
	static const char *const	 names[PAUSE_WHAT_N] = {
		[PAUSE_ALL] = "all", [PAUSE_ROUTE] = "route",
		[PAUSE_DOMAIN] = "domain",
	};

	return names[what];
}

/* ---- writing ----------------------------------------------------------- */

static void
run_write(struct work *work)
{
	struct writing	*w = (struct writing *)work;

	w->error = durable_replace(NAME, buf_data(&w->data), w->data.len);
}

static void
done_write(struct work *work)
{
	struct writing	*w = (struct writing *)work;

	if (w->error != 0)
		log_error("pauses: in force, but not kept: %s",
		    strerror(w->error));
	if (w->done != NULL)
		w->done(w->arg, w->error == 0);
	buf_clear(&w->data);
	free(w);
}

static void
put_sum(struct buf *b)
{
	uint8_t	 sum[SUM];

	crypto_generichash(sum, sizeof(sum), (const uint8_t *)buf_data(b),
	    b->len, NULL, 0);
	buf_put(b, sum, sizeof(sum));
}

/* In order, as WORK_BACK has one thread: the last one stays. */
void
pause_file_write(const struct pause_row *rows, size_t n,
    void (*done)(void *, bool), void *arg)
{
	struct writing	*w = xcalloc(1, sizeof(*w));

	buf_init(&w->data, FILE_MAX);
	buf_puts(&w->data, MAGIC);
	wire_put_u32(&w->data, (uint32_t)n);
	for (size_t i = 0; i < n; i++)
		pause_row_put(&w->data, &rows[i]);
	put_sum(&w->data);
	w->done = done;
	w->arg = arg;
	w->work.run = run_write;
	w->work.done = done_write;
	work_give(WORK_BACK, &w->work);
}

/* ---- reading ----------------------------------------------------------- */

static int
decode(const uint8_t *p, size_t n, struct arena *a, struct pause_row **rows,
    size_t *n_rows)
{
	uint8_t		 sum[SUM];
	struct wire	 w;

	if (n < sizeof(MAGIC) - 1 + 4 + SUM ||
	    memcmp(p, MAGIC, sizeof(MAGIC) - 1) != 0)
		return -1;
	n -= SUM;
	crypto_generichash(sum, sizeof(sum), p, n, NULL, 0);
	if (memcmp(sum, p + n, SUM) != 0)
		return -1;
	wire_init(&w, p + sizeof(MAGIC) - 1, n - sizeof(MAGIC) + 1);
	*n_rows = wire_u32(&w);
	if (*n_rows > PAUSES_MAX ||
	    (*rows = arena_calloc(a, *n_rows, sizeof(**rows))) == NULL)
		return -1;
	for (size_t i = 0; i < *n_rows; i++)
		if (pause_row_get(&w, a, &(*rows)[i]) == -1)
			return -1;
	return wire_done(&w);
}

/* All of it, in memory that stays as long as the arena. */
static int
read_file(int fd, struct arena *a, struct pause_row **rows, size_t *n)
{
	struct stat	 st;
	uint8_t		*p;

	if (disk->stat(fd, &st) == -1 || st.st_size > (off_t)FILE_MAX ||
	    (p = arena_calloc(a, (size_t)st.st_size + 1, 1)) == NULL ||
	    disk_read_patiently(fd, p, (size_t)st.st_size, 0) == -1)
		return -1;
	return decode(p, (size_t)st.st_size, a, rows, n);
}

int
pause_file_read(struct arena *a, struct pause_row **rows, size_t *n)
{
	int	 fd, r;

	*n = 0;
	fd = disk_open_patiently(spool_dirs.root, NAME, O_RDONLY);
	if (fd == -1)
		return errno == ENOENT ? 0 : -1;
	r = read_file(fd, a, rows, n);
	close(fd);
	if (r == -1)
		*n = 0;
	return r;
}
