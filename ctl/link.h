/*
 * The connection to the control socket: one request at a time, each answer
 * waited for.
 */
#ifndef LINK_H
#define LINK_H

#include "messages.h"

#define LINK_TIMEOUT_MS	30000	/* for one answer */
#define LINK_RELOAD_MS	120000	/* to a reload: tables may be large */

/* Connects, or ends the program with EX_UNAVAILABLE or EX_NOPERM. */
void	 link_open(const char *path);

/*
 * Each asks and waits; the answer, borrowed, is valid until the next call.
 * Without an answer the program ends with EX_TEMPFAIL.
 */
const struct queue_rows	*link_queue_list(const struct queue_list *);
const struct mail_shown	*link_mail_show(const struct mail_show *);
const struct queue_changed *link_queue_change(const struct queue_change *);
const struct status	*link_status(void);
const struct reloaded	*link_reload(const struct reload *);

#endif
