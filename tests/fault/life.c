/*
 * See life.h.
 */
#include "life.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>

#include "bounds.h"
#include "chance.h"
#include "disk.h"
#include "log.h"
#include "sched.h"
#include "seam.h"
#include "world.h"
#include "xmalloc.h"

/* what somebody waits for */
struct wish {
	struct note	 kept[RCPTS_AT_MOST + 1];
	unsigned	 n;
};

static struct event_base	*base;
static struct spool_limits	 limits;
static struct spool_place	 places[MESSAGES_MAX];
static struct findings		*findings;	/* while it starts */
static unsigned			 waiting;
static char			 complaint[256];
static bool			 may_complain;

static void
keep_complaint(enum log_level level, const char *line, size_t n)
{
	if (getenv("CUT_LOG") != NULL)
		fprintf(stderr, "\t%s: %.*s\n", log_level_name(level), (int)n,
		    line);
	if (level == LEVEL_ERROR && complaint[0] == '\0')
		snprintf(complaint, sizeof(complaint), "%.*s", (int)n, line);
}

void
life_begin(const struct life *l)
{
	chance_begin(l->seed);
	log_set_sink(keep_complaint);
	limits = (struct spool_limits){ l->segment_size, 0 };
	may_complain = l->may_complain;
	waiting = 0;
	seam_install();
	sched_init(l->seed, l->threads);
	spool_threads();
}

/* --- notes --- */

static void
note(enum note_kind kind, unsigned message, unsigned value)
{
	world_note(&(struct note){ .kind = kind, .message = message,
	    .value = value });
}

static struct wish *
wish_new(void)
{
	waiting++;
	return xcalloc(1, sizeof(struct wish));
}

/* what will be noted when it has come true */
static struct note *
wish_add(struct wish *w, enum note_kind kind, unsigned message)
{
	struct note	*n = &w->kept[w->n++];

	*n = (struct note){ .kind = kind, .message = message };
	return n;
}

static void
come_true(const struct wish *w)
{
	for (unsigned i = 0; i < w->n; i++)
		world_note(&w->kept[i]);
}

static void
on_kept(void *arg, bool durable)
{
	struct wish	*w = arg;

	waiting--;
	if (durable && seam_bug != BUG_EARLY_RESULT)
		come_true(w);
	free(w);
}

static void
is_asked(const struct wish *w)
{
	if (seam_bug == BUG_EARLY_RESULT)
		come_true(w);
}

/* --- a start --- */

/* All recipients go the same way: there is one record for them. */
static void
find_way(struct finding *f, const struct spool_message *sm, unsigned m)
{
	struct str	 via;

	f->routed = sm->vias != NULL;
	f->true_way = true;
	via = f->routed ? expect_via(m) : STR_NONE;
	for (size_t r = 0; f->routed && r < sm->envelope->n_rcpts; r++)
		f->true_way &= str_equal(sm->vias[r], via);
}

static void
on_found(const struct spool_message *sm)
{
	unsigned	 m = expect_number(&sm->envelope->id);
	struct finding	*f;

	if (m == MESSAGES_MAX) {
		log_error("a message was found that nobody sent");
		return;
	}
	f = &findings->of[m];
	f->found++;
	f->whole = expect_is_envelope(sm->envelope, m) &&
	    sm->size == expect_header(m).n + expect_size(m);
	f->held = sm->held;
	f->warned = sm->warned;
	find_way(f, sm, m);
	places[m] = sm->place;
	for (unsigned r = 0; f->whole && r < expect_rcpts(m); r++) {
		const struct spool_rcpt	*s = &sm->rcpts[r];

		f->rcpt[r].tries = s->tries < RESULTS_MAX ? s->tries : 0;
		f->rcpt[r].done = s->state == SPOOL_DONE;
		f->rcpt[r].true_words = expect_is_result(s, m, r);
	}
}

static bool
file_is(int fd, struct str want)
{
	char	*got = xcalloc(want.n + 1, 1);
	ssize_t	 n;
	bool	 same;

	n = seam_owns(fd) ? disk->read(fd, got, want.n + 1, 0) :
	    pread(fd, got, want.n + 1, 0);
	same = n == (ssize_t)want.n && memcmp(got, want.p, want.n) == 0;
	free(got);
	close(fd);
	return same;
}

