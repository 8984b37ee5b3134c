/*
 * The deliverd workers: who is there, whom a route belongs to, and which of
 * their results are durable and may be forgotten by them.
 */
#ifndef WORKER_H
#define WORKER_H

#include <sys/queue.h>

#include <stdbool.h>
#include <stdint.h>

#include "messages.h"
#include "peer.h"

#include "route.h"

/* how long a worker has to say what it has in hand (JOB_RESUMED) */
#define RESUME_MS	2000

struct event;
LIST_HEAD(task_list, task);
LIST_HEAD(outcome_list, outcome);

struct worker {
	struct peer		*peer;
	bool			 usable;	/* has resumed, or is late */
	bool			 resumed;	/* has said what it has */
	unsigned		 n_resumes;	/* how much that was */
	unsigned		 n_suspects;	/* of its tasks */
	bool			 alone;		/* one of them must be alone */
	struct event		*timer;		/* of RESUME_MS */
	struct task_list	 tasks;		/* what it has in hand */
	struct outcome_list	 outcomes;	/* results not yet durable */
	struct job_number	 kept[JOBS_KEPT_MAX];
	size_t			 n_kept;
	struct event		*flush;
	void			(*on_usable)(struct worker *);
	struct worker		*next;
};

/* A worker has come; on_usable is called once, when jobs may go to it. */
struct worker	*worker_new(struct peer *, void (*on_usable)(struct worker *));
/* Its tasks and outcomes must have been taken from it. */
void		 worker_free(struct worker *);
/* It has said all that it has in hand. */
void		 worker_resumed(struct worker *);
/* Whose the route is: the same one as long as the same workers are there;
 * NULL when none of the kind is usable.  Never one that is leaving. */
struct worker	*worker_for(const struct route *);
/* Whose kind of work the route is. */
enum role	 role_for(const struct route *);
/* How many usable ones of the role there are. */
unsigned	 worker_count(enum role);
/* Tells it, at the end of this turn, that this result is durable. */
void		 worker_kept(struct worker *, uint32_t job);

#endif
