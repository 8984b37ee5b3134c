/*
 * Questions under way, as many as queued may have open.  A no is only what
 * was said to RCPT, or what we know without asking (a domain that takes no
 * mail): a server that refuses us, or mail from <>, has not spoken of the
 * recipient.
 */
#include "question.h"

#include <sys/queue.h>

#include <stdio.h>
#include <stdlib.h>

#include "log.h"
#include "proc.h"
#include "route.h"
#include "task.h"

struct question {
	LIST_ENTRY(question)	 entry;
	struct peer		*queued;	/* NULL: gone */
	uint32_t		 id;
};

static LIST_HEAD(, question)	 questions = LIST_HEAD_INITIALIZER(questions);

static bool
is_about_rcpt(const struct task *t, const struct rcpt_result *r)
{
	return r->reply_code == 0 || t->rcpts[0].state == RCPT_REFUSED;
}

static void
answer(const struct task *t, const struct question *q)
{
	struct job_result	 m;
	struct verified		 v;
	char			 code[STATUS_CODE_MAX + 1];

	result_message(t->result, &m);
	v = (struct verified){ m.rcpts[0].status, m.rcpts[0].reply_code,
	    m.rcpts[0].code, m.rcpts[0].reply };
	if (v.status == RCPT_FAILED && !is_about_rcpt(t, &m.rcpts[0])) {
		v.status = RCPT_DEFERRED;
		snprintf(code, sizeof(code), "4%.*s",
		    STR_FMT(str_skip(v.code, 1)));
		v.code = str_of(code);
	}
	peer_send(q->queued, VERIFIED, q->id, &v);
}

void
question_end(struct task *t)
{
	struct question	*q = t->question;

	if (q->queued != NULL)
		answer(t, q);
	LIST_REMOVE(q, entry);
	result_free(t->result);
	free(q);
}

static struct task *
make_task(const struct verify_ask *m)
{
	const struct job_rcpt	 rcpt = { .rcpt.address = m->rcpt };
	const struct job	 job = { .rcpts = &rcpt, .n_rcpts = 1,
				    .utf8 = true };
	struct result		*result = result_new(&job);
	struct task		*t;

	t = result != NULL ? task_new(&job, -1, result) : NULL;
	if (t == NULL)
		result_free(result);
	return t;
}

void
question_ask(struct peer *queued, uint32_t id, const struct verify_ask *m)
{
	const struct verified	 untried = { .status = RCPT_RETURNED };
	struct question		*q = malloc(sizeof(*q));
	struct task		*t = q != NULL ? make_task(m) : NULL;

	if (t == NULL) {
		free(q);
		peer_send(queued, VERIFIED, id, &untried);
		return;
	}
	q->queued = queued;
	q->id = id;
	LIST_INSERT_HEAD(&questions, q, entry);
	t->question = q;
	route_question(&m->route, t);
}

void
question_peer_lost(const struct peer *queued)
{
	struct question	*q;

	LIST_FOREACH(q, &questions, entry)
		if (q->queued == queued)
			q->queued = NULL;
}