static void
on_loaded(void *arg, const struct spool_content *c)
{
	struct finding	*f = arg;
	unsigned	 m = (unsigned)(f - findings->of);
	struct str	 body = expect_body(m, expect_size(m));

	waiting--;
	f->whole &= c != NULL && str_equal(c->header, expect_header(m)) &&
	    (c->fd != -1 ? file_is(c->fd, body) : str_equal(c->body, body));
}

static bool
on_clean(const struct msgid *id, const struct spool_place *p)
{
	unsigned	 m = expect_number(id);

	return m != MESSAGES_MAX && expect_lives(m) && (p == NULL ||
	    (p->segment == places[m].segment &&
	    p->offset == places[m].offset));
}

static void
on_move(const struct msgid *id, struct spool_place p)
{
	places[expect_number(id)] = p;
	note(NOTE_MOVED, expect_number(id), 0);
}

static int
load_all(void)
{
	for (unsigned m = 0; m < MESSAGES_MAX; m++) {
		struct msgid	 id = expect_id(m);

		if (findings->of[m].found == 0)
			continue;
		waiting++;
		spool_load(&id, places[m], on_loaded, &findings->of[m]);
	}
	return life_wait();
}

int
life_open(struct findings *found, char *why, size_t size)
{
	memset(found, 0, sizeof(*found));
	findings = found;
	complaint[0] = '\0';
	spool_on_clean(on_clean);
	spool_on_move(on_move);
	if ((base = event_base_new()) == NULL)
		fatal("no event loop");
	if (spool_open(base, &limits, on_found, why, size) == -1)
		return -1;
	if (load_all() == -1) {
		snprintf(why, size, "a message is never read");
		return -1;
	}
	files_read(found->files);
	if (complaint[0] == '\0' || may_complain)
		return 0;
	snprintf(why, size, "the start complains: %s", complaint);
	return -1;
}

void
life_note_findings(const struct findings *all)
{
	for (unsigned m = 0; m < MESSAGES_MAX; m++) {
		const struct finding	*f = &all->of[m];
		struct note		 n = { .kind = NOTE_FOUND,
		    .message = m, .held = f->held, .warned = f->warned,
		    .routed = f->routed };

		if (f->found == 0 && !expect_was_asked(m))
			continue;
		if (f->found == 0)
			n.kind = NOTE_ABSENT;
		for (unsigned r = 0; r < RCPTS_AT_MOST; r++) {
			n.tries[r] = f->rcpt[r].tries;
			n.done[r] = f->rcpt[r].done;
		}
		world_note(&n);
	}
	for (unsigned f = 0; f < FILES_N; f++)
		if (files_were_asked(f))
			world_note(&(struct note){ .kind = NOTE_FILE_FOUND,
			    .message = f, .nth = all->files[f] });
}

static void
on_stopped(void)
{
	waiting--;
}

void
life_close(void)
{
	waiting++;
	spool_stop(on_stopped);
	life_wait();
	spool_close();
	event_base_free(base);
	base = NULL;
}

/* --- what it does --- */

static void
on_stored(void *arg, enum store_result r, const struct spool_place *p)
{
	unsigned	 m = (unsigned)(uintptr_t)arg;

	waiting--;
	if (p != NULL)
		places[m] = *p;
	if (seam_bug != BUG_EARLY_STORED)
		note(r == STORE_OK ? NOTE_STORED : NOTE_REFUSED, m, 0);
}

/* 0 where there is no such file */
static uint32_t
large_file(struct str body)
{
	uint32_t	 large = 0;
	int		 fd = spool_large_open(&large);

	if (fd == -1)
		return 0;
	disk_write_all(fd, body.p, body.n, 0);
	close(fd);
	return large;
}

void
life_store(unsigned message, size_t size)
{
	struct envelope	 e = expect_envelope(message);
	struct str	 body = expect_body(message, size);
	bool		 is_large = size > BODY_INLINE_MAX;
	uint32_t	 large = is_large ? large_file(body) : 0;

	note(NOTE_STORE, message, (unsigned)size);
	waiting++;
	spool_store(&e, expect_header(message), is_large ? STR_NONE : body,
	    large, is_large ? size : 0, on_stored,
	    (void *)(uintptr_t)message);
	if (seam_bug == BUG_EARLY_STORED)
		note(NOTE_STORED, message, 0);
}

