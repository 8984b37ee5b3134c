/*
 * Reading a message.  One scanner makes the line ends; what it gives out is
 * collected until the header section has ended, and put by from there on.
 */
#include "message.h"

#include "bounds.h"
#include "header.h"
#include "smtp_data.h"

#include "input.h"

/* beyond the header, the run that passed the limit */
#define COLLECT_MAX	(HEADER_MAX + INPUT_CHUNK)

struct reading {
	struct message	*m;
	size_t		 checked;	/* of the header: lines that belong */
	bool		 line_known;	/* so does the line behind them, which
					   is not complete yet */
	bool		 in_body;
};

void
message_init(struct message *m)
{
	*m = (struct message){ .eight_bit = false };
	buf_init(&m->header, COLLECT_MAX);
	spill_init(&m->body);
}

void
message_clear(struct message *m)
{
	buf_clear(&m->header);
	spill_clear(&m->body);
	message_init(m);
}

/* Whether a line of the header section, behind others or not, is one. */
static bool
is_header_line(struct str line, bool first)
{
	struct header_field	 f;

	if (!first && (line.p[0] == ' ' || line.p[0] == '\t'))
		return true;
	return header_next(&line, &f) && f.name.n != 0;
}

static bool
is_mailbox_line(struct str line)
{
	static const struct str	from = STR("From "), quoted = STR(">From ");

	return str_starts_nocase(line, from) ||
	    str_starts_nocase(line, quoted);
}

/* The header section ends here; what lies behind it is body. */
static enum message_result
end_header(struct reading *r, size_t skip)
{
	struct str	 rest = str_skip(buf_str(&r->m->header),
			    r->checked + skip);

	r->in_body = true;
	if (spill_put(&r->m->body, rest) == -1)
		return MESSAGE_NO_ROOM;
	buf_truncate(&r->m->header, r->checked);
	return r->checked > HEADER_MAX ? MESSAGE_HEADER_TOO_LARGE :
	    MESSAGE_OK;
}

static void
drop_line(struct reading *r, struct str line)
{
	buf_consume(&r->m->header, line.n);
}

/*
 * The next line of what was collected, with its CRLF; a line that is longer
 * than any may be counts without its end.
 */
static bool
next_line(const struct reading *r, bool all, struct str *line)
{
	struct str	 rest = str_skip(buf_str(&r->m->header), r->checked);
	const char	*lf = rest.n != 0 ? memchr(rest.p, '\n', rest.n) :
			    NULL;

	*line = rest;
	if (lf != NULL)
		line->n = (size_t)(lf - rest.p) + 1;
	return lf != NULL || rest.n > HEADER_LINE_MAX ||
	    (all && rest.n != 0);
}

/* Looks at the lines that are complete; all: there will be no more. */
static enum message_result
check_lines(struct reading *r, bool all)
{
	static const struct str	 empty = STR("\r\n");
	struct str		 line;

	while (!r->in_body && next_line(r, all, &line)) {
		if (str_equal(line, empty))
			return end_header(r, line.n);
		if (r->checked == 0 && is_mailbox_line(line))
			drop_line(r, line);
		else if (!is_header_line(line, r->checked == 0))
			return end_header(r, 0);
		else if ((r->line_known = line.p[line.n - 1] != '\n'))
			break;
		else
			r->checked += line.n;
	}
	return !r->in_body && r->m->header.len > HEADER_MAX ?
	    MESSAGE_HEADER_TOO_LARGE : MESSAGE_OK;
}

static enum message_result
take(struct reading *r, struct str run)
{
	if (r->in_body)
		return spill_put(&r->m->body, run) == -1 ? MESSAGE_NO_ROOM :
		    MESSAGE_OK;
	if (buf_put_str(&r->m->header, run) == -1)
		return MESSAGE_HEADER_TOO_LARGE;
	/* a run may be as short as a line end: look when there is news */
	if (memchr(run.p, '\n', run.n) != NULL || (!r->line_known &&
	    r->m->header.len - r->checked > HEADER_LINE_MAX))
		return check_lines(r, false);
	return MESSAGE_OK;
}

/*
 * The next run with its line ends made.  A CR that is no line end becomes
 * one in the body; in the header section, where it could begin a field that
 * nobody meant to write, it becomes a blank.
 */
static bool
next_run(const struct reading *r, struct data_scan *s, struct str *chunk,
    struct str *run)
{
	static const struct str	blank = STR(" ");
	bool			more;

	s->found &= ~(unsigned)DATA_BARE_CR;
	more = data_scan_next(s, chunk, run);
	if (!r->in_body && (s->found & DATA_BARE_CR) != 0)
		*run = blank;
	return more;
}

/* The last line may lack its end in what we read, not in what we keep. */
static enum message_result
finish(struct reading *r, struct data_scan *s)
{
	enum message_result	 result = MESSAGE_OK;
	struct str		 rest = data_scan_finish(s);

	if (rest.n != 0)
		result = take(r, rest);
	if (result == MESSAGE_OK && s->line_len != 0)
		result = take(r, (struct str)STR("\r\n"));
	if (result == MESSAGE_OK)
		result = check_lines(r, true);
	if (result == MESSAGE_OK && spill_rewind(&r->m->body) == -1)
		result = MESSAGE_NO_ROOM;
	r->m->eight_bit = (s->found & DATA_8BIT) != 0;
	return result;
}

enum message_result
message_read(struct message *m, int fd, bool dots)
{
	static struct input	 in;
	enum message_result	 result = MESSAGE_OK;
	struct reading		 r = { .m = m };
	struct data_scan	 s;
	struct str		 chunk, run;
	int			 more;

	input_init(&in, fd, dots);
	data_scan_init(&s, DATA_PLAIN, true, 0);
	while ((more = input_next(&in, &chunk)) == 1)
		while (next_run(&r, &s, &chunk, &run))
			if ((result = take(&r, run)) != MESSAGE_OK)
				return result;
	return more == -1 ? MESSAGE_NOT_READ : finish(&r, &s);
}
