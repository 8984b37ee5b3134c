/*
 * Memory up to SPILL_MAX, then a file of tmpfile(3): the name of no mail is
 * ever to be seen in /tmp, and nothing is left behind by a kill.
 */
#include "spill.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

/* most mails that programs send stay below it; also the piece written */
#define SPILL_MAX	65536

void
spill_init(struct spill *s)
{
	*s = (struct spill){ .fd = -1 };
	buf_init(&s->memory, SIZE_MAX);
}

void
spill_clear(struct spill *s)
{
	if (s->fd != -1)
		close(s->fd);
	buf_clear(&s->memory);
	spill_init(s);
}

static int
open_file(struct spill *s)
{
	FILE	*f = tmpfile();

	if (f == NULL)
		return -1;
	s->fd = fcntl(fileno(f), F_DUPFD_CLOEXEC, 3);
	fclose(f);
	return s->fd == -1 ? -1 : 0;
}

static int
write_out(struct spill *s)
{
	ssize_t	 n;

	if (s->fd == -1 && open_file(s) == -1)
		return -1;
	while (s->memory.len != 0) {
		n = write(s->fd, buf_data(&s->memory), s->memory.len);
		if (n == -1 && errno != EINTR)
			return -1;
		if (n > 0)
			buf_consume(&s->memory, (size_t)n);
	}
	return 0;
}

int
spill_put(struct spill *s, struct str text)
{
	if (buf_put_str(&s->memory, text) == -1) {
		errno = ENOMEM;
		return -1;
	}
	s->size += text.n;
	return s->memory.len > SPILL_MAX ? write_out(s) : 0;
}

int
spill_rewind(struct spill *s)
{
	s->at = 0;
	return s->fd != -1 ? write_out(s) : 0;
}

/* The file is read through the memory that is not needed any more. */
static int
next_of_file(struct spill *s, struct str *piece)
{
	char	*to;
	ssize_t	 n;

	buf_reset(&s->memory);
	if ((to = buf_room(&s->memory, SPILL_MAX)) == NULL)
		return -1;
	do
		n = pread(s->fd, to, SPILL_MAX, (off_t)s->at);
	while (n == -1 && errno == EINTR);
	if (n <= 0)
		return -1;
	*piece = str_bytes(to, (size_t)n);
	return 1;
}

int
spill_next(struct spill *s, struct str *piece)
{
	int	 r = 1;

	*piece = STR_NONE;
	if (s->at == s->size)
		return 0;
	if (s->fd != -1)
		r = next_of_file(s, piece);
	else
		*piece = buf_str(&s->memory);
	s->at += piece->n;
	return r;
}
