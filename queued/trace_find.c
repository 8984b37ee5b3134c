/*
 * The index of each file is read from its front, file by file from the
 * oldest, and compared with the bits that the prefix stands for.
 */
#include "trace_find.h"

#include <sys/queue.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buf.h"
#include "wire.h"
#include "xmalloc.h"

#include "dirlist.h"
#include "disk.h"
#include "trace.h"
#include "trace_file.h"

#define READ_ENTRIES	8192	/* of an index, at once */
#define FILES_STEP	256
#define EVENTS_MEMORY	(8u << 20)

/* The first bits of an id. */
struct prefix {
	struct msgid	 id;
	size_t		 bits;
};

struct trace_find {
	struct work		 work;
	TAILQ_ENTRY(trace_find)	 entry;
	struct peer		*peer;		/* NULL: cancelled */
	uint32_t		 request;
	void			(*ended)(void *);
	void			*arg;
	uint64_t		 chunk;		/* to be written first */
	struct prefix		 prefix;
	uint32_t		 skip;
	/* the thread's */
	uint64_t		*files;
	size_t			 n_files, allocated;
	int			 events;	/* of the file in hand, or -1 */
	bool			 found, ambiguous, more;
	struct msgid		 id;
	uint32_t		 n;
	struct buf		 octets;	/* n events */
	uint8_t			 entries[READ_ENTRIES * TRACE_ENTRY];
};

static TAILQ_HEAD(, trace_find)	 waiting = TAILQ_HEAD_INITIALIZER(waiting);
static bool			 busy;

/* ---- the thread: what fits --------------------------------------------- */

static bool
prefix_fits(const struct prefix *p, const uint8_t *id)
{
	size_t	 whole = p->bits / 8, rest = p->bits % 8;

	return memcmp(p->id.b, id, whole) == 0 && (rest == 0 ||
	    (p->id.b[whole] ^ id[whole]) >> (8 - rest) == 0);
}

/* The event at that place, if it is one of that message: appended. */
static void
take_event(struct trace_find *f, const uint8_t *id, uint32_t at)
{
	uint8_t	 head[TRACE_HEAD];
	size_t	 n;
	char	*p;

	if (f->events == -1 ||
	    disk_read_all(f->events, head, sizeof(head), at) == -1)
		return;
	n = wire_get32(head);
	if (n < TRACE_HEAD || n - MSGID_LEN - 4 > trace_event_MAXLEN ||
	    memcmp(head + 4, id, MSGID_LEN) != 0)
		return;
	if (f->n == TRACE_EVENTS_MAX) {
		f->more = true;
		return;
	}
	if (f->skip != 0) {
		f->skip--;
		return;
	}
	if ((p = buf_room(&f->octets, n)) == NULL ||
	    disk_read_all(f->events, p, n, at) == -1)
		return;
	buf_added(&f->octets, n);
	f->n++;
}

static void
take_entry(struct trace_find *f, const uint8_t *e)
{
	if (!prefix_fits(&f->prefix, e))
		return;
	if (!f->found)
		memcpy(f->id.b, e, MSGID_LEN);
	f->found = true;
	if (memcmp(f->id.b, e, MSGID_LEN) != 0)
		f->ambiguous = true;
	else
		take_event(f, e, wire_get32(e + MSGID_LEN));
}

/* ---- the thread: files ------------------------------------------------- */

static void
look_index(struct trace_find *f, int fd)
{
	uint64_t	 at = 0;
	ssize_t		 n;

	do {
		n = disk->read(fd, f->entries, sizeof(f->entries),
		    (off_t)at);
		if (n == -1 && errno == EINTR)
			continue;
		if (n < TRACE_ENTRY)
			return;
		n -= n % TRACE_ENTRY;
		for (ssize_t i = 0; i < n; i += TRACE_ENTRY)
			take_entry(f, f->entries + i);
		at += (uint64_t)n;
	} while (!f->ambiguous && !f->more);
}

static void
look_file(struct trace_find *f, uint64_t number)
{
	char	 name[TRACE_NAME_SIZE];
	int	 fd;

	trace_file_name(name, number, "index");
	if ((fd = disk_open(trace_dir(), name, O_RDONLY)) == -1)
		return;
	trace_file_name(name, number, "events");
	f->events = disk_open(trace_dir(), name, O_RDONLY);
	look_index(f, fd);
	close(fd);
	if (f->events != -1)
		close(f->events);
}

static void
note_name(void *arg, const char *name)
{
	struct trace_find	*f = arg;
	uint64_t		 number = trace_file_number(name, "index"), *p;

	if (number == 0)
		return;
	if (f->n_files == f->allocated) {
		p = reallocarray(f->files, f->allocated + FILES_STEP,
		    sizeof(*p));
		if (p == NULL)
			return;		/* that file is not looked at */
		f->files = p;
		f->allocated += FILES_STEP;
	}
	f->files[f->n_files++] = number;
}

