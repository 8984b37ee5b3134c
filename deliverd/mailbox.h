/*
 * deliverd -r local: jobs for mailboxes.  Each recipient of a job is put
 * into its mailbox by the postern-local of its delivery rule and, where the
 * rule delivers as the recipient, its slot.  Master starts those processes;
 * one that is up serves all further mails for it until nothing has come for
 * a while.
 */
#ifndef MAILBOX_H
#define MAILBOX_H

#include <stdint.h>

#include "messages.h"
#include "task.h"

void	 mailbox_setup(void);		/* once in a process */

/* What queued says; as in route.h. */
void	 mailbox_wake(const struct route_wake *);
void	 mailbox_job(uint32_t route, struct task *);	/* takes the task */
void	 mailbox_queued_lost(void);
/* No new work; on_stopped is called once nothing is in hand any more. */
void	 mailbox_stop(void (*on_stopped)(void));
/* The time for that is over: what is in hand is deferred. */
void	 mailbox_abort(void);

#endif
