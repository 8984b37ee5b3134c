/*
 * What came from queued, as a table for people or JSON for programs.  The
 * JSON members are documented in posternctl(8) and stay.  Addresses and
 * replies are foreign text: what a terminal might obey is escaped, in both.
 */
#ifndef SHOW_H
#define SHOW_H

#include <stdbool.h>
#include <stdio.h>

#include "messages.h"

/* show_queue.c */
void	 show_queue_head(void);
void	 show_queue_row(FILE *, const struct queue_row *, bool json);
void	 show_counted(const struct queue_counted *, const char *by, bool json);
void	 show_changed(const char *action, const struct queue_changed *,
	    bool dry_run, bool json);

/* show_mail.c; events: of its trace, NULL where there is none. */
void	 show_mail(const struct mail_shown *, const struct trace *events,
	    bool json);
void	 show_trace(const struct trace *, bool json);

/* show_status.c */
void	 show_status(const struct status *, bool json);
void	 show_pauses(const struct status *, bool json);
void	 show_route_head(void);
/* counted: of what waits for it, or NULL. */
void	 show_route(const struct route_row *, const struct count_row *counted,
	    bool json);
/* Errors and warnings go to standard error, unless in JSON. */
void	 show_reloaded(const struct reloaded *, bool check, bool json);

/* for the other show_ files */
const char	*show_state(uint8_t state);
struct json_t	*show_row_json(const struct queue_row *);

#endif
