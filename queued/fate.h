/*
 * What becomes of each recipient of a try: the decisions inside an outcome.
 * The outcome itself, and who carries the decisions out, is outcome.c's.
 */
#ifndef FATE_H
#define FATE_H

#include <sys/queue.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arena.h"
#include "messages.h"

#include "mail.h"
#include "report.h"
#include "worker.h"

enum fate_kind {
	FATE_RETURNED,		/* not tried */
	FATE_WAITING,
	FATE_DONE,
	FATE_FAILED		/* done, once the report is stored */
};

struct fate {
	enum fate_kind		 kind;
	struct rcpt_result	 result;	/* strings in the arena */
	struct str		 address;	/* borrowed, while deciding */
	uint8_t			 notify;
};

TAILQ_HEAD(outcome_queue, outcome);

struct outcome {
	LIST_ENTRY(outcome)	 of_worker;
	TAILQ_ENTRY(outcome)	 again;
	TAILQ_ENTRY(outcome)	 round;		/* round.c */
	struct worker		*worker;	/* to be told; or NULL */
	uint32_t		 job;
	struct msgid		 id;
	struct part		*part;		/* NULL once recorded */
	struct job_result	 result;	/* its host and tls */
	struct fate		*fates;
	size_t			 n;
	struct report_item	*items;
	size_t			 n_items;
	bool			 warns;		/* of a delay */
	bool			 holds;		/* the message waits for the
						 * postmaster */
	bool			 gone;		/* the message ends with it */
	uint16_t		 job_tries;	/* this one included */
	uint32_t		 due_s;		/* of those that wait */
	uint64_t		 next_utc;
	spool_done		 done;		/* told at the end; or NULL */
	void			*arg;
	struct arena		 arena;
};

/*
 * Decides on one recipient by its result and the age of the message, logs
 * the attempt, and adds to the outcome's items what its sender is to be told.
 */
void		 fate_decide(struct outcome *, struct fate *);
/* One more of this outcome waits, for that result (NULL: our own reasons);
 * all of them until the soonest time said. */
void		 fate_wait(struct outcome *, const struct rcpt_result *);
/* Seconds from the tries-th failure of the part to its next try. */
uint32_t	 fate_delay(const struct part *, unsigned tries);
/* Whether the part's message has had its time. */
bool		 fate_is_expired(const struct part *);
/* When the part's message is given up, seconds of UTC. */
uint64_t	 fate_until(const struct part *);
/* Whether its sender may be told of anything: reports to one who never sent
 * it are what spammers like to cause. */
bool		 fate_may_report(const struct mail *);
/* Seconds since its arrival. */
uint64_t	 fate_age(const struct mail *);

#endif
