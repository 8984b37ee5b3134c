/*
 * What comes of a try: a log line for each recipient, the report to the
 * sender, the record in the spool, and then JOB_KEPT to the worker.  In this
 * order, so that a crash at any point repeats a step (at worst a second
 * report or delivery) and never leaves one out:
 *
 *	decide	log; what becomes of each recipient
 *	report	store the report on those that failed, if one is due
 *	record	a RESULT in the spool; the parts in memory follow
 *	keep	when that is durable: JOB_KEPT, and the message may end
 */
#ifndef OUTCOME_H
#define OUTCOME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "messages.h"

#include "mail.h"
#include "worker.h"

/*
 * The end of a try of an ACTIVE part, which is taken; the result is
 * borrowed.  Recipients of the part that are not in it were not tried.
 * worker: who is to be told when it is kept; NULL: our own verdict.  rcpts:
 * n of them, the addresses; NULL: they are read from the spool.
 */
void	 outcome_new(struct worker *, struct part *,
	    const struct job_result *, const struct job_rcpt *rcpts, size_t n);
/* An ACTIVE part is given up for its age; why (borrowed): what kept it. */
void	 outcome_expired(struct part *, struct str why);
/* An ACTIVE part was not tried: it is the next of its route. */
void	 outcome_return(struct part *);
/* An ACTIVE part waits for its next try, with tries counted already. */
void	 outcome_defer(struct part *);
/* An ACTIVE or queued part ends without a report: removed by hand.  done (or
 * NULL) is told when that is durable. */
void	 outcome_remove(struct part *, spool_done done, void *arg);
/* Results of that worker are kept without telling it. */
void	 outcome_worker_lost(struct worker *);
/* Writes records again that could not be made durable; a timer calls it. */
void	 outcome_again(void);
unsigned outcome_open(void);

#endif
