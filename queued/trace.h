/*
 * The trace: what happened to each message, kept for some time after it has
 * gone.  An event is put together in memory and written with the others some
 * TRACE_LATE_MS later, by a thread, unsynced; an error of the disk, or a
 * queue of events that is written too slowly, loses events and nothing else.
 *
 *	trace_begin(TRACE_ATTEMPT, &id);
 *	trace_text(KEY_HOST, host);
 *	trace_end();
 */
#ifndef TRACE_H
#define TRACE_H

#include <stddef.h>
#include <stdint.h>

#include "conf.h"
#include "msgid.h"
#include "str.h"
#include "trace_event.h"

#define TRACE_LATE_MS	100	/* what a death of this process may lose */

/* The limits of a configuration hold from now on; the first begins, once the
 * spool is open. */
void	 trace_use(const struct conf *);
/* Removes what is too old, also where nothing new is written; a timer calls
 * it. */
void	 trace_hour(void);
/* Writes out what there is, now; then done, perhaps at once. */
void	 trace_stop(void (*done)(void));

/* One event at a time; the time is now.  Nothing happens while it is off. */
void	 trace_begin(enum trace_kind, const struct msgid *);
void	 trace_text(enum trace_key, struct str);	/* empty: nothing */
void	 trace_number(enum trace_key, uint64_t);
/* "file:line", where a decision was written. */
void	 trace_rule(const struct origin *);		/* NULL: nothing */
void	 trace_end(void);
/* An event without attributes. */
void	 trace_note(enum trace_kind, const struct msgid *);

uint64_t trace_lost(void);		/* events, since the beginning */
bool	 trace_is_off(void);

#endif
