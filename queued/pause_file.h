/*
 * The pauses on the disk: one file, replaced as a whole.
 */
#ifndef PAUSE_FILE_H
#define PAUSE_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "arena.h"
#include "messages.h"

#define PAUSE_MEMORY	((size_t)PAUSES_MAX * 2 * pause_row_MAXLEN)

/* Replaces what is kept; done (or NULL) is told whether that is durable. */
void	 pause_file_write(const struct pause_row *, size_t n,
	    void (*done)(void *arg, bool durable), void *arg);
/* At a start: 0, also when there is no file, or -1; logged. */
int	 pause_file_read(struct arena *, struct pause_row **, size_t *n);

const char	*pause_what_name(enum pause_what);	/* "route" */

#endif
