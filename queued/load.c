/*
 * A load goes through these, in order, until one has it: memory; a read that
 * does not wait; a thread; and for a body in large/ once more a thread, which
 * opens and checks the file.  Here is the first, and what all of them do with
 * the octets; the others are in load_disk.c.
 */
#include "load.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "cache.h"
#include "log.h"
#include "sealed.h"

#define SHARED_MAX	8	/* of at most BODY_SEGMENT_MAX octets each */

static void
tell_none(const struct load_want *w)
{
	if (w->loaded != NULL)
		w->loaded(w->arg, NULL);
	else
		w->envelope(w->arg, NULL, NULL);
}

void
load_tell_bad(const struct load_want *w, const char *what)
{
	log_error("spool: id=%s segment %u offset %u: %s",
	    msgid_text(&w->id), w->place.segment, w->place.offset, what);
	tell_none(w);
}

/* --- bodies as files --- */

/*
 * The last ones made, so that the jobs of one message, which come close upon
 * each other, share one copy; each has its own descriptor.  Who reads one
 * keeps his own place in it (pread).
 */
static struct {
	struct msgid	 id;
	bool		 made;
	int		 fd;
} shared[SHARED_MAX];
static size_t	 next_shared;

static void
shared_drop(size_t i)
{
	if (shared[i].made)
		close(shared[i].fd);
	shared[i].made = false;
}

void
load_clear(void)
{
	for (size_t i = 0; i < SHARED_MAX; i++)
		shared_drop(i);
	load_disk_clear();
}

/* A descriptor that the caller owns; -1: errno. */
static int
body_file(const struct msgid *id, struct str body)
{
	size_t	 i;
	int	 fd;

	for (i = 0; i < SHARED_MAX; i++)
		if (shared[i].made && msgid_equal(&shared[i].id, id))
			return fcntl(shared[i].fd, F_DUPFD_CLOEXEC, 0);
	if ((fd = sealed_new("body", body)) == -1)
		return -1;
	i = next_shared++ % SHARED_MAX;
	shared_drop(i);
	shared[i].id = *id;
	shared[i].fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	shared[i].made = shared[i].fd != -1;
	return fd;
}

/* a body above BODY_INLINE_MAX is handed out as a file */
void
load_tell_content(const struct load_want *w, struct str header,
    struct str body, int fd)
{
	struct spool_content	 c = { header, body, fd };

	if (body.n > BODY_INLINE_MAX) {
		c.body = STR_NONE;
		if ((c.fd = body_file(&w->id, body)) == -1) {
			load_tell_bad(w, strerror(errno));
			return;
		}
	}
	w->loaded(w->arg, &c);
}

static enum load_outcome
tell_whole(const struct load_want *w, const struct record *r,
    const struct envelope *e, const struct record_content *c)
{
	struct str	 header = { r->content.p, c->header_len };

	if (w->envelope != NULL) {
		w->envelope(w->arg, e, NULL);
		return LOAD_TOLD;
	}
	if ((r->flags & RECORD_LARGE) != 0)
		return LOAD_FILE;
	load_tell_content(w, header, str_skip(r->content, c->header_len), -1);
	return LOAD_TOLD;
}

enum load_outcome
load_tell(const struct load_want *w, const uint8_t *p, size_t n,
    const uint8_t *key)
{
	struct arena		 arena = ARENA_INIT(ENVELOPE_MEMORY);
	struct record_content	 c;
	struct envelope		 e;
	struct record		 r;
	enum load_outcome		 o = LOAD_BAD;

	if (record_get(p, n, &r) == -1 || r.type > RECORD_MOVED)
		return LOAD_BAD;
	if (n < (w->loaded != NULL ? r.len : RECORD_HEADER +
	    (size_t)wire_get32(p + 8)))
		return LOAD_MORE;
	if (key != NULL && (!record_is_true(p, &r, key) ||
	    (w->loaded != NULL && !record_content_is_true(&r, key))))
		return LOAD_BAD;
	if (record_message(&r, &arena, &e, &c) == 0 &&
	    msgid_equal(&e.id, &w->id))
		o = tell_whole(w, &r, &e, &c);
	arena_clear(&arena);
	return o;
}

static void
load(const struct load_want *w)
{
	const uint8_t	*p;
	struct record	 r;
	size_t		 n;

	if ((p = cache_find(w->place, &n)) == NULL) {
		load_from_disk(w);
		return;
	}
	switch (load_tell(w, p, n, NULL)) {
	case LOAD_TOLD:
		break;
	case LOAD_FILE:
		record_get(p, n, &r);
		load_large(w, p, r.len);
		break;
	case LOAD_MORE:
	case LOAD_BAD:
		load_tell_bad(w, "there is no such message in memory");
		break;
	}
}

void
spool_load(const struct msgid *id, struct spool_place place,
    spool_loaded loaded, void *arg)
{
	load(&(struct load_want){ *id, place, loaded, NULL, arg });
}

void
spool_load_envelope(const struct msgid *id, struct spool_place place,
    spool_envelope envelope, void *arg)
{
	load(&(struct load_want){ *id, place, NULL, envelope, arg });
}
