/*
 * Loads that memory does not satisfy; see load.c.
 */
#include "load.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ahead.h"
#include "disk.h"
#include "durable.h"
#include "segment.h"
#include "work.h"

#define FIRST_READ	16384	/* holds most messages whole */
#define ENVELOPE_READ	4096	/* the same of envelopes */

struct load {
	struct work	 work;
	struct load_want want;
	struct segment	*segment;	/* pinned while a thread has the load */
	uint8_t		*data;		/* of the record */
	size_t		 n, size;
	int		 from;		/* the segment's open file, or -1 */
	int		 fd;		/* the thread's own, owned */
	int		 error;
	char		 name[LARGE_NAME_SIZE];
	uint64_t	 large_size;
	uint8_t		 sum[LARGE_SUM];
};

static void	 go_on(struct load *);

/* Of envelopes, which a walk reads one behind the other. */
static struct ahead	 ahead;
static bool		 ahead_lent;	/* to a callback */

static void
load_free(struct load *l)
{
	if (l->fd != -1)
		close(l->fd);
	free(l->data);
	free(l);
}

static int
make_room(struct load *l, size_t n)
{
	uint8_t	*p;

	if (n <= l->size)
		return 0;
	if ((p = realloc(l->data, n)) == NULL)
		return -1;
	l->data = p;
	l->size = n;
	return 0;
}

static void
unpin(struct load *l)
{
	if (--l->segment->pins == 0)
		segments_check();
}

static void
run_read(struct work *w)
{
	struct load	*l = (struct load *)w;
	char		 name[SEGMENT_NAME_SIZE];
	int		 fd = l->from;

	l->error = 0;
	if (fd == -1) {
		segment_name(name, l->segment->number, "seg");
		fd = l->fd = disk_open(spool_dirs.log, name, O_RDONLY);
	}
	if (fd == -1 ||
	    disk_read_all(fd, l->data, l->n, l->want.place.offset) == -1)
		l->error = errno;
}

static void
done_read(struct work *w)
{
	struct load	*l = (struct load *)w;

	if (l->fd != -1)
		segment_keep_fd(l->segment, l->fd);
	l->fd = -1;
	if (l->error != 0) {
		load_tell_bad(&l->want, strerror(l->error));
		unpin(l);
		load_free(l);
		return;
	}
	go_on(l);
	unpin(l);
	if (l->work.run == NULL)
		load_free(l);
}

static void
give_read(struct load *l)
{
	l->segment->pins++;
	l->from = l->segment->fd;	/* stays open while it is pinned */
	l->work.run = run_read;
	l->work.done = done_read;
	work_give(WORK_READ, &l->work);
}

static void
run_large(struct work *w)
{
	struct load	*l = (struct load *)w;
	uint8_t		 sum[LARGE_SUM];

	l->fd = disk_open(spool_dirs.large, l->name, O_RDONLY);
	if (l->fd == -1)
		l->error = errno;
	else
		l->error = large_sum(l->fd, l->large_size, sum);
	if (l->error == 0 && memcmp(sum, l->sum, sizeof(sum)) != 0)
		l->error = EBADMSG;
}

static void
done_large(struct work *w)
{
	struct load		*l = (struct load *)w;
	struct record		 r;
	int			 fd = l->fd;

	if (l->error != 0) {
		load_tell_bad(&l->want, strerror(l->error));
	} else {
		record_get(l->data, l->n, &r);
		l->fd = -1;
		load_tell_content(&l->want, r.content, STR_NONE, fd);
	}
	load_free(l);
}

/* the record is in data, checked */
static void
give_large(struct load *l)
{
	struct arena		 arena = ARENA_INIT(ENVELOPE_MEMORY);
	struct record_content	 c;
	struct envelope		 e;
	struct record		 r;

	record_get(l->data, l->n, &r);
	if (record_message(&r, &arena, &e, &c) == -1) {
		arena_clear(&arena);
		load_tell_bad(&l->want, "it is malformed");
		return;
	}
	memcpy(l->name, msgid_text(&e.id), sizeof(l->name));
	memcpy(l->sum, c.sum.p, sizeof(l->sum));
	l->large_size = c.body_len;
	arena_clear(&arena);
	l->work.run = run_large;
	l->work.done = done_large;
	work_give(WORK_READ, &l->work);
}

