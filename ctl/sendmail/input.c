/*
 * A dot at the start of a line is held back until it is known what follows.
 * A line ends with LF here; a CR before it makes no difference.
 */
#include "input.h"

#include <errno.h>
#include <unistd.h>

enum { LINE_START, TEXT, DOT, DOT_CR };

void
input_init(struct input *in, int fd, bool dots)
{
	in->fd = fd;
	in->dots = dots;
	in->ended = false;
	in->state = LINE_START;
	in->left = STR_NONE;
}

/* More octets: 1, none: 0, an error: -1. */
static int
fill(struct input *in)
{
	ssize_t	 n;

	do
		n = read(in->fd, in->chunk, sizeof(in->chunk));
	while (n == -1 && errno == EINTR);
	if (n > 0)
		in->left = str_bytes(in->chunk, (size_t)n);
	return n > 0 ? 1 : (int)n;
}

/*
 * Behind a dot, and perhaps a CR, at the start of a line: the end, or what
 * was held back.
 */
static struct str
behind_dot(struct input *in)
{
	static const struct str	dot = STR("."), dot_cr = STR(".\r");
	struct str		held = in->state == DOT ? dot : dot_cr;

	if (in->left.p[0] == '\n') {
		in->ended = true;
		return STR_NONE;
	}
	if (in->left.p[0] == '\r' && in->state == DOT) {
		in->left = str_skip(in->left, 1);
		in->state = DOT_CR;
		return STR_NONE;
	}
	in->state = TEXT;
	return held;
}

/* Takes octets up to a dot at the start of a line, or all. */
static struct str
take_text(struct input *in)
{
	const char	*p = in->left.p, *end = p + in->left.n, *lf;
	struct str	 run = in->left;

	while (p < end) {
		if (in->state == LINE_START && *p == '.')
			break;
		lf = memchr(p, '\n', (size_t)(end - p));
		in->state = lf != NULL ? LINE_START : TEXT;
		p = lf != NULL ? lf + 1 : end;
	}
	run.n = (size_t)(p - run.p);
	in->left = str_skip(in->left, run.n);
	if (in->left.n != 0) {
		in->left = str_skip(in->left, 1);
		in->state = DOT;
	}
	return run;
}

int
input_next(struct input *in, struct str *run)
{
	int	 more;

	*run = STR_NONE;
	while (!in->ended && run->n == 0) {
		if (in->left.n == 0 && (more = fill(in)) < 1)
			return more;	/* a dot held back ends it as well */
		if (!in->dots) {
			*run = in->left;
			in->left = STR_NONE;
		} else if (in->state == DOT || in->state == DOT_CR)
			*run = behind_dot(in);
		else
			*run = take_text(in);
	}
	return run->n != 0;
}
