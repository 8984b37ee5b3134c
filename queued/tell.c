/*
 * Telling of the living.  Their meta comes from the segment's index where
 * there is one, and from the segment where that does not serve.
 */
#include "tell.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ahead.h"
#include "damage.h"
#include "disk.h"
#include "durable.h"
#include "fold.h"
#include "large.h"
#include "load.h"
#include "log.h"
#include "segment.h"

struct teller {
	struct segment	*segment;	/* fd is open on it, */
	bool		 index;		/* or on its index */
	int		 fd;
	struct ahead	 ahead;
	uint8_t		*data;
	size_t		 size;
	void		(*found)(const struct spool_message *);
};

static int
open_file(struct teller *t, struct segment *s, bool index)
{
	char	 name[SEGMENT_NAME_SIZE];

	if (t->segment == s && t->index == index)
		return 0;
	if (t->fd != -1)
		close(t->fd);
	segment_name(name, s->number, index ? "idx" : "seg");
	t->fd = disk_open_patiently(spool_dirs.log, name, O_RDONLY);
	t->segment = t->fd != -1 ? s : NULL;
	t->index = index;
	return t->fd != -1 ? 0 : -1;
}

/* Of the open file; most messages are one behind the other there. */
static int
meta_at(struct teller *t, uint32_t offset, struct record *r)
{
	const struct segment	*s = t->segment;
	const uint8_t		*p;
	size_t			 n;

	p = ahead_get(&t->ahead, (uint64_t)s->number << 1 | t->index, t->fd,
	    offset, &n);
	if (p != NULL && record_get(p, n, r) == 0 &&
	    record_is_true(p, r, s->key))
		return 0;
	return load_meta(t->fd, s->key, offset, &t->data, &t->size, r);
}

static int
read_meta(struct teller *t, const struct folded *f, struct segment *s,
    struct record *r)
{
	if (f->index_at != 0 && open_file(t, s, true) == 0 &&
	    meta_at(t, f->index_at, r) == 0)
		return 0;
	if (open_file(t, s, false) == -1)
		return -1;
	return meta_at(t, f->place.offset, r);
}

/* -1: it is not what was written, or there is no memory for it */
static int
tell_message(struct teller *t, const struct folded *f, struct segment *s,
    struct arena *a, const struct record *r)
{
	struct record_content	 c;
	struct envelope		 e;
	struct spool_rcpt	*states;
	struct str		*vias;

	errno = EBADMSG;
	if (record_message(r, a, &e, &c) == -1 ||
	    (states = arena_calloc(a, e.n_rcpts, sizeof(*states))) == NULL ||
	    (vias = arena_calloc(a, e.n_rcpts, sizeof(*vias))) == NULL ||
	    fold_states(f, a, e.n_rcpts, states) == -1)
		return -1;
	if (fold_vias(f, e.n_rcpts, vias) == 0)
		vias = NULL;
	segment_live(s, f->len);
	if (f->order != f->sequence)
		segment_moved_to(s);
	if (f->large)
		large_lives(&f->id);
	t->found(&(struct spool_message){ .place = f->place, .envelope = &e,
	    .size = c.header_len + c.body_len, .held = f->held,
	    .warned = f->warned, .vias = vias, .rcpts = states });
	return 0;
}

static int
tell_one(struct teller *t, const struct folded *f)
{
	struct arena	 arena = ARENA_INIT(ENVELOPE_MEMORY);
	struct segment	*s = segment_find(f->place.segment);
	struct record	 r;
	int		 error;

	error = read_meta(t, f, s, &r) == -1 ||
	    tell_message(t, f, s, &arena, &r) == -1 ? errno : 0;
	arena_clear(&arena);
	if (error == EBADMSG || error == ENODATA) {
		/* true a moment ago, in the scan */
		log_error("spool: id=%s: what is read now is not what was "
		    "written; it stays in the log", msgid_text(&f->id));
		s->aside = true;
		damage_doubt();
		return 0;
	}
	errno = error;
	return error == 0 ? 0 : -1;
}

int
tell_all(void (*found)(const struct spool_message *), char *why, size_t size)
{
	struct teller	 t = { .fd = -1, .ahead.patient = true,
	    .found = found };
	struct folded	**living;
	size_t		 n;
	int		 error;

	error = fold_living(&living, &n) == -1 ? ENOMEM : 0;
	for (size_t i = 0; i < n; i++) {
		if (error == 0 && tell_one(&t, living[i]) == -1)
			error = errno;
		fold_free(living[i]);
	}
	if (t.fd != -1)
		close(t.fd);
	ahead_clear(&t.ahead);
	free(t.data);
	free(living);
	if (error == 0)
		return 0;
	snprintf(why, size, "spool: log: what lives cannot be read: %s",
	    strerror(error));
	return -1;
}
