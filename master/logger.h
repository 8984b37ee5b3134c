/*
 * The log role: `postern -r log` writes the lines of all processes to the
 * one place that master gives it.
 */
#ifndef LOGGER_H
#define LOGGER_H

#include <stdint.h>

#include "buf.h"
#include "messages.h"

/* The process's main; returns an exit status. */
int	 logger_main(int argc, char **argv);

/*
 * Appends the line, with its newline:
 *	2026-11-21T13:14:15.123Z mx[0]: info: connect ...
 * role and index are those of the channel it came by.  Control characters
 * become '?', so that nobody writes a line that is not his.
 */
void	 logger_format(struct buf *, enum role, unsigned index,
	    const struct log_line *);

/* "2026-11-21T13:14:15.123Z" and a NUL */
#define LOGGER_TIME_MAX	32
/* UTC by our own arithmetic: the C library's reads files. */
void	 logger_time(uint64_t wall_ms, char text[LOGGER_TIME_MAX]);

#endif
