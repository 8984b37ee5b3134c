/*
 * Every result, from the arrival of its job on: found by number, and in the
 * order of arrival for a new queued.
 */
#include "kept.h"

#include "arena.h"
#include "log.h"
#include "peer.h"
#include "proc.h"

static TAILQ_HEAD(, result)	 results = TAILQ_HEAD_INITIALIZER(results);
static struct numbers		 by_job;

int
kept_add(struct result *r)
{
	if (numbers_find(&by_job, r->by_job.number) != NULL) {
		result_free(r);
		return -1;
	}
	numbers_add(&by_job, &r->by_job);
	TAILQ_INSERT_TAIL(&results, r, entry);
	return 0;
}

/* It stays in the list whether this reaches anybody or not. */
static void
say(const struct result *r, struct peer *queued)
{
	struct job_result	 m;

	result_message(r, &m);
	peer_send(queued, JOB_RESULT, 0, &m);
}

void
kept_send(struct result *r)
{
	struct peer	*queued = proc_peer(ROLE_QUEUED);

	r->sent = true;
	if (queued != NULL)
		say(r, queued);
}

int
kept_done(uint32_t job)
{
	/* by_job is the first member */
	struct result	*r = (struct result *)numbers_find(&by_job, job);

	if (r == NULL || !r->sent)
		return -1;
	numbers_remove(&by_job, &r->by_job);
	TAILQ_REMOVE(&results, r, entry);
	result_free(r);
	return 0;
}

static void
resume(const struct result *r, struct peer *queued)
{
	struct rcpt_index	 rcpts[JOB_RCPTS_MAX];
	struct job_resume	 m = {
		.job = r->by_job.number,
		.id = r->id,
		.rcpts = rcpts,
		.n_rcpts = r->n_rcpts,
	};

	for (size_t i = 0; i < r->n_rcpts; i++)
		rcpts[i].index = r->rcpts[i].index;
	peer_send(queued, JOB_RESUME, 0, &m);
}

void
kept_resume(struct peer *queued)
{
	struct nothing	 nothing;
	struct result	*r;

	TAILQ_FOREACH(r, &results, entry)
		resume(r, queued);
	peer_send(queued, JOB_RESUMED, 0, &nothing);
	TAILQ_FOREACH(r, &results, entry)
		if (r->sent)
			say(r, queued);
}
