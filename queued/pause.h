/*
 * What the postmaster has stopped: everything, a route, or the mail to a
 * domain, with a reason and perhaps an end.  Kept in the file `pauses' of the
 * spool, so that it outlives this process.  Nothing is tried, and no try is
 * counted, while it is paused; what is in hand is finished.
 */
#ifndef PAUSE_H
#define PAUSE_H

#include <stdbool.h>
#include <stddef.h>

#include "envelope.h"
#include "messages.h"

#include "mail.h"
#include "route.h"

/* Reads what was kept; a file that cannot be read pauses everything. */
void	 pause_start(void);
/* done is told when it is in force and, if result is PAUSE_DONE, durable. */
void	 pause_change(const struct pause *,
	    void (*done)(void *arg, enum pause_result), void *arg);
/* All; borrowed until the next change. */
size_t	 pause_list(const struct pause_row **);

/* Nothing is to be sent by it now; the row that says so, or NULL. */
const struct pause_row *pause_of_route(const struct route *);
/*
 * An ACTIVE part about to be sent: those of its recipients whose domain is
 * paused are put back, as another part, to wait.  True: all of it was, and
 * the part is the schedule's again.
 */
bool	 pause_takes(struct part *, const struct envelope *);

#endif
