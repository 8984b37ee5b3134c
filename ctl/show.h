/*
 * What came from queued, as a table for people or JSON for programs.  The
 * JSON members are documented in posternctl(8) and stay.
 */
#ifndef SHOW_H
#define SHOW_H

#include <stdbool.h>

#include "messages.h"

void	 show_queue_head(void);
void	 show_queue_row(const struct queue_row *, bool json);
void	 show_mail(const struct mail_shown *, bool json);
void	 show_status(const struct status *, bool json);
void	 show_changed(const char *action, const struct queue_changed *,
	    bool dry_run, bool json);
/* Errors and warnings go to standard error, unless in JSON. */
void	 show_reloaded(const struct reloaded *, bool check, bool json);

#endif
