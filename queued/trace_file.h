/*
 * The files of the trace, in trace/ beside the log: NAME.events and
 * NAME.index, NAME the second of UTC when they were begun.  An hour or
 * TRACE_FILE_MAX octets each, and together what the configuration allows.
 * All is done in threads, one piece at a time.
 */
#ifndef TRACE_FILE_H
#define TRACE_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "msgid.h"
#include "work.h"

#define TRACE_FILE_MAX		(16u << 20)
#define TRACE_FILE_S		3600
#define TRACE_NAME_SIZE		32
/* An event: its length with this (4), id, time (8), kind (1), number of
 * attributes (4), and these. */
#define TRACE_HEAD		(4 + MSGID_LEN + 8 + 1 + 4)
/* An entry of the index: id, and where its event begins. */
#define TRACE_ENTRY		(MSGID_LEN + 4)

struct trace_chunk {
	struct work	 work;
	struct buf	 data, index;	/* offsets from the chunk's front */
	uint64_t	 number;	/* counted from 1 */
	uint64_t	 n;		/* events */
	bool		 written;
	int		 error;		/* an errno, or 0: no room */
};

/* Octets of all files together; reserve stays free on the disk. */
void	 trace_file_limits(uint32_t keep_s, uint64_t max, uint64_t reserve);
/* Gives it to a thread; trace_written is called in the loop.  With an empty
 * one, what is too old is removed and nothing is written. */
void	 trace_file_write(struct trace_chunk *);

/* Before the first chunk: makes the directory, and opens it. */
void	 trace_file_begin(void);
int	 trace_dir(void);	/* or -1 */
/* "01795279519.events" to 1795279519; 0: it is not so */
uint64_t trace_file_number(const char *name, const char *suffix);
void	 trace_file_name(char[TRACE_NAME_SIZE], uint64_t number,
	    const char *suffix);

/* --- trace.c's --- */

void	 trace_written(struct trace_chunk *);
/* The chunk is given that much later, if it is not yet. */
void	 trace_late(unsigned ms);
/* Has all be written that is known now; the number of the chunk to wait for
 * (trace_find_go), or 0. */
uint64_t trace_flush(void);

#endif
