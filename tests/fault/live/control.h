/*
 * What a test asks of the disk, by extended attributes of its root directory:
 *
 *	user.mark = TEXT		into the journal: this was promised
 *	user.cut = N KIND SEED DIR	writes out a state (state.h)
 *	user.journal			how long the journal is
 */
#ifndef CONTROL_H
#define CONTROL_H

#include <stddef.h>

#define CONTROL_TEXT	32	/* the longest answer */

/* 0, or an errno. */
int	 control_set(const char *name, const char *value, size_t n);
/* The answer's length; 0: there is no such thing to ask for. */
size_t	 control_get(const char *name, char text[CONTROL_TEXT]);

#endif
