/*
 * Standard input up to where the message ends: at its end, or at a line that
 * is a single dot, as people at a terminal end it.
 */
#ifndef INPUT_H
#define INPUT_H

#include <stdbool.h>

#include "str.h"

#define INPUT_CHUNK	65536	/* read at once */

struct input {
	int		fd;		/* borrowed */
	bool		dots;		/* whether a dot ends it */
	bool		ended;
	int		state;		/* private */
	struct str	left;		/* read and not yet given out */
	char		chunk[INPUT_CHUNK];
};

void	 input_init(struct input *, int fd, bool dots);

/*
 * 1: *run is the next piece, valid until the next call; 0: that was all;
 * -1: the input cannot be read, see errno.
 */
int	 input_next(struct input *, struct str *run);

#endif
