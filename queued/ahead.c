/*
 * A window over the file, moved to where the next piece begins.
 */
#include "ahead.h"

#include <sys/types.h>

#include <stdlib.h>

#include "disk.h"

#define WINDOW	65536		/* read at once: some fifty messages */
#define NEAR	(WINDOW / 4)	/* to what is behind; else it would not pay */
#define PIECE	4096		/* holds most that is asked for */

static bool
is_here(const struct ahead *a, uint64_t offset)
{
	if (offset < a->at || offset - a->at >= a->n)
		return false;
	/* the end of the window may cut it, that of the file does not */
	return a->n < WINDOW || a->at + a->n - offset >= PIECE;
}

static void
move_to(struct ahead *a, int fd, uint64_t offset)
{
	ssize_t	 n;

	a->n = 0;
	if (a->data == NULL && (a->data = malloc(WINDOW)) == NULL)
		return;
	if (a->patient)
		n = disk->read(fd, a->data, WINDOW, (off_t)offset);
	else
		n = disk_read_now(fd, a->data, WINDOW, offset);
	if (n > 0)
		a->n = (size_t)n;
	a->at = offset;
}

const uint8_t *
ahead_get(struct ahead *a, uint64_t file, int fd, uint64_t offset, size_t *n)
{
	bool	 follows = file == a->file && offset > a->last &&
	    offset - a->last <= NEAR;

	if (file != a->file)
		a->n = 0;
	a->file = file;
	a->last = offset;
	if (!is_here(a, offset)) {
		if (!follows)
			return NULL;
		move_to(a, fd, offset);
	}
	if (a->n == 0)
		return NULL;
	*n = (size_t)(a->at + a->n - offset);
	return a->data + (offset - a->at);
}

void
ahead_clear(struct ahead *a)
{
	free(a->data);
	*a = (struct ahead){ .patient = a->patient };
}
