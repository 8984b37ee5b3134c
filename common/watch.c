/*
 * Notices callbacks that take too long.
 */
#include "watch.h"

#include <stdbool.h>

#include "clock.h"
#include "log.h"

uint64_t
watch_begin(void)
{
	return clock_us();
}

void
watch_end(uint64_t began, const char *what)
{
	uint64_t	 took_ms = (clock_us() - began) / 1000;

	if (took_ms > WATCH_SLOW_MS)
		log_warn("slow-callback what=%s ms=%llu", what,
		    (unsigned long long)took_ms);
}
