/*
 * Tasks that outlive one of the two who know them: those that a worker has
 * from before our start, and those that a worker had when it died.  The
 * latter are suspects: the worker may have died of one of them.  So each is
 * tried again apart from the others, and held in the end.
 */
#include "task.h"

#include "clock.h"
#include "log.h"

#include "outcome.h"
#include "override.h"
#include "schedule.h"
#include "task_impl.h"
#include "trace.h"

/* What goes another way now may have begun on its usual one, which is a
 * worker's of another role. */
static bool
may_have(const struct worker *w, const struct part *p, uint16_t rcpt)
{
	return role_for(p->route) == w->peer->role ||
	    override_of(&p->mail->id, rcpt).n != 0;
}

/* The recipients of a resumed job that still wait, as one new ACTIVE part. */
static struct part *
part_gather(const struct worker *w, struct mail *m,
    const struct job_resume *j)
{
	struct plan	 plan[JOB_RCPTS_MAX];
	struct part	*p, *first = NULL;
	size_t		 n = 0;

	for (size_t i = 0; i < j->n_rcpts; i++) {
		p = mail_part(m, j->rcpts[i].index);
		if (p == NULL || p->state == PART_ACTIVE ||
		    p->state == PART_STORING ||
		    !may_have(w, p, j->rcpts[i].index))
			continue;
		first = first != NULL ? first : p;
		plan[n++] = (struct plan){ first->route, 0, first->tries,
		    j->rcpts[i].index };
	}
	if (n == 0 || mail_plan(m, plan, n, first->epoch,
	    first->sender) == -1)
		return NULL;
	p = m->parts;
	p->state = PART_ACTIVE;
	for (size_t i = 0; i < n; i++)
		schedule_take_rcpt(p->next, plan[i].index);
	return p;
}

int
task_resume(struct worker *w, const struct job_resume *j)
{
	struct mail	*m = mail_find(&j->id);
	struct task	*t;

	if (++w->n_resumes > RESUMES_MAX || task_find(w, j->job) != NULL)
		return -1;
	t = task_new(w, j->job, m != NULL ? part_gather(w, m, j) : NULL);
	t->sent = t->resumed = true;
	t->sent_ms = clock_ms();
	return 0;
}

/*
 * Workers have died with it again and again, at last with nothing else that
 * they could have died of.  Its reason is recorded like that of any other try
 * that came to nothing.
 */
static void
hold_it(struct part *p)
{
	struct rcpt_result	 list[JOB_RCPTS_MAX];
	struct mail		*m = p->mail;

	log_error("suspect id=%s: %u workers died with it, it is held",
	    msgid_text(&m->id), p->deaths);
	for (size_t i = 0; i < p->n; i++)
		list[i] = (struct rcpt_result){ p->rcpts[i], RCPT_DEFERRED, 0,
		    STR("4.3.0"), STR("held, as the programs that tried to "
		    "deliver it have died of it") };
	p->deaths = 0;
	schedule_hold(m);
	spool_mark(&m->id, m->place, MARK_HOLD, NULL, NULL);
	trace_note(TRACE_HELD, &m->id);
	outcome_new(NULL, p, &(struct job_result){ .rcpts = list,
	    .n_rcpts = p->n }, NULL, 0);
}

/* It may have been delivered: whoever finds a duplicate finds why. */
static void
task_died(struct task *t)
{
	struct part	*p = t->part;

	log_warn("suspect id=%s rcpts=%u job=%08x sent=%llums: its worker "
	    "died, it may be delivered twice", msgid_text(&p->mail->id), p->n,
	    t->number, (unsigned long long)(clock_ms() - t->sent_ms));
	task_suspect_end(t);
	p->deaths++;
	if (p->mail->flags & MAIL_REMOVED)
		outcome_return(p);
	else if (p->deaths < DEATHS_MAX)	/* behind the other suspects */
		schedule_part(p, schedule_now());
	else
		hold_it(p);
}

void
task_worker_lost(struct worker *w)
{
	struct task	*t;

	while ((t = LIST_FIRST(&w->tasks)) != NULL) {
		if (!t->sent) {		/* it ends when it has been loaded */
			LIST_REMOVE(t, of_worker);
			t->worker = NULL;
			continue;
		}
		if (t->part == NULL) {
			task_end(t);
			continue;
		}
		task_died(t);
		task_end(t);
	}
}
