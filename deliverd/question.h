/*
 * "Would you take mail for this one?", as queued asks for `recipients
 * verify`.  A question is a task with a recipient and no content: it goes
 * the way of jobs, in front of them, and ends with the reply to RCPT.
 */
#ifndef QUESTION_H
#define QUESTION_H

#include <stdint.h>

#include "messages.h"
#include "peer.h"

struct task;

/* Answers request id of that queued by VERIFIED, now or later. */
void	 question_ask(struct peer *queued, uint32_t id,
	    const struct verify_ask *);
/* That queued is gone: nobody waits for its answers any more. */
void	 question_peer_lost(const struct peer *queued);

/* For task_end: the task's result is the answer.  Frees it and the question. */
void	 question_end(struct task *);

#endif
