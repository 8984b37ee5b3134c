/*
 * The two files beside the log that must outlive a power cut: the pauses,
 * replaced as a whole each time, and the counters, a snapshot and a log.  Each
 * thing kept in one of them is a number, one more than the last: what a start
 * finds must be one that was asked for, and none older than the last that was
 * acknowledged.
 */
#ifndef FILES_H
#define FILES_H

#include <stdbool.h>
#include <stddef.h>

#include "op.h"

enum kept_file { FILE_PAUSES, FILE_COUNTERS, FILES_N };

/* --- what has been promised --- */

void		 files_init(void);
/* A note of kind FILE, FILE_KEPT or FILE_FOUND. */
void		 files_note(const struct note *);
unsigned	 files_next(enum kept_file);
bool		 files_were_asked(enum kept_file);
/* 0, or -1 with why. */
int		 files_check(const unsigned found[FILES_N], char *why, size_t);

/* --- on the disk --- */

/* At a start, when the spool is open. */
void		 files_read(unsigned found[FILES_N]);
/* kept is told; of the counters one at a time. */
void		 files_write(enum kept_file, unsigned number,
		    void (*kept)(void *arg, bool durable), void *arg);

#endif
