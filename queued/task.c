/*
 * The table of tasks by number.  Numbers count up from a random one, so that
 * those of an earlier life, which a worker may still hold, are most likely
 * others; that they are is checked.
 */
#include "task.h"

#include <sodium.h>
#include <stdlib.h>
#include <unistd.h>

#include "clock.h"
#include "log.h"
#include "xmalloc.h"

#include "dispatch.h"
#include "outcome.h"
#include "pause.h"
#include "reroute.h"
#include "router.h"
#include "schedule.h"
#include "task_impl.h"

#define BUCKETS		4096
#define UNREADABLE_S	3600	/* a message the spool cannot read */
#define TEXT_MEMORY	(JOB_RCPTS_MAX * 2048)	/* addresses of a task */

static struct task_list	 by_number[BUCKETS];

static void	 on_envelope(void *, const struct envelope *,
		    const struct spool_rcpt *);
static void	 on_content(void *, const struct spool_content *);

/* ---- the table --------------------------------------------------------- */

struct task *
task_find(const struct worker *w, uint32_t number)
{
	struct task	*t;

	LIST_FOREACH(t, &by_number[number % BUCKETS], of_number)
		if (t->number == number && t->worker == w)
			return t;
	return NULL;
}

static uint32_t
new_number(const struct worker *w)
{
	static uint32_t	 last;

	if (last == 0)
		last = randombytes_random();
	do
		last++;
	while (last == 0 || task_find(w, last) != NULL);
	return last;
}

unsigned
task_open(void)
{
	return pool_used();
}

struct task *
task_new(struct worker *w, uint32_t number, struct part *p)
{
	struct task	*t = xcalloc(1, sizeof(*t));

	t->number = number;
	t->worker = w;
	t->part = p;
	t->local = w->peer->role == ROLE_DELIVERD_LOCAL;
	t->arena.max = TEXT_MEMORY;
	if (p != NULL) {
		t->route = route_hold(p->route);
		t->route->in_flight++;
		t->suspect = p->deaths != 0;
		t->alone = p->deaths >= DEATHS_ALONE;
		w->n_suspects += t->suspect;
		w->alone |= t->alone;
	}
	LIST_INSERT_HEAD(&w->tasks, t, of_worker);
	LIST_INSERT_HEAD(&by_number[number % BUCKETS], t, of_number);
	pool_take(t->local);
	return t;
}

void
task_end(struct task *t)
{
	struct route	*r = t->route;

	if (t->worker != NULL)
		LIST_REMOVE(t, of_worker);
	LIST_REMOVE(t, of_number);
	pool_give(t->local);
	arena_clear(&t->arena);
	free(t);
	if (r == NULL) {
		dispatch_room();
		return;
	}
	r->in_flight--;
	dispatch_attend(r);
	route_drop(r);
}

void
task_suspect_end(struct task *t)
{
	if (!t->suspect)
		return;
	t->suspect = false;
	t->route->suspect_out = false;
	if (t->worker != NULL) {
		t->worker->n_suspects--;
		t->worker->alone &= !t->alone;
	}
	schedule_suspect_ended();
}

static void
task_return(struct task *t)
{
	task_suspect_end(t);
	outcome_return(t->part);
	task_end(t);
}

static void
task_reroute(struct task *t, const struct envelope *e)
{
	task_suspect_end(t);
	reroute_part(t->part, e);
	task_end(t);
}

static void
task_unreadable(struct task *t)
{
	log_error("deliver id=%s: cannot be read from the spool, again in "
	    "%u s", msgid_text(&t->part->mail->id), UNREADABLE_S);
	task_suspect_end(t);
	schedule_part(t->part, schedule_now() + UNREADABLE_S);
	task_end(t);
}

/* ---- making the job ---------------------------------------------------- */

void
task_begin(struct worker *w, struct part *p)
{
	struct task	*t = task_new(w, new_number(w), p);

	spool_load_envelope(&p->mail->id, p->mail->place, on_envelope, t);
}

static struct recipient
recipient_copy(struct arena *a, const struct recipient *r)
{
	return (struct recipient){
		.address = arena_str(a, r->address),
		.notify = r->notify,
		.orcpt_type = arena_str(a, r->orcpt_type),
		.orcpt = arena_str(a, r->orcpt),
	};
}

/* -1: no memory, or the envelope lacks a recipient. */
static int
copy_rcpts(struct task *t, const struct envelope *e)
{
	struct job_rcpt	*list;
	const struct part *p = t->part;

	list = arena_calloc(&t->arena, p->n, sizeof(*list));
	if (list == NULL)
		return -1;
	for (size_t i = 0; i < p->n; i++) {
		if (p->rcpts[i] >= e->n_rcpts)
			return -1;
		list[i].index = p->rcpts[i];
		list[i].rcpt = recipient_copy(&t->arena,
		    &e->rcpts[p->rcpts[i]]);
		if (list[i].rcpt.address.p == NULL)
			return -1;
	}
	t->job.rcpts = list;
	t->job.n_rcpts = p->n;
	return 0;
}

