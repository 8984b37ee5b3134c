/*
 * In the place of queued/work.c: the threads of the spool, of which only one
 * runs at a time, and which one is drawn from a seed.  A thread may be
 * changed for another at every call that changes the disk, so the orders in
 * which such calls can come are tried, and each comes again with its seed.
 * The clock is held: it goes on by what a sync is said to take, and when
 * nobody has anything else to do.
 */
#ifndef SCHED_H
#define SCHED_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Before work_start.  Without threads each piece of work runs whole, which is
 * quicker.  Where the last bit of the seed is set syncs are slow, so that
 * they overlap.
 */
void	 sched_init(uint64_t seed, bool threads);
/* One piece of work goes on, or the loop turns; false: nobody could. */
bool	 sched_step(void);
/* Goes on until *waiting is 0; false: it never will be. */
bool	 sched_wait(const unsigned *waiting);

/* --- for the disk --- */

/* Somebody else may go on here, if this is a thread. */
void	 sched_point(void);
/* Whether a thread, or what stands for one, is calling. */
bool	 sched_is_thread(void);
/* A sync takes its time. */
void	 sched_sync(void);

#endif
