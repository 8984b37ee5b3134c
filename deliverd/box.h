/*
 * The postern-local processes that deliverd -r local has, by delivery rule
 * and slot, and the mails that wait for each.
 */
#ifndef BOX_H
#define BOX_H

#include <stddef.h>
#include <stdint.h>

#include "messages.h"
#include "result.h"
#include "task.h"

struct peer;

/* Called once for each recipient put; o says what became of it. */
typedef void	(*box_done)(struct task *, size_t rcpt,
		    const struct outcome *o);

void	 box_setup(box_done);
/* Into the mailbox of that recipient of the task, which stays until done. */
void	 box_put(struct task *, size_t rcpt, uint16_t delivery, uint32_t slot);
/* Everything not done ends as deferred, now. */
void	 box_abort(void);
void	 box_on_opened(struct peer *, void *asker,
	    const struct mailbox_opened *);

#endif
