/*
 * Walks that change what they find.
 */
#include "walk_impl.h"

#include "log.h"

#include "dispatch.h"
#include "outcome.h"
#include "schedule.h"
#include "spool.h"
#include "trace.h"

struct change {
	struct walk		 walk;
	enum queue_action	 action;
	bool			 dry_run;
	uint64_t		 mails, rcpts;
};

static const enum trace_kind	 events[QUEUE_ACTION_N] = {
	[QUEUE_RETRY] = TRACE_RETRIED, [QUEUE_REMOVE] = TRACE_REMOVED,
	[QUEUE_HOLD] = TRACE_HELD, [QUEUE_RELEASE] = TRACE_RELEASED,
};

/* Its parts end one by one, and the message with the last. */
static void
remove_mail(struct walk *w, struct mail *mail)
{
	struct msgid	 id = mail->id;
	struct mail	*m;
	struct part	*p;

	log_info("removed id=%s", msgid_text(&id));
	while ((m = mail_find(&id)) != NULL) {
		m->flags |= MAIL_REMOVED;
		for (p = m->parts; p != NULL; p = p->next)
			if (p->state != PART_ACTIVE)
				break;
		if (p == NULL)
			return;
		w->undurable++;
		outcome_remove(p, walk_durable, w);
	}
}

static void
mark_mail(struct walk *w, const struct mail *m, enum spool_mark mark)
{
	w->undurable++;
	spool_mark(&m->id, m->place, mark, walk_durable, w);
}

static void
retry_mail(struct walk *w, struct mail *m)
{
	(void)w;
	schedule_retry(m);
	for (const struct part *p = m->parts; p != NULL; p = p->next)
		dispatch_retry(p->route);
}

static void
hold_mail(struct walk *w, struct mail *m)
{
	if (m->flags & MAIL_HELD)
		return;
	schedule_hold(m);
	mark_mail(w, m, MARK_HOLD);
}

static void
release_mail(struct walk *w, struct mail *m)
{
	if ((m->flags & MAIL_HELD) == 0)
		return;
	schedule_release(m);
	mark_mail(w, m, MARK_RELEASE);
}

static void
change_found(struct walk *w, struct mail *m, const struct envelope *e)
{
	static void (*const change[QUEUE_ACTION_N])(struct walk *,
	    struct mail *) = {
		[QUEUE_RETRY] = retry_mail, [QUEUE_REMOVE] = remove_mail,
		[QUEUE_HOLD] = hold_mail, [QUEUE_RELEASE] = release_mail,
	};
	struct change	*c = (struct change *)w;

	(void)e;
	c->mails++;
	c->rcpts += mail_waiting(m);
	w->changes++;
	if (c->dry_run)
		return;
	trace_note(events[c->action], &m->id);
	change[c->action](w, m);
}

static void
change_answer(struct walk *w)
{
	const struct change	*c = (const struct change *)w;
	struct queue_changed	 m = { walk_kept(w), .messages = c->mails,
	    .recipients = c->rcpts };

	peer_send(w->peer, QUEUE_CHANGED, w->id, &m);
	walk_end(w);
}

static const struct walk_ops	 change_ops = {
	.found = change_found,
	.answer = change_answer,
};

struct walk *
walk_change(struct peer *p, uint32_t id, const struct queue_change *m,
    void (*ended)(struct walk *))
{
	struct walk	*w = walk_new(sizeof(struct change), &change_ops, p,
	    id, &m->filter, ended);
	struct change	*c = (struct change *)w;

	c->action = m->action;
	c->dry_run = m->dry_run;
	return w;
}
