/*
 * The clocks.  Both may be held by a test.
 */
#include "clock.h"

#include <stdbool.h>

static bool	 held;
static uint64_t	 held_ms;
static time_t	 held_wall;

static uint64_t
read_us(clockid_t id)
{
	struct timespec	 ts;

	clock_gettime(id, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

uint64_t
clock_us(void)
{
	return held ? held_ms * 1000 : read_us(CLOCK_MONOTONIC);
}

uint64_t
clock_ms(void)
{
	return clock_us() / 1000 + (held ? 0 : 1);
}

uint64_t
clock_wall_ms(void)
{
	return held ? (uint64_t)held_wall * 1000 :
	    read_us(CLOCK_REALTIME) / 1000;
}

time_t
clock_wall(void)
{
	return held ? held_wall : time(NULL);
}

void
clock_hold(uint64_t ms, time_t wall)
{
	held = true;
	held_ms = ms;
	held_wall = wall;
}

void
clock_let_go(void)
{
	held = false;
}