/* the next result of a recipient; its words are borrowed from expect.c */
static struct spool_rcpt
next_result(struct wish *w, unsigned message, unsigned rcpt, bool done)
{
	struct note	*n = wish_add(w, NOTE_RESULT_KEPT, message);
	struct note	 asked = { NOTE_RESULT, message, rcpt,
	    expect_next_result(message, rcpt), done, { 0 }, { 0 }, 0, 0, 0 };

	n->rcpt = rcpt;
	n->nth = asked.nth;
	world_note(&asked);
	return expect_result(message, rcpt, n->nth, done);
}

void
life_result(unsigned message, unsigned rcpt, bool done)
{
	struct msgid		 id = expect_id(message);
	struct wish		*w = wish_new();
	struct spool_rcpt	 r = next_result(w, message, rcpt, done);

	if (seam_bug == BUG_WRONG_RCPT)
		r.index ^= 1;
	is_asked(w);
	spool_result(&id, places[message], &r, 1, false, on_kept, w);
}

void
life_end(unsigned message)
{
	struct msgid		 id = expect_id(message);
	struct wish		*w = wish_new();
	struct spool_rcpt	 r[RCPTS_AT_MOST];

	for (unsigned i = 0; i < expect_rcpts(message); i++)
		r[i] = (struct spool_rcpt){ .index = (uint16_t)i,
		    .state = SPOOL_DONE, .tries = 1 };
	note(NOTE_END, message, 0);
	wish_add(w, NOTE_ENDED, message);
	is_asked(w);
	spool_result(&id, places[message], r, expect_rcpts(message), true,
	    on_kept, w);
}

void
life_hold(unsigned message, bool held)
{
	struct msgid	 id = expect_id(message);
	struct wish	*w = wish_new();
	struct note	*n = wish_add(w, NOTE_HOLD_KEPT, message);
	struct note	 asked = { .kind = NOTE_HOLD, .message = message,
	    .nth = expect_next_hold(message), .value = held };

	n->nth = asked.nth;
	world_note(&asked);
	is_asked(w);
	spool_mark(&id, places[message], held ? MARK_HOLD : MARK_RELEASE,
	    on_kept, w);
}

void
life_warn(unsigned message)
{
	struct msgid	 id = expect_id(message);
	struct wish	*w = wish_new();

	wish_add(w, NOTE_WARN_KEPT, message)->nth = 1;
	world_note(&(struct note){ .kind = NOTE_WARN, .message = message,
	    .nth = 1, .value = 1 });
	is_asked(w);
	spool_mark(&id, places[message], MARK_WARNED, on_kept, w);
}

void
life_route(unsigned message, bool another)
{
	static const uint16_t	 rcpts[] = { 0, 1 };
	struct msgid		 id = expect_id(message);
	struct wish		*w = wish_new();
	struct note		*n = wish_add(w, NOTE_ROUTE_KEPT, message);
	struct note		 asked = { .kind = NOTE_ROUTE,
	    .message = message, .nth = expect_next_route(message),
	    .value = another };

	n->nth = asked.nth;
	world_note(&asked);
	is_asked(w);
	spool_route(&id, places[message], rcpts, expect_rcpts(message),
	    another ? expect_via(message) : STR_NONE, on_kept, w);
}

void
life_file(enum kept_file file)
{
	struct wish	*w = wish_new();
	struct note	 asked = { .kind = NOTE_FILE, .message = file,
	    .nth = files_next(file) };

	wish_add(w, NOTE_FILE_KEPT, file)->nth = asked.nth;
	world_note(&asked);
	files_write(file, asked.nth, on_kept, w);
}

void
life_give_up(void)
{
	uint32_t	 large = large_file(expect_body(0, 100));

	if (large != 0)
		spool_large_drop(large);
}

void
life_go_on(unsigned steps)
{
	while (steps-- > 0 && sched_step())
		continue;
}

int
life_wait(void)
{
	return sched_wait(&waiting) ? 0 : -1;
}
