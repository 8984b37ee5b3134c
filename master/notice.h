/*
 * What a reload says: to the log, and to the one who asked for it.
 */
#ifndef NOTICE_H
#define NOTICE_H

#include <stdbool.h>

#include "conf.h"
#include "peer.h"

/* Who asked; begins a new report. */
void	 notice_by_signal(void);
void	 notice_by_peer(struct peer *, uint32_t id, const struct reload *);
/* A line: "file:line: what is wrong". */
void	 notice_line(bool warning, struct str);
void	 notice_error(const char *, ...)
	    __attribute__((format(printf, 1, 2)));
bool	 notice_has_error(void);
/*
 * Whether nothing differs that only a start can change; else there is an
 * error for each.
 */
bool	 notice_may_change(const struct conf *old, const struct conf *new);
/* Logs how it ended and answers. */
void	 notice_end(enum reload_result);

#endif
