/*
 * What a task is, for task.c, which carries it out, and for resume.c, which
 * sees to those that one of the two processes has survived.
 */
#ifndef TASK_IMPL_H
#define TASK_IMPL_H

#include <sys/queue.h>

#include <stdbool.h>
#include <stdint.h>

#include "arena.h"

#include "task.h"

struct task {
	LIST_ENTRY(task)	 of_worker, of_number;
	uint32_t		 number;
	struct worker		*worker;	/* NULL: lost while loading */
	struct part		*part;		/* NULL: had ended already */
	struct route		*route;		/* held; NULL without part */
	bool			 sent;
	bool			 resumed;	/* sent before our start */
	bool			 local;		/* counted as such */
	bool			 suspect;	/* a worker died with it */
	bool			 alone;		/* another suspect may not be
						 * with its worker */
	uint64_t		 sent_ms;
	struct job		 job;		/* but for the content */
	struct arena		 arena;		/* what is in job */
};

/* The worker's task of that number, or NULL. */
struct task	*task_find(const struct worker *, uint32_t number);
/* For an ACTIVE part, or NULL. */
struct task	*task_new(struct worker *, uint32_t number, struct part *);
/* The task is no more; its part has been seen to. */
void		 task_end(struct task *);
/* The part's time alone is over, whatever came of it. */
void		 task_suspect_end(struct task *);

#endif
