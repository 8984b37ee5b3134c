/*
 * The life of one process that uses the spool: it starts, is asked for
 * things, and stops or is killed.  All that it asks for and is told goes into
 * the journal.
 */
#ifndef LIFE_H
#define LIFE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "expect.h"
#include "spool.h"

struct life {
	uint64_t	 seed;		/* of keys, and of who runs when */
	bool		 threads;	/* as in sched.h */
	uint64_t	 segment_size;
	/* Damage may be reported at a start: after a sync that failed, or
	 * where it is the loss that shall be seen. */
	bool		 may_complain;
};

/* --- a start and a stop --- */

/* Once in a process. */
void	 life_begin(const struct life *);
/*
 * Starts the spool and reads what it finds.  0, or -1 with why: it does not
 * start, or takes what a power cut leaves behind for damage.
 */
int	 life_open(struct findings *, char *why, size_t);
/* Notes what was found: from now on that is what there is. */
void	 life_note_findings(const struct findings *);
void	 life_close(void);

/* --- what it does; each begins it, life_wait waits for all --- */

/* A body above BODY_INLINE_MAX comes as a file. */
void	 life_store(unsigned message, size_t size);
void	 life_result(unsigned message, unsigned rcpt, bool done);
void	 life_end(unsigned message);	/* all its recipients are done */
void	 life_hold(unsigned message, bool);
/* another way than usual, or the usual one again */
void	 life_route(unsigned message, bool another);
void	 life_warn(unsigned message);
void	 life_file(enum kept_file);		/* its next content */
/* A file for a large body is begun, and given up. */
void	 life_give_up(void);
/* So many steps of whoever is drawn. */
void	 life_go_on(unsigned steps);
/* 0, or -1: somebody will wait for ever. */
int	 life_wait(void);

#endif
