/*
 * A short list, looked through where there is anything in it at all.
 *
 * A route that is paused is left alone by dispatch.c.  A domain that has a
 * route of its own is paused as that; where several share one, each message
 * is found to be for the domain when its turn comes, waits PAUSE_LOOK_S and
 * is looked at again, or is woken when the pause ends: it bears the pause's
 * reason as its last reply, and is known by that.
 */
#include "pause.h"

#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "clock.h"
#include "log.h"
#include "proc.h"
#include "xmalloc.h"

#include "dispatch.h"
#include "match.h"
#include "pause_file.h"
#include "reply.h"
#include "schedule.h"

#define PAUSE_LOOK_S	300
#define END_LOOK_MAX_S	3600	/* a clock that jumps is noticed by then */
#define WAKE_TURN	2000	/* messages looked at in one turn */

struct entry {
	struct pause_row row;		/* strings in the memory */
	struct arena	 memory;
	uint16_t	 reply;		/* what its messages bear */
};

static struct entry	 entries[PAUSES_MAX];
static struct pause_row	 rows[PAUSES_MAX];	/* the same, for others */
static size_t		 n_entries;
static struct event	*end_timer;

/* ---- waking what waited for a domain ----------------------------------- */

/* One walk over the queue for each pause of a domain that has ended. */
struct waker {
	struct event	*timer;
	uint64_t	 cursor;
	uint16_t	 reply;		/* held */
};

static void
wake_mail(struct mail *m, uint16_t reply)
{
	for (struct part *p = m->parts; p != NULL; p = p->next) {
		if (p->state != PART_DEFERRED || p->reply != reply)
			continue;
		schedule_take(p);
		schedule_part(p, schedule_now());
	}
}

static void
on_wake(evutil_socket_t fd, short what, void *arg)
{
	static const struct timeval	 now = { 0, 0 };
	struct waker			*w = arg;
	struct mail			*m = NULL;

	(void)fd, (void)what;
	for (int n = 0; n < WAKE_TURN; n++) {
		if ((m = mail_after(w->cursor)) == NULL)
			break;
		w->cursor = m->seq;
		wake_mail(m, w->reply);
	}
	if (m != NULL) {
		evtimer_add(w->timer, &now);
		return;
	}
	reply_drop(w->reply);
	event_free(w->timer);
	free(w);
}

/* reply: taken. */
static void
wake(uint16_t reply)
{
	static const struct timeval	 now = { 0, 0 };
	struct waker			*w;

	if (reply == REPLY_NONE)
		return;
	w = xcalloc(1, sizeof(*w));
	w->reply = reply;
	if ((w->timer = evtimer_new(proc_base(), on_wake, w)) == NULL)
		fatal("pause: no memory for a timer");
	evtimer_add(w->timer, &now);
}

/* ---- the list ---------------------------------------------------------- */

size_t
pause_list(const struct pause_row **list)
{
	for (size_t i = 0; i < n_entries; i++)
		rows[i] = entries[i].row;
	*list = rows;
	return n_entries;
}

static struct entry *
find(enum pause_what what, struct str name)
{
	for (size_t i = 0; i < n_entries; i++)
		if (entries[i].row.what == what &&
		    str_equal_nocase(entries[i].row.name, name))
			return &entries[i];
	return NULL;
}

static uint16_t
reply_of(const struct pause_row *r)
{
	struct buf	 b = BUF_INIT(REPLY_TEXT_MAX);
	uint16_t	 reply;

	buf_puts(&b, "paused: ");
	if (buf_put_str(&b, r->reason) == -1)
		b.failed = false;
	reply = reply_hold(buf_str(&b));
	buf_clear(&b);
	return reply;
}

static void
add(const struct pause_row *r)
{
	struct entry	*e = &entries[n_entries++];

	*e = (struct entry){ .row = *r,
	    .memory = ARENA_INIT(pause_row_MAXLEN + 64) };
	e->row.name = arena_str(&e->memory, r->name);
	e->row.reason = arena_str(&e->memory, r->reason);
	if (e->row.name.p == NULL || e->row.reason.p == NULL)
		fatal("pause: no memory");
	if (r->what == PAUSE_DOMAIN)
		e->reply = reply_of(r);
}

static void
drop(struct entry *e)
{
	log_info("resume what=%s name=%s", pause_what_name(e->row.what),
	    log_text(e->row.name));
	wake(e->reply);
	arena_clear(&e->memory);
	*e = entries[--n_entries];
}

/* ---- the end of some --------------------------------------------------- */

static void
arm(void)
{
	uint64_t	 now = (uint64_t)clock_wall();
	struct timeval	 tv = { END_LOOK_MAX_S, 0 };
	bool		 any = false;

	for (size_t i = 0; i < n_entries; i++) {
		uint64_t	 until = entries[i].row.until;

		if (until == 0)
			continue;
		any = true;
		if (until <= now)
			tv.tv_sec = 0;
		else if (until - now < (uint64_t)tv.tv_sec)
			tv.tv_sec = (time_t)(until - now);
	}
	if (any)
		evtimer_add(end_timer, &tv);
	else
		evtimer_del(end_timer);
}

