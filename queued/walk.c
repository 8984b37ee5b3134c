/*
 * A walk holds a cursor, not a message: between its steps messages come and
 * go.  It ends at the newest message there was when it began.
 */
#include "walk_impl.h"

#include <event2/event.h>

#include <stdlib.h>

#include "clock.h"
#include "log.h"
#include "proc.h"
#include "xmalloc.h"

#include "match.h"
#include "spool.h"

#define WALK_TURN_US	4000	/* of one turn: nobody notices */
#define WALK_LOOKS	64	/* messages between two looks at the clock */
#define CHANGE_TURN	200	/* changes in one turn */
#define WALK_MEMORY	(4 << 20)	/* of a page of rows */

static void	 on_envelope(void *, const struct envelope *,
		    const struct spool_rcpt *);
static void	 on_step(evutil_socket_t, short, void *);

/* ---- beginning and end ------------------------------------------------- */

static void
arm(struct walk *w)
{
	static const struct timeval	 now = { 0, 0 };

	evtimer_add(w->step, &now);
}

/* One that is empty would fit all there is, and may be to be removed. */
static struct str
word_copy(struct arena *a, struct str s)
{
	struct str	 copy = arena_str(a, s);

	if (copy.p == NULL)
		fatal("walk: no memory for a filter");
	return copy;
}

static struct queue_filter
filter_copy(struct arena *a, const struct queue_filter *f)
{
	struct queue_filter	 copy = *f;

	copy.id = word_copy(a, f->id);
	copy.sender = word_copy(a, f->sender);
	copy.rcpt = word_copy(a, f->rcpt);
	copy.domain = word_copy(a, f->domain);
	copy.route = word_copy(a, f->route);
	copy.reply = word_copy(a, f->reply);
	return copy;
}

struct walk *
walk_new(size_t size, const struct walk_ops *ops, struct peer *p, uint32_t id,
    const struct queue_filter *f, void (*ended)(struct walk *))
{
	struct walk	*w = xcalloc(1, size);

	w->ops = ops;
	w->peer = p;
	w->id = id;
	w->ended = ended;
	w->arena.max = WALK_MEMORY;
	w->filter = filter_copy(&w->arena, f);
	w->last = mail_last_seq();
	if ((w->step = evtimer_new(proc_base(), on_step, w)) == NULL)
		fatal("walk: no memory for a timer");
	arm(w);
	return w;
}

void
walk_free(struct walk *w)
{
	if (w->ops->clear != NULL)
		w->ops->clear(w);
	event_free(w->step);
	arena_clear(&w->arena);
	free(w);
}

/* One that waits for the spool is freed when that has answered. */
void
walk_cancel(struct walk *w)
{
	w->peer = NULL;
	evtimer_del(w->step);
	if (!w->loading && w->undurable == 0)
		walk_free(w);
}

struct peer *
walk_peer(const struct walk *w)
{
	return w->peer;
}

void
walk_end(struct walk *w)
{
	w->ended(w);
	walk_free(w);
}

/* The answer says that it is so, so it waits until it will stay so. */
void
walk_durable(void *arg, bool durable)
{
	struct walk	*w = arg;

	w->unkept |= !durable;
	if (--w->undurable != 0)
		return;
	if (w->peer == NULL) {
		if (!w->loading)
			walk_free(w);
	} else if (w->over)
		w->ops->answer(w);
}

enum show_result
walk_kept(const struct walk *w)
{
	return w->unkept ? SHOW_NOT_KEPT : SHOW_OK;
}

/* ---- the walk ---------------------------------------------------------- */

static void
on_envelope(void *arg, const struct envelope *e,
    const struct spool_rcpt *states)
{
	struct walk	*w = arg;
	struct mail	*m = w->stepping ? w->looked_at :
	    mail_find(&w->current);

	(void)states;
	w->loading = false;
	if (w->peer == NULL) {
		if (w->undurable == 0)
			walk_free(w);
		return;
	}
	if (e != NULL && m != NULL && match_envelope(&w->filter, m, e))
		w->ops->found(w, m, e);
	if (!w->stepping)
		arm(w);
}

static void
look_at(struct walk *w, struct mail *m)
{
	if (!match_memory(&w->filter, m))
		return;
	if (!match_needs_envelope(&w->filter) &&
	    (w->ops->wants_envelope == NULL ||
	    !w->ops->wants_envelope(w, m))) {
		w->ops->found(w, m, NULL);
		return;
	}
	w->loading = true;
	w->current = m->id;
	w->looked_at = m;
	spool_load_envelope(&m->id, m->place, on_envelope, w);
}

static bool
turn_is_over(const struct walk *w, unsigned looks, uint64_t until_us)
{
	return w->loading || w->changes >= CHANGE_TURN ||
	    (looks % WALK_LOOKS == 0 && clock_us() >= until_us);
}

/* True when there is no more to look at. */
static bool
look(struct walk *w)
{
	uint64_t	 until_us = clock_us() + WALK_TURN_US;
	struct mail	*m;

	w->changes = 0;
	for (unsigned looks = 1; !turn_is_over(w, looks, until_us); looks++) {
		if ((w->ops->is_over != NULL && w->ops->is_over(w)) ||
		    (m = mail_after(w->cursor)) == NULL || m->seq > w->last)
			return true;
		w->cursor = m->seq;
		look_at(w, m);
	}
	return false;
}

static void
on_step(evutil_socket_t fd, short what, void *arg)
{
	struct walk	*w = arg;

	(void)fd, (void)what;
	w->stepping = true;
	w->over = look(w);
	w->stepping = false;
	if (w->over && w->undurable == 0)
		w->ops->answer(w);
	else if (!w->over && !w->loading)
		arm(w);
}
