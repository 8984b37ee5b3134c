/*
 * Time, through a seam that a test can hold.  Intervals and deadlines are
 * taken from the monotonic clock, in milliseconds; what a person or another
 * host reads is wall-clock time, in seconds of UTC.
 */
#ifndef CLOCK_H
#define CLOCK_H

#include <stdint.h>
#include <time.h>

uint64_t	 clock_ms(void);	/* monotonic, never 0 */
uint64_t	 clock_us(void);	/* the same in microseconds */
time_t		 clock_wall(void);
uint64_t	 clock_wall_ms(void);

/* From now on the clocks stand still at these values; for tests. */
void		 clock_hold(uint64_t ms, time_t wall);
void		 clock_let_go(void);

#endif