static void
on_end(evutil_socket_t fd, short what, void *arg)
{
	uint64_t		 now = (uint64_t)clock_wall();
	const struct pause_row	*list;
	size_t			 n = n_entries;

	(void)fd, (void)what, (void)arg;
	for (size_t i = n_entries; i > 0; i--)
		if (entries[i - 1].row.until != 0 &&
		    entries[i - 1].row.until <= now)
			drop(&entries[i - 1]);
	if (n != n_entries) {
		/* if that cannot be kept, it ends again at a start */
		n = pause_list(&list);
		pause_file_write(list, n, NULL, NULL);
		dispatch_attend_all();
	}
	arm();
}

/* ---- changes ----------------------------------------------------------- */

struct change {
	void	(*done)(void *, enum pause_result);
	void	*arg;
};

static void
on_written(void *arg, bool durable)
{
	struct change	*c = arg;

	c->done(c->arg, durable ? PAUSE_DONE : PAUSE_NOT_KEPT);
	free(c);
}

static void
keep(void (*done)(void *, enum pause_result), void *arg)
{
	const struct pause_row	*list;
	struct change		*c = xmalloc(sizeof(*c));
	size_t			 n = pause_list(&list);

	*c = (struct change){ done, arg };
	pause_file_write(list, n, on_written, c);
	arm();
	dispatch_attend_all();
}

void
pause_change(const struct pause *m, void (*done)(void *, enum pause_result),
    void *arg)
{
	struct entry		*e = find(m->row.what, m->row.name);
	struct pause_row	 r = m->row;

	if (m->resume ? e == NULL : e == NULL && n_entries == PAUSES_MAX) {
		done(arg, m->resume ? PAUSE_NONE : PAUSE_FULL);
		return;
	}
	if (e != NULL)
		drop(e);
	if (!m->resume) {
		r.since = (uint64_t)clock_wall();
		add(&r);
		log_info("pause what=%s name=%s until=%llu reason=\"%s\"",
		    pause_what_name(r.what), log_text(r.name),
		    (unsigned long long)r.until, log_text(r.reason));
	}
	keep(done, arg);
}

void
pause_start(void)
{
	static const struct pause_row	 all = { .what = PAUSE_ALL,
	    .reason = STR("what was paused cannot be read from the spool") };
	struct arena			 memory = ARENA_INIT(PAUSE_MEMORY);
	struct pause_row		*list = NULL;
	size_t				 n = 0;

	if ((end_timer = evtimer_new(proc_base(), on_end, NULL)) == NULL)
		fatal("pause: no memory for a timer");
	if (pause_file_read(&memory, &list, &n) == -1) {
		log_error("pauses: cannot be read: everything is paused, "
		    "see posternctl resume");
		add(&all);
	}
	for (size_t i = 0; i < n && n_entries < PAUSES_MAX; i++)
		add(&list[i]);
	arena_clear(&memory);
	arm();
}

/* ---- what it means ----------------------------------------------------- */

static bool
is_domain(const struct route *r, struct str domain)
{
	return r->spec.transport == TRANSPORT_SMTP && !r->spec.via &&
	    str_equal_nocase(r->spec.next_hop, domain);
}

const struct pause_row *
pause_of_route(const struct route *r)
{
	char		 name[ROUTE_NAME_MAX + 1];
	struct str	 own;

	if (n_entries == 0)
		return NULL;
	own = route_name(r, name);
	for (size_t i = 0; i < n_entries; i++) {
		const struct pause_row	*row = &entries[i].row;

		if (row->what == PAUSE_ALL || (row->what == PAUSE_ROUTE &&
		    str_equal_nocase(row->name, own)) ||
		    (row->what == PAUSE_DOMAIN && is_domain(r, row->name)))
			return row;
	}
	return NULL;
}

/* The recipients of the part that are paused, and by which entry. */
static size_t
paused_rcpts(const struct part *p, const struct envelope *e,
    uint16_t list[JOB_RCPTS_MAX], struct entry **by)
{
	struct entry	*found;
	size_t		 n = 0;

	for (size_t i = 0; i < p->n; i++) {
		if (p->rcpts[i] >= e->n_rcpts)
			continue;
		found = find(PAUSE_DOMAIN,
		    match_domain_of(e->rcpts[p->rcpts[i]].address));
		if (found == NULL)
			continue;
		*by = found;
		list[n++] = p->rcpts[i];
	}
	return n;
}

static void
put_back(struct part *p, const struct entry *by)
{
	uint32_t	 now = schedule_now(), due = now + PAUSE_LOOK_S;

	if (by->row.until != 0 && schedule_at(by->row.until) < due)
		due = schedule_at(by->row.until);
	reply_drop(p->reply);
	p->reply = reply_hold(reply_text(by->reply));
	schedule_part(p, due > now ? due : now + 1);
}

bool
pause_takes(struct part *p, const struct envelope *e)
{
	uint16_t	 list[JOB_RCPTS_MAX];
	struct entry	*by = NULL;
	struct part	*rest;
	size_t		 n;

	if (n_entries == 0 || (p->mail->flags & MAIL_REMOVED) != 0 ||
	    (n = paused_rcpts(p, e, list, &by)) == 0)
		return false;
	if (n == p->n) {
		put_back(p, by);
		return true;
	}
	/* without memory for it they go with the others */
	if ((rest = part_split(p, list, n)) != NULL)
		put_back(rest, by);
	return false;
}
