/*
 * The body of a message until it has been handed over: in memory while it is
 * small, else in a file without a name, which goes with the process.
 */
#ifndef SPILL_H
#define SPILL_H

#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "str.h"

struct spill {
	struct buf	memory;		/* all, or what is not yet written */
	int		fd;		/* -1: there is no file */
	uint64_t	size;		/* of all */
	uint64_t	at;		/* where spill_next reads */
};

void	 spill_init(struct spill *);
void	 spill_clear(struct spill *);

/* Appends.  -1 when there is no room or no file: see errno. */
int	 spill_put(struct spill *, struct str);

/* From now on spill_next begins again.  -1 when it cannot be written. */
int	 spill_rewind(struct spill *);
/*
 * 1: *piece is the next part, valid until the next call; 0: that was all;
 * -1: it cannot be read back.
 */
int	 spill_next(struct spill *, struct str *piece);

#endif
