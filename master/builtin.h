/*
 * The configuration that is built in, for a first try: everything below one
 * directory, nothing listening but on loopback.
 */
#ifndef BUILTIN_H
#define BUILTIN_H

#include <stdbool.h>

#include "buf.h"

/*
 * Makes run_dir with what the configuration wants there, and writes its
 * text.  $PORT_MX (2525) is where mail comes in, $PORT_SUBMISSION (2587) and
 * $PORT_SUBMISSIONS (2465) where users hand it in, and $RELAY (127.0.0.1:2526)
 * where it goes.  0, or what to exit with after a log line.
 */
int	 builtin_prepare(const char *run_dir, const char *programs,
	    bool debug, struct buf *text);
/* The directory's absolute name, once it is made. */
const char *builtin_dir(void);
/* Says on standard output where it listens, and what to try. */
void	 builtin_announce(void);

#endif