/* the whole record, as its header has it */
static void
read_more(struct load *l)
{
	struct record	 r;
	size_t		 left = l->segment->size - l->want.place.offset;

	record_get(l->data, l->n, &r);
	if (r.len > left)
		load_tell_bad(&l->want, "it is longer than its segment");
	else if (make_room(l, r.len) == -1)
		load_tell_bad(&l->want, strerror(ENOMEM));
	else {
		l->n = r.len;
		give_read(l);
	}
}

/* After a read: work.run says whether a thread has got it again. */
static void
go_on(struct load *l)
{
	l->work.run = NULL;
	switch (load_tell(&l->want, l->data, l->n, l->segment->key)) {
	case LOAD_TOLD:
		break;
	case LOAD_MORE:
		read_more(l);
		break;
	case LOAD_FILE:
		give_large(l);
		break;
	case LOAD_BAD:
		load_tell_bad(&l->want, "its checksum is wrong");
		break;
	}
}

static struct load *
load_new(const struct load_want *w, size_t n)
{
	struct load	*l = calloc(1, sizeof(*l));

	if (l == NULL)
		return NULL;
	l->want = *w;
	l->fd = -1;
	l->n = n;
	if (make_room(l, n) == 0)
		return l;
	load_free(l);
	return NULL;
}

/* what the kernel has in its memory; false: a thread has to go */
static bool
read_now(struct load *l)
{
	ssize_t	 n;

	if (l->segment->fd == -1)
		return false;
	n = disk_read_now(l->segment->fd, l->data, l->n,
	    l->want.place.offset);
	return n == (ssize_t)l->n;
}

/*
 * What is there may be from before the record was written: then its checksum
 * is wrong, and it is read anew.  A callback that loads goes the other way.
 */
static bool
told_ahead(const struct load_want *w, const struct segment *s)
{
	const uint8_t	*p;
	size_t		 n;
	bool		 told;

	if (w->envelope == NULL || ahead_lent || s->fd == -1 ||
	    (p = ahead_get(&ahead, s->number, s->fd, w->place.offset,
	    &n)) == NULL)
		return false;
	ahead_lent = true;
	told = load_tell(w, p, n, s->key) == LOAD_TOLD;
	ahead_lent = false;
	return told;
}

void
load_disk_clear(void)
{
	ahead_clear(&ahead);
}

void
load_from_disk(const struct load_want *w)
{
	struct segment	*s = segment_find(w->place.segment);
	size_t		 n = w->envelope != NULL ? ENVELOPE_READ : FIRST_READ;
	struct load	*l;

	if (s == NULL || w->place.offset >= s->size) {
		load_tell_bad(w, "there is no such place");
		return;
	}
	if (told_ahead(w, s))
		return;
	if (n > s->size - w->place.offset)
		n = (size_t)(s->size - w->place.offset);
	if ((l = load_new(w, n)) == NULL) {
		load_tell_bad(w, strerror(ENOMEM));
		return;
	}
	l->segment = s;
	if (!read_now(l)) {
		give_read(l);
		return;
	}
	go_on(l);
	if (l->work.run == NULL)
		load_free(l);
}

void
load_large(const struct load_want *w, const uint8_t *p, size_t n)
{
	struct load	*l = load_new(w, n);

	if (l == NULL) {
		load_tell_bad(w, strerror(ENOMEM));
		return;
	}
	memcpy(l->data, p, n);
	give_large(l);
	if (l->work.run == NULL)
		load_free(l);
}

/* --- waiting --- */

int
load_meta(int fd, const uint8_t key[SEGMENT_KEY], uint32_t offset,
    uint8_t **data, size_t *size, struct record *r)
{
	size_t	 n = RECORD_HEADER;
	uint8_t	*p;

	for (int round = 0; round < 2; round++) {
		if (n > *size) {
			if ((p = realloc(*data, n)) == NULL)
				return -1;
			*data = p;
			*size = n;
		}
		if (disk_read_patiently(fd, *data, n, offset) == -1)
			return -1;
		errno = EBADMSG;
		if (record_get(*data, n, r) == -1)
			return -1;
		n = RECORD_HEADER + wire_get32(*data + 8);
	}
	return record_is_true(*data, r, key) ? 0 : -1;
}
