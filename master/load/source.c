/*
 * Reads whole files into memory.
 */
#include "source.h"

#include <errno.h>
#include <unistd.h>

#define READ_STEP	65536

/* At the buffer's maximum: one octet more tells a whole file from one cut. */
static int
read_nothing(int fd)
{
	char	 c;
	ssize_t	 n = read(fd, &c, 1);

	if (n == -1)
		return errno;
	return n == 0 ? 0 : EFBIG;
}

static int
read_all(int fd, struct buf *b)
{
	size_t	 want;
	char	*room;
	ssize_t	 n;

	do {
		want = b->max - b->len;
		if (want == 0)
			return read_nothing(fd);
		if (want > READ_STEP)
			want = READ_STEP;
		if ((room = buf_room(b, want)) == NULL)
			return ENOMEM;
		if ((n = read(fd, room, want)) == -1)
			return errno;
		buf_added(b, (size_t)n);
	} while (n != 0);
	return 0;
}

int
source_read_fd(int fd, struct buf *b)
{
	int	 error = read_all(fd, b);

	close(fd);
	return error;
}
