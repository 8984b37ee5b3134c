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
#include "route.h"
#include "worker.h"

/* in all workers' hands; each has a chunk of 4 KiB for its addresses */
#define TASKS_MAX	8192

/* part is ACTIVE and its route belongs to the worker. */
void	 task_begin(struct worker *, struct part *);
bool	 task_is_full(void);
unsigned task_open(void);

/* What a worker has from before our start.  -1: it has that number already. */
int	 task_resume(struct worker *, const struct job_resume *);
/* Its tasks go back to their routes; those it may have delivered, alone. */
void	 task_worker_lost(struct worker *);

void	 on_job_result(struct peer *, uint32_t id, const struct job_result *);

#endif
