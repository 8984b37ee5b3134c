/*
 * A pass over one segment: a thread scans it into a list of its records, and
 * strikes out those that later ones replace; the loop strikes out those of
 * messages that have ended; a thread reads the rest, a piece at a time, which
 * the loop appends to the log; when a piece is durable the next is read.  At
 * the end nothing lives in the segment, and segment.c recycles it.
 *
 * A pass that fails is begun anew some time later: what it has copied has
 * moved, and is not copied again.
 */
#include "clean.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "disk.h"
#include "durable.h"
#include "flusher.h"
#include "log.h"
#include "segment_scan.h"
#include "stale.h"
#include "work.h"

#define SLACK_SEGMENTS	4	/* the log may be longer than twice what lives
				 * by so many */
#define PIECE		(256u << 10) /* read and appended at once, about */
#define RETRY_MS	10000
#define PATIENCE	6	/* passes that fail for what cannot be read:
				 * it may be for a time, and not for ever */

struct item {
	uint32_t	 offset, len;
	enum record_type type;
	int		 facts;		/* that it says, */
	int		 old;		/* and how many are said anew */
	struct msgid	 id;
};

static struct {
	struct work	 work;
	struct segment	*segment;	/* of the pass; NULL: there is none */
	struct item	*items;		/* by offset */
	size_t		 n, allocated;
	struct stale	 stale;
	size_t		 next;		/* item, to be read */
	size_t		 piece_n;	/* items of the piece */
	uint8_t		*data;		/* of the piece */
	size_t		 size;
	unsigned	 out;		/* copies not yet durable */
	bool		 holes;		/* not all could be read */
	int		 error;
} cl;

static uint64_t	 not_before_ms;	/* after a failure */
static unsigned	 n_failures;	/* since a pass that did not fail */

static bool	(*lives)(const struct msgid *, const struct spool_place *);
static void	(*moved)(const struct msgid *, struct spool_place);

void
spool_on_clean(bool (*fn)(const struct msgid *, const struct spool_place *))
{
	lives = fn;
}

void
spool_on_move(void (*fn)(const struct msgid *, struct spool_place))
{
	moved = fn;
}

/* --- the end of a pass --- */

/* whose segment it was */
static struct segment *
forget_pass(void)
{
	struct segment	*s = cl.segment;

	stale_clear(&cl.stale);
	free(cl.items);
	free(cl.data);
	memset(&cl, 0, sizeof(cl));
	if (s != NULL)
		s->pins--;
	return s;
}

static void
end_pass(void)
{
	n_failures = 0;
	segment_cleaned(forget_pass());
}

static void
fail_pass(int error)
{
	struct segment	*s = forget_pass();

	log_warn("spool: cleaning segment %u: %s", s->number,
	    strerror(error));
	not_before_ms = clock_ms() + RETRY_MS;
	n_failures++;
}

/* --- appending --- */

static void
append(const struct item *it, const struct record *r)
{
	struct entry	 e = { .kind = ENTRY_COPY,
	    .place = { cl.segment->number, it->offset } };
	struct buf	*b;
	enum record_type type = r->type == RECORD_MESSAGE ? RECORD_MOVED :
	    r->type;

	b = flusher_begin(type, r->flags, r->order, r->len);
	if (b != NULL)
		buf_put_str(b, r->meta);
	if (b == NULL || flusher_end(r->content, STR_NONE, &e, true) == -1)
		cl.error = ENOMEM;
	else
		cl.out++;
}

/* whether the item still counts */
static bool
counts(const struct item *it)
{
	const struct spool_place	 place = { cl.segment->number,
	    it->offset };

	if (it->facts != 0 && it->facts == it->old)
		return false;
	switch (it->type) {
	case RECORD_MESSAGE:
	case RECORD_MOVED:
		return lives(&it->id, &place);
	case RECORD_RESULT:
	case RECORD_HOLD:
	case RECORD_RELEASE:
	case RECORD_WARNED:
	case RECORD_ROUTE:
		return lives(&it->id, NULL);
	default:
		return false;
	}
}

static void
append_item(const struct item *it)
{
	const uint8_t	*p = cl.data + (it->offset -
	    cl.items[cl.next].offset);
	struct record	 r;

	/* it may have ended while it was read */
	if (!counts(it))
		return;
	if (record_get(p, it->len, &r) == 0 && r.len == it->len &&
	    record_is_true(p, &r, cl.segment->key) &&
	    record_content_is_true(&r, cl.segment->key))
		append(it, &r);
	else
		cl.error = EBADMSG;
}

static void	 read_piece(void);

static void
go_on(void)
{
	if (cl.out != 0)
		return;
	if (cl.error != 0)
		fail_pass(cl.error);
	else
		read_piece();
}

static void
done_read(struct work *w)
{
	(void)w;
	for (size_t i = 0; i < cl.piece_n && cl.error == 0; i++)
		append_item(&cl.items[cl.next + i]);
	cl.next += cl.piece_n;
	go_on();
}

bool
clean_copied(const struct record *r, struct spool_place was,
    struct segment *s, struct spool_place now)
{
	struct msgid	 id;
	bool		 is_here;

