/*
 * Tasks: queued's side of a JOB, from the part that was popped until its
 * result has come or its worker is gone.  A task loads the envelope and the
 * content, sends the JOB, and keeps the addresses for the log.
 *
 * Invariant: a part with a task is ACTIVE, and ends in exactly one of
 * schedule_return, schedule_part or an outcome.
 */
#ifndef TASK_H
#define TASK_H

#include <sys/queue.h>

#include <stdbool.h>
#include <stdint.h>

#include "messages.h"

#include "mail.h"
#include "pool.h"
#include "route.h"
#include "worker.h"

/* Jobs a worker may bring from before our start: those in all hands then,
 * and as many again whose results were not yet durable. */
#define RESUMES_MAX	((TASKS_OUT_MAX + TASKS_LOCAL_MAX) * 2)

/* part is ACTIVE and its route belongs to the worker. */
void	 task_begin(struct worker *, struct part *);
unsigned task_open(void);

/*
 * What a worker has from before our start.  Recipients that are no longer
 * its kind's to deliver are not given to it.  -1: it has that number already,
 * or too many.
 */
int	 task_resume(struct worker *, const struct job_resume *);
/* Its tasks go back to their routes; those it may have delivered, alone. */
void	 task_worker_lost(struct worker *);

void	 on_job_result(struct peer *, uint32_t id, const struct job_result *);

#endif
