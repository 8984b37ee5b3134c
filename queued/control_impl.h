/*
 * One connection to the control socket, between the files that answer it:
 * control.c (who is there, and the queue), control_ask.c (what others know)
 * and control_route.c (routes, pauses, the trace).
 */
#ifndef CONTROL_IMPL_H
#define CONTROL_IMPL_H

#include <sys/queue.h>
#include <sys/types.h>

#include "control.h"

#define WALKS_MAX	8	/* of a connection; its credits allow as many */

struct trace_find;
struct walk;

struct ctl {
	LIST_ENTRY(ctl)	 entry;
	struct peer	*peer;
	uid_t		 uid;
	struct walk	*walks[WALKS_MAX];
	uint32_t	 status_ask;	/* our question to master; 0: none */
	uint32_t	 status_id;	/* the question to us */
	uint32_t	 reload_ask, reload_id;	/* the same of RELOAD */
	struct peer	*state;		/* who was asked; or NULL */
	uint32_t	 guesses_ask, guesses_id; /* the same of GUESSES_ASK */
	struct trace_find *trace;	/* under way, or NULL */
	struct ctl	**pausing;	/* who is told: set to NULL if this
					 * ends before */
	uint32_t	 pause_id;
};

/* The connection ends: answers of others are not awaited any more. */
void	 control_ask_lost(struct ctl *);

#endif