	is_here = r->type == RECORD_MOVED && record_id(r, &id) &&
	    lives(&id, &was);
	if (is_here) {
		segment_live(s, r->len);
		segment_moved_to(s);
		moved(&id, now);
		segment_left(was.segment);
	}
	cl.out--;
	go_on();
	return is_here;
}

void
clean_failed(void)
{
	cl.out--;
	cl.error = EIO;
	go_on();
}

/* --- reading --- */

/* Each record alone: what lies between them may be what cannot be read. */
static int
read_each(int fd)
{
	const struct item	*first = &cl.items[cl.next];

	for (size_t i = 0; i < cl.piece_n; i++)
		if (disk_read_patiently(fd, cl.data + (first[i].offset -
		    first->offset), first[i].len, first[i].offset) == -1)
			return -1;
	return 0;
}

static void
run_read(struct work *w)
{
	const struct item	*first = &cl.items[cl.next];
	const struct item	*last = first + cl.piece_n - 1;
	char			 name[SEGMENT_NAME_SIZE];
	int			 fd;

	(void)w;
	segment_name(name, cl.segment->number, "seg");
	if ((fd = disk_open(spool_dirs.log, name, O_RDONLY)) == -1 ||
	    (disk_read_all(fd, cl.data, last->offset + last->len -
	    first->offset, first->offset) == -1 && read_each(fd) == -1))
		cl.error = errno;
	if (fd != -1)
		close(fd);
}

/* the items from next on that a piece takes; and its octets */
static size_t
choose_piece(void)
{
	uint32_t	 from = cl.items[cl.next].offset, to = 0;

	cl.piece_n = 0;
	for (size_t i = cl.next; i < cl.n; i++) {
		uint32_t	 end = cl.items[i].offset + cl.items[i].len;

		if (cl.piece_n != 0 && end - from > PIECE)
			break;
		to = end;
		cl.piece_n++;
	}
	return to - from;
}

static void
read_piece(void)
{
	size_t	 size;
	uint8_t	*p;

	if (cl.next == cl.n) {
		end_pass();
		return;
	}
	if ((size = choose_piece()) > cl.size) {
		if ((p = realloc(cl.data, size)) == NULL) {
			fail_pass(ENOMEM);
			return;
		}
		cl.data = p;
		cl.size = size;
	}
	cl.work.run = run_read;
	cl.work.done = done_read;
	work_give(WORK_READ, &cl.work);
}

/* --- scanning --- */

static void
on_old(uint32_t item)
{
	cl.items[item].old++;
}

static void
on_record(void *arg, const struct record *r, struct spool_place at)
{
	struct item	*p;
	struct msgid	 id;
	int		 facts = stale_add(&cl.stale, r, (uint32_t)cl.n);

	(void)arg;
	if (facts == -1)
		cl.error = ENOMEM;
	if (cl.error != 0 || !record_id(r, &id))
		return;
	if (cl.n == cl.allocated) {
		cl.allocated = cl.allocated * 2 + 256;
		p = reallocarray(cl.items, cl.allocated, sizeof(*p));
		if (p == NULL) {
			cl.error = ENOMEM;
			return;
		}
		cl.items = p;
	}
	cl.items[cl.n++] = (struct item){ at.offset, (uint32_t)r->len,
	    r->type, facts, 0, id };
}

/* told at the start already */
static void
on_damage(void *arg, const struct damage *d)
{
	(void)arg, (void)d;
}

static void
run_scan(struct work *w)
{
	struct scan	 s = { .number = cl.segment->number,
	    .size = cl.segment->size, .key = cl.segment->key,
	    .record = on_record, .damage = on_damage };
	char		 name[SEGMENT_NAME_SIZE];

	(void)w;
	segment_name(name, s.number, "seg");
	if ((s.fd = disk_open(spool_dirs.log, name, O_RDONLY)) == -1) {
		cl.error = errno;
		return;
	}
	if (segment_scan(&s) == -1)
		cl.error = s.error;
	else if (s.unreadable != 0 && n_failures < PATIENCE)
		cl.error = EIO;
	cl.holes = s.unreadable != 0;
	close(s.fd);
	stale_tell(&cl.stale, on_old);
	stale_clear(&cl.stale);
}

static void
done_scan(struct work *w)
{
	size_t	 kept = 0;

	(void)w;
	if (cl.error != 0) {
		fail_pass(cl.error);
		return;
	}
	cl.segment->aside |= cl.holes;
	for (size_t i = 0; i < cl.n; i++)
		if (counts(&cl.items[i]))
			cl.items[kept++] = cl.items[i];
	cl.n = kept;
	go_on();
}

/* --- a pass begins --- */

static bool
is_worth_it(const struct segment *s)
{
	if (s->live == 0)
		return s->states;
	return segments_octets() > 2 * segments_live_octets() +
	    SLACK_SEGMENTS * s->size;
}

void
clean_check(void)
{
	struct segment	*s;

	if (cl.segment != NULL || lives == NULL || moved == NULL ||
	    (s = segment_cleanable()) == NULL || !is_worth_it(s) ||
	    clock_ms() < not_before_ms)
		return;
	cl.segment = s;
	s->pins++;
	cl.work.run = run_scan;
	cl.work.done = done_scan;
	work_give(WORK_READ, &cl.work);
}

void
clean_stop(void)
{
	forget_pass();
	not_before_ms = 0;
	n_failures = 0;
}
