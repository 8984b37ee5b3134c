/*
 * The life of a child process as a table of states and events, and the rule
 * by which it is started again.  Decides only: what is to be done is done by
 * struct child_ops, so that a test can hold every thread of it.
 */
#ifndef CHILD_H
#define CHILD_H

#include <sys/types.h>

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "messages.h"
#include "roles.h"

#define CHILD_TICK_MS	2000	/* between pings */
#define CHILD_SILENT_MS	10000	/* without a word: it hangs, kill it; also
				 * the longest step of a start */
#define CHILD_START_MS	600000	/* to READY; queued may have much to read */
#define CHILD_STOP_MS	15000	/* to end when told; more than PROC_STOP_MS */
#define CHILD_RETIRE_MS	(4 * 3600000) /* to finish by itself, then it is told:
				 * above any session-timeout by default */
#define CHILD_GOOD_MS	10000	/* READY so long: its deaths are forgiven */

#define BACKOFF_FREE	3	/* deaths within a minute cost nothing */
#define BACKOFF_FREE_MS	60000
#define BACKOFF_FIRST_MS 1000	/* then this, and twice that, ... */
#define BACKOFF_MAX_MS	30000

/* start failures of one that never was READY, before we give all up */
#define CHILD_FIRST_TRIES 3

enum life_event {
	LIFE_START,		/* it is wanted */
	LIFE_READY,		/* it said READY */
	LIFE_EXIT,		/* the process has ended, or could not start */
	LIFE_FAULT,		/* it broke a rule, or its channel */
	LIFE_TIMEOUT,		/* the child's one timer */
	LIFE_STOP,		/* it is not wanted any more */
	LIFE_RETIRE,		/* the same, but it may take its time */
	LIFE_N
};

struct backoff {
	unsigned	 deaths;	/* since it last served well */
	uint64_t	 first_ms;	/* the first of them */
};

/* What a reload has asked of a child and not yet been told. */
enum child_await { AWAIT_NOTHING, AWAIT_CHECKED, AWAIT_COMMITTED, AWAIT_READY };

struct child;

struct child_ops {
	/* a new process and its start messages; -1: it could not be */
	int	(*launch)(struct child *);
	/* LIFE_TIMEOUT in ms, instead of any set before */
	void	(*arm)(struct child *, uint64_t ms);
	void	(*disarm)(struct child *);
	void	(*ping)(struct child *);
	void	(*stop)(struct child *);
	void	(*retire)(struct child *);
	void	(*kill)(struct child *);
	/* told after each change; may give this child further events */
	void	(*changed)(struct child *, enum child_state from);
};

struct child {
	enum role		 role;
	uint16_t		 index;
	enum child_state	 state;
	const struct child_ops	*ops;
	uint64_t		 launched_ms, heard_ms, ready_ms, retired_ms;
	struct backoff		 backoff;
	unsigned		 failed;	/* before the first READY */
	bool			 was_ready;
	uint32_t		 launches;
	time_t			 since;		/* of state */

	/* its place among all; by staff.c and reload.c */
	bool			 unwanted;	/* freed when it is DOWN */
	bool			 candidate;	/* for a configuration that is
						 * not in force yet */
	bool			 leaves;	/* when that one is in force */
	bool			 handed;	/* that one, and not yet more */
	enum child_await	 awaited;	/* what a reload waits for */

	/* of this start; by launch.c */
	bool			 joined;	/* to its peers, in force */
	uint32_t		 generation;
	pid_t			 pid;		/* 0: no process */
	struct peer		*peer;
	struct event		*timer;
	bool			 killed;	/* by us; its end will come */
	unsigned		 accused;	/* others, by it, of late */
	uint64_t		 accused_ms;
	struct jail		 jail;		/* root is in jail_root */
	char			 jail_root[FILE_NAME_MAX];
};

void		 child_init(struct child *, enum role, uint16_t index,
		    const struct child_ops *);
void		 child_event(struct child *, enum life_event);
/* It gave a sign of life. */
void		 child_heard(struct child *);
/* It has a process that serves, may yet do so, or finishes its work. */
bool		 child_is_living(const struct child *);

/*
 * It died at now_ms after being READY since ready_ms (0: never was in this
 * start): how long to wait before the next start.
 */
uint64_t	 backoff_next(struct backoff *, uint64_t now_ms,
		    uint64_t ready_ms);

const char	*child_state_name(enum child_state);

#endif
