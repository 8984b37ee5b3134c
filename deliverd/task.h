/*
 * A job in hand: its own copy of what the JOB message said (in one
 * allocation), the file with its body if it is a large one, and the result
 * that it fills in.
 */
#ifndef TASK_H
#define TASK_H

#include <sys/queue.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "messages.h"
#include "result.h"

enum rcpt_state {
	RCPT_TO_ASK,
	RCPT_SKIPPED,		/* never to be said to a server */
	RCPT_ACCEPTED,
	RCPT_REFUSED
};

struct task_rcpt {
	struct str	 address;
	struct str	 orcpt_type, orcpt;
	uint32_t	 slot;
	uint8_t		 notify;
	uint8_t		 state;		/* enum rcpt_state */
};

struct task {
	TAILQ_ENTRY(task)	 entry;
	struct result		*result;	/* borrowed: kept.h has it */
	struct question		*question;	/* it is one: question.h */
	void			*owner;		/* whoever carries it out */
	uint32_t		 route;
	uint32_t		 conf;		/* slots are of that one */
	unsigned		 losses;	/* connections lost under it */
	size_t			 open;		/* parts still to be ended */
	struct msgid		 id;
	enum body_type		 body_type;
	enum dsn_ret		 ret;
	bool			 utf8;		/* and it really needs it */
	uint64_t		 size;		/* of header and body */
	int			 fd;		/* of a large body, else -1 */
	uint64_t		 fd_size;
	struct str		 sender, envid, header, body;
	size_t			 n_asked;	/* the first so many are, now */
	size_t			 n_rcpts;
	struct task_rcpt	 rcpts[];
};

struct question;

TAILQ_HEAD(task_list, task);

/* Takes fd (or -1) in every case, borrows result.  NULL without memory, or
 * when the file is not of the size that the job says. */
struct task	*task_new(const struct job *, int fd, struct result *);
/* Ends it: the result goes to queued as it stands, the task is freed (and,
 * of a question, the result as well). */
void		 task_end(struct task *);

#endif
