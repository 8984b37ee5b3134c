/*
 * The spool's disk, laid onto the model: the table of queued/disk.h, and the
 * two calls that do not go through it (dirlist, flock).  Descriptors are
 * numbers that the kernel does not have, so that the spool may close them
 * as it likes.  Can fail a call, and can be as wrong as a program that
 * forgets its syncs.
 */
#ifndef SEAM_H
#define SEAM_H

#include <stdbool.h>

/* What is wrong on purpose: here, in no_rewrite.c, and where something is
 * told too early, or wrongly, in life.c. */
enum bug {
	BUG_NONE,
	BUG_NO_DATASYNC,	/* fdatasync does nothing */
	BUG_NO_FILE_SYNC,	/* fsync of a file does nothing */
	BUG_NO_DIRECTORY_SYNC,
	BUG_NO_REPLACE_SYNC,	/* only of a file that replaces another */
	BUG_NO_REPLACED_SYNC,	/* only of the directory that it is in */
	BUG_NO_COUNTERS_SYNC,	/* only of the log of the counters */
	BUG_NO_REWRITE,		/* a start syncs what it should write again */
	BUG_EARLY_STORED,	/* acknowledged when it is asked for */
	BUG_EARLY_RESULT,
	BUG_WRONG_RCPT,		/* results go to another recipient */
	BUG_N
};

extern enum bug	 seam_bug;

/* Calls that can fail. */
enum seam_call {
	SEAM_WRITE, SEAM_DATASYNC, SEAM_SYNC, SEAM_RENAME, SEAM_LINK,
	SEAM_CALL_N
};

/* From now on the spool has this disk, and no descriptors. */
void	 seam_install(void);
/* The next such call of a thread fails with EIO. */
void	 seam_fail_next(enum seam_call);
/* whether the descriptor is one of this disk's */
bool	 seam_owns(int fd);

#endif