static int
by_number(const void *a, const void *b)
{
	uint64_t	 x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static void
run_find(struct work *w)
{
	struct trace_find	*f = (struct trace_find *)w;
	int			 dir = trace_dir();

	if (dir == -1 || dirlist(dir, note_name, f) == -1)
		return;
	if (f->n_files != 0)
		qsort(f->files, f->n_files, sizeof(*f->files), by_number);
	for (size_t i = 0; i < f->n_files && !f->ambiguous && !f->more; i++)
		look_file(f, f->files[i]);
}

/* ---- the loop ---------------------------------------------------------- */

static void	 begin_next(void);

static void
find_free(struct trace_find *f)
{
	buf_clear(&f->octets);
	free(f->files);
	free(f);
}

/* Each event was checked for its length; what does not decode is left out. */
static size_t
decode(const struct trace_find *f, struct arena *a, struct trace_event *list)
{
	struct str	 s = buf_str(&f->octets);
	struct wire	 w;
	size_t		 n = 0, len;

	for (uint32_t i = 0; i < f->n; i++, s = str_skip(s, len)) {
		len = wire_get32(s.p);
		wire_init(&w, s.p + 4 + MSGID_LEN, len - 4 - MSGID_LEN);
		if (trace_event_get(&w, a, &list[n]) == 0 &&
		    wire_done(&w) == 0)
			n++;
	}
	return n;
}

static void
answer(const struct trace_find *f)
{
	struct trace_event	 list[TRACE_EVENTS_MAX];
	struct arena		 arena = ARENA_INIT(EVENTS_MEMORY);
	struct trace		 m = { .off = trace_is_off(),
	    .more = f->more, .lost = trace_lost(), .id = f->id,
	    .events = list };

	m.result = f->ambiguous ? SHOW_AMBIGUOUS :
	    f->found ? SHOW_OK : SHOW_NONE;
	if (m.result == SHOW_OK)
		m.n_events = decode(f, &arena, list);
	peer_send(f->peer, TRACE, f->request, &m);
	arena_clear(&arena);
}

static void
done_find(struct work *w)
{
	struct trace_find	*f = (struct trace_find *)w;

	busy = false;
	if (f->peer != NULL) {
		answer(f);
		f->ended(f->arg);
	}
	find_free(f);
	begin_next();
}

static void
begin_next(void)
{
	struct trace_find	*f;

	if (busy)
		return;
	TAILQ_FOREACH(f, &waiting, entry) {
		if (f->chunk != 0)
			continue;
		TAILQ_REMOVE(&waiting, f, entry);
		busy = true;
		f->work.run = run_find;
		f->work.done = done_find;
		work_give(WORK_READ, &f->work);
		return;
	}
}

void
trace_find_go(uint64_t chunk)
{
	struct trace_find	*f;

	TAILQ_FOREACH(f, &waiting, entry)
		if (f->chunk <= chunk)
			f->chunk = 0;
	begin_next();
}

/* Bits of the text, which stands for as many as it has; false: of no id. */
static bool
prefix_parse(struct prefix *p, struct str text)
{
	char	 whole[MSGID_TEXT_LEN];

	if (text.n > MSGID_TEXT_LEN)
		return false;
	memset(whole, '0', sizeof(whole));
	if (text.n != 0)
		memcpy(whole, text.p, text.n);
	p->bits = text.n == MSGID_TEXT_LEN ? 8 * MSGID_LEN : 5 * text.n;
	return msgid_parse(&p->id, str_bytes(whole, sizeof(whole))) == 0;
}

struct trace_find *
trace_find(struct peer *p, uint32_t id, const struct trace_ask *m,
    void (*ended)(void *), void *arg)
{
	struct trace_find	*f = xcalloc(1, sizeof(*f));
	struct trace		 none = { .result = SHOW_NONE,
	    .off = trace_is_off(), .lost = trace_lost() };

	if (!prefix_parse(&f->prefix, m->id)) {
		free(f);
		peer_send(p, TRACE, id, &none);
		return NULL;
	}
	f->peer = p;
	f->request = id;
	f->ended = ended;
	f->arg = arg;
	f->skip = m->skip;
	f->events = -1;
	buf_init(&f->octets, EVENTS_MEMORY);
	f->chunk = trace_flush();
	TAILQ_INSERT_TAIL(&waiting, f, entry);
	begin_next();
	return f;
}

/* What a thread has is freed when it comes back. */
void
trace_find_cancel(struct trace_find *f)
{
	struct trace_find	*w;

	f->peer = NULL;
	TAILQ_FOREACH(w, &waiting, entry)
		if (w == f) {
			TAILQ_REMOVE(&waiting, f, entry);
			find_free(f);
			return;
		}
}
