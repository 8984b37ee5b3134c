/*
 * Checks of passwords under way: a queue of at most AUTH_QUEUE_MAX, and two
 * threads that take from it.  The loop asks and answers and never waits, so
 * pings are answered meanwhile.  Passwords are copied into memory that is
 * neither swapped nor dumped, and wiped there when they have been checked.
 */
#ifndef AUTH_QUEUE_H
#define AUTH_QUEUE_H

#include <stdbool.h>
#include <stdint.h>

#include "auth_entry.h"
#include "messages.h"

struct event_base;
struct peer;

#define AUTH_THREADS	2	/* as the jail allows, confine.c */
#define AUTH_QUEUE_MAX	64	/* that wait; THREATS: then it is "busy" */
#define AUTH_WAIT_MS	5000	/* who waited longer is told so: clients and
				 * smtpd give up soon after */

/* answers a check; not called for those whose peer is lost */
typedef void (*auth_done)(struct peer *, uint32_t id, enum secret_result);

/* Threads and memory, once in a process, in prepare; fatal without. */
void	 auth_queue_start(void);
/* From now on answers come, in this loop, for good; 0 or -1. */
int	 auth_queue_attach(struct event_base *, auth_done);

/*
 * Copies all it is given.  known false: the entry is only computed, and the
 * answer is SECRET_UNKNOWN.  false when the queue is full.
 */
bool	 auth_queue_put(struct peer *, uint32_t id, const struct auth_entry *,
	    bool known, struct str password);
/* Its checks are of no use any more: their places are free, but for those
 * that are being computed. */
void	 auth_queue_lost(struct peer *);

#endif
