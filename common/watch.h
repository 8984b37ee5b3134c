/*
 * The watchdog of the loop: a callback that takes longer than
 * WATCH_SLOW_MS keeps everybody waiting, and is logged with its name.
 *
 *	uint64_t began = watch_begin();
 *	...
 *	watch_end(began, "name");
 */
#ifndef WATCH_H
#define WATCH_H

#include <stdint.h>

#define WATCH_SLOW_MS	50

uint64_t	 watch_begin(void);
void		 watch_end(uint64_t began, const char *what);

#endif