static int
job_fill(struct task *t, const struct envelope *e)
{
	const struct part	*p = t->part;

	t->job = (struct job){
		.job = t->number, .route = t->route->number,
		.conf = router_conf()->number,
		.id = p->mail->id, .arrived = p->mail->arrived,
		.tries = p->tries, .sender = arena_str(&t->arena, e->sender),
		.body_type = e->body, .utf8 = e->utf8, .ret = e->ret,
		.envid = arena_str(&t->arena, e->envid),
		.size = p->mail->size,
	};
	return copy_rcpts(t, e);
}

/*
 * Where mail goes into an account's mailbox, which account.  -1: some have
 * none any more; the part has had its outcome.
 */
static int
find_slots(struct task *t)
{
	struct rcpt_result	 results[JOB_RCPTS_MAX];
	struct job_rcpt		*list;
	size_t			 n = 0;

	if (t->route->spec.transport != TRANSPORT_LOCAL)
		return 0;
	list = (struct job_rcpt *)(uintptr_t)t->job.rcpts;	/* ours */
	for (size_t i = 0; i < t->job.n_rcpts; i++) {
		switch (router_slot(list[i].rcpt.address, &list[i].slot)) {
		case TABLE_FOUND:
			continue;
		case TABLE_ABSENT:
			results[n++] = (struct rcpt_result){ list[i].index,
			    RCPT_FAILED, 0, STR("5.1.1"),
			    STR("no such account any more") };
			break;
		case TABLE_ERROR:
			results[n++] = (struct rcpt_result){ list[i].index,
			    RCPT_DEFERRED, 0, STR("4.3.0"),
			    STR("the table of accounts cannot be read") };
			break;
		}
	}
	if (n == 0)
		return 0;
	task_suspect_end(t);
	outcome_new(NULL, t->part, &(struct job_result){ .rcpts = results,
	    .n_rcpts = n }, t->job.rcpts, t->job.n_rcpts);
	task_end(t);
	return -1;
}

/* All of its part waits again. */
static void
task_paused(struct task *t)
{
	task_suspect_end(t);
	task_end(t);
}

static void
on_envelope(void *arg, const struct envelope *e,
    const struct spool_rcpt *states)
{
	struct task	*t = arg;

	(void)states;
	/* a route of another router means another delivery */
	if (t->worker == NULL)
		task_return(t);
	else if (t->part->epoch != router_epoch())
		task_reroute(t, e);
	else if (e != NULL && pause_takes(t->part, e))
		task_paused(t);
	else if (e == NULL || job_fill(t, e) == -1)
		task_unreadable(t);
	else if (find_slots(t) == 0)
		spool_load(&t->part->mail->id, t->part->mail->place,
		    on_content, t);
}

static void
on_content(void *arg, const struct spool_content *c)
{
	struct task	*t = arg;
	struct job	 job = t->job;
	int		 sent;

	if (c == NULL) {
		task_unreadable(t);
		return;
	}
	if (t->worker == NULL) {
		if (c->fd != -1)
			close(c->fd);
		task_return(t);
		return;
	}
	job.header = c->header;
	if (c->fd == -1)
		job.body = c->body;
	sent = c->fd == -1 ? peer_send(t->worker->peer, JOB, 0, &job) :
	    peer_send_fd(t->worker->peer, JOB, 0, c->fd, &job);
	t->sent = sent != -1;
	t->sent_ms = clock_ms();
	if (t->sent)
		return;
	/* of a worker that is down no other task begins */
	if (t->worker->peer->down)
		task_return(t);
	else
		task_unreadable(t);
}

/* ---- results ----------------------------------------------------------- */

/* Whether the result speaks of recipients of that part, each once. */
static bool
result_fits(const struct part *p, const struct job_result *m)
{
	for (size_t i = 0; i < m->n_rcpts; i++) {
		if (!part_has(p, m->rcpts[i].index))
			return false;
		for (size_t k = 0; k < i; k++)
			if (m->rcpts[k].index == m->rcpts[i].index)
				return false;
	}
	return true;
}

/* Those of a resumed job that had a result before our start are no news. */
static size_t
still_open(const struct task *t, const struct job_result *m,
    struct rcpt_result *list)
{
	size_t	 n = 0;

	for (size_t i = 0; i < m->n_rcpts && i < JOB_RCPTS_MAX; i++)
		if (part_has(t->part, m->rcpts[i].index))
			list[n++] = m->rcpts[i];
	return n;
}

static void
take_result(struct task *t, const struct job_result *m)
{
	struct rcpt_result	 list[JOB_RCPTS_MAX];
	struct job_result	 known = *m;

	if (t->resumed) {
		known.n_rcpts = still_open(t, m, list);
		known.rcpts = list;
		m = &known;
	}
	if (!t->sent || !result_fits(t->part, m)) {
		peer_fault(t->worker->peer, "a result that fits no job");
		return;
	}
	task_suspect_end(t);
	outcome_new(t->worker, t->part, m, t->job.rcpts, t->job.n_rcpts);
	task_end(t);
}

void
on_job_result(struct peer *peer, uint32_t id, const struct job_result *m)
{
	struct worker	*w = peer->data;
	struct task	*t;

	(void)id;
	if (w == NULL)
		return;
	t = task_find(w, m->job);
	if (t == NULL || t->part == NULL) {
		/* resumed, and we had its result durable before we died */
		worker_kept(w, m->job);
		if (t != NULL)
			task_end(t);
		return;
	}
	take_result(t, m);
}
