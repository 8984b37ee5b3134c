/*
 * The connection to the control socket: one request at a time, each answer
 * waited for.
 */
#ifndef LINK_H
#define LINK_H

#include "messages.h"

#define LINK_TIMEOUT_MS	30000	/* for one answer */
#define LINK_RELOAD_MS	120000	/* to a reload: tables may be large */

#define LINK_COUNT_MS	120000	/* where all of the queue or of the trace is
				 * looked at, or changed */

/* Connects, or ends the program with EX_UNAVAILABLE or EX_NOPERM. */
void	 link_open(const char *path);

/*
 * Each asks and waits; the answer, borrowed, is valid until the next call.
 * Without an answer the program ends with EX_TEMPFAIL.
 */
const struct queue_rows	*link_queue_list(const struct queue_list *);
const struct mail_shown	*link_mail_show(const struct mail_show *);
const struct queue_changed *link_queue_change(const struct queue_change *);
const struct queue_counted *link_queue_count(const struct queue_count *);
/* *fd, which is the caller's: the file with the body, or -1. */
const struct mail_content *link_mail_read(const struct mail_show *, int *fd);
enum pause_result	 link_pause(const struct pause *);
const struct routes	*link_routes(const struct routes_ask *);
const struct trace	*link_trace(const struct trace_ask *);
const struct status	*link_status(void);
const struct guesses	*link_guesses(const struct guesses_ask *);
const struct reloaded	*link_reload(const struct reload *);

#endif
