/*
 * The scanner of mail data.  A state says where in a line the next octet
 * stands; each state has one function, which takes octets off the input and
 * gives out a run or nothing.  What could become a line end or the end of
 * data is held back until the octet behind it is known.
 */
#include "smtp_data.h"

#define EVERY_OCTET(c)	(UINT64_C(0x0101010101010101) * (c))
#define SPECIAL_BELOW	0x0e	/* NUL, LF and CR, and few others */

enum {
	LINE_START,
	TEXT,
	CR,		/* behind a CR that is held back */
	DOT,		/* behind a dot, held back, at the start of a line */
	DOT_CR,		/* behind both, held back */
	STATES
};

static const char	crlf[2] = "\r\n";

void
data_scan_init(struct data_scan *s, enum data_mode mode, bool normalize,
    size_t line_max)
{
	*s = (struct data_scan){
		.mode = mode,
		.normalize = normalize || mode == DATA_STUFF,
		.state = LINE_START,
		.line_max = line_max != 0 ? line_max : SIZE_MAX,
	};
}

/*
 * Skips octets that are not special, eight at a time: subtracting borrows
 * from the top bit of an octet below SPECIAL_BELOW.  A borrow may mark the
 * octet above it too, which is why the marked word is looked at once more.
 * The top bits of all octets passed over are gathered in *top.
 */
static const char *
skip_plain(const char *p, const char *end, uint64_t *top)
{
	const uint64_t	high = EVERY_OCTET(0x80);
	uint64_t	word;

	for (; end - p >= 8; p += 8) {
		memcpy(&word, p, 8);
		if (((word - EVERY_OCTET(SPECIAL_BELOW)) & ~word & high) != 0)
			break;
		*top |= word;
	}
	while (p < end && (uint8_t)*p >= SPECIAL_BELOW)
		*top |= (uint8_t)*p++;
	return p;
}

/* Takes n octets off *in and returns them. */
static struct str
take(struct str *in, size_t n)
{
	struct str	run = str_bytes(in->p, n);

	*in = str_skip(*in, n);
	return run;
}

/* A line ends here; len octets of it, with the CRLF, were not yet counted. */
static void
line_ends(struct data_scan *s, size_t len)
{
	if (s->line_len > s->line_max || len > s->line_max - s->line_len)
		s->found |= DATA_LONG_LINE;
	s->line_len = 0;
	s->state = LINE_START;
}

/*
 * A bare CR or LF, already taken.  Where it is made a line end it is one for
 * the length of lines and, when dots are added, for the next dot; received
 * dots stay as they are behind it, since whoever sent it knew of no line.
 */
static struct str
bare(struct data_scan *s, unsigned which)
{
	s->found |= which;
	s->state = TEXT;
	if (!s->normalize) {
		s->line_len++;
		return str_bytes(which == DATA_BARE_CR ? crlf : crlf + 1, 1);
	}
	line_ends(s, 2);
	if (s->mode != DATA_STUFF)
		s->state = TEXT;
	return str_bytes(crlf, 2);
}

static struct str
at_line_start(struct data_scan *s, struct str *in)
{
	s->state = TEXT;
	if (in->p[0] != '.' || s->mode == DATA_PLAIN)
		return STR_NONE;
	if (s->mode == DATA_STUFF)
		return str_bytes(".", 1);
	take(in, 1);
	s->state = DOT;
	return STR_NONE;
}

/*
 * Runs through as many lines as there are without anything to do: those
 * that end with CRLF, if the octet behind it is there and not a dot.
 */
static struct str
in_text(struct data_scan *s, struct str *in)
{
	const char	*p = in->p, *end = in->p + in->n, *line = p;
	uint64_t	 top = 0;

	for (;;) {
		p = skip_plain(p, end, &top);
		if (p == end)
			break;
		if (*p == '\r') {
			if (end - p < 3 || p[1] != '\n' || p[2] == '.')
				break;
			p += 2;
			line_ends(s, (size_t)(p - line));
			line = p;
			continue;
		}
		if (*p == '\n')
			break;
		if (*p == '\0')
			s->found |= DATA_NUL;
		p++;
	}
	if ((top & EVERY_OCTET(0x80)) != 0)
		s->found |= DATA_8BIT;
	s->line_len += (size_t)(p - line);
	s->state = TEXT;
	return take(in, (size_t)(p - in->p));
}

/* In a line, but at an octet that in_text may not pass. */
static struct str
at_text(struct data_scan *s, struct str *in)
{
	char	c = in->p[0];

	if (c == '\n') {
		take(in, 1);
		return bare(s, DATA_BARE_LF);
	}
	if (c != '\r')
		return in_text(s, in);
	/* most often all of a CRLF is there: one run with what follows */
	if (in->n >= 3 && in->p[1] == '\n' && in->p[2] != '.')
		return in_text(s, in);
	take(in, 1);
	s->state = CR;
	return STR_NONE;
}

static struct str
behind_cr(struct data_scan *s, struct str *in)
{
	if (in->p[0] != '\n')
		return bare(s, DATA_BARE_CR);
	take(in, 1);
	line_ends(s, 2);
	return str_bytes(crlf, 2);
}

static struct str
behind_dot(struct data_scan *s, struct str *in)
{
	s->state = TEXT;
	if (in->p[0] == '\r') {
		take(in, 1);
		s->state = DOT_CR;
	}
	return STR_NONE;
}

static struct str
behind_dot_cr(struct data_scan *s, struct str *in)
{
	if (in->p[0] != '\n')
		return bare(s, DATA_BARE_CR);
	take(in, 1);
	s->ended = true;
	return STR_NONE;
}

bool
data_scan_next(struct data_scan *s, struct str *in, struct str *run)
{
	static struct str	(*const steps[STATES])(struct data_scan *,
				    struct str *) = {
		[LINE_START] = at_line_start,
		[TEXT] = at_text,
		[CR] = behind_cr,
		[DOT] = behind_dot,
		[DOT_CR] = behind_dot_cr,
	};

	*run = STR_NONE;
	while (run->n == 0 && in->n != 0 && !s->ended)
		*run = steps[s->state](s, in);
	s->size += run->n;
	return run->n != 0;
}

struct str
data_scan_finish(struct data_scan *s)
{
	static const char	ending[] = "\r\n.\r\n";
	struct str		rest = STR_NONE;

	if (s->mode == DATA_STUFF) {
		if (s->state == CR)
			bare(s, DATA_BARE_CR);
		else if (s->state == TEXT)
			line_ends(s, 2);
		else
			rest = str_bytes(ending + 2, 3);
		if (rest.n == 0)
			rest = str_bytes(ending, 5);
	} else if (s->state == CR)
		rest = bare(s, DATA_BARE_CR);
	s->size += rest.n;
	return rest;
}

int
data_scan_put(struct data_scan *s, struct str *in, struct buf *out)
{
	struct str	run;

	while (data_scan_next(s, in, &run))
		if (buf_put_str(out, run) == -1)
			return -1;
	return out->failed ? -1 : 0;
}
