/*
 * What sendmail was called for.
 */
#ifndef MODES_H
#define MODES_H

#include "options.h"

/* Does it and returns the exit code; what is wrong is said. */
int	 mode_run(const struct options *);

#endif
