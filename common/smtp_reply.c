/*
 * Replies, as strictly as the world allows: the code must be one, what
 * follows it is anybody's text.
 */
#include "smtp_reply.h"

#include <stdio.h>

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* "0" to "999", without leading zeros: RFC 3463 2 */
static int
take_number(struct str *s, uint16_t *number)
{
	size_t	n = 0;

	*number = 0;
	while (n < s->n && n < 3 && is_digit(s->p[n]))
		*number = (uint16_t)(*number * 10 + (s->p[n++] - '0'));
	if (n == 0 || (n > 1 && s->p[0] == '0'))
		return -1;
	*s = str_skip(*s, n);
	return 0;
}

static int
take_dot(struct str *s)
{
	if (s->n == 0 || s->p[0] != '.')
		return -1;
	*s = str_skip(*s, 1);
	return 0;
}

int
smtp_enhanced_take(struct str *text, struct smtp_status *status)
{
	struct str	s = *text;
	uint16_t	class, subject, detail;

	if (take_number(&s, &class) == -1 || take_dot(&s) == -1 ||
	    take_number(&s, &subject) == -1 || take_dot(&s) == -1 ||
	    take_number(&s, &detail) == -1)
		return -1;
	if (class != 2 && class != 4 && class != 5)
		return -1;
	if (s.n != 0 && s.p[0] != ' ')
		return -1;
	while (s.n != 0 && s.p[0] == ' ')
		s = str_skip(s, 1);
	status->class = (uint8_t)class;
	status->subject = subject;
	status->detail = detail;
	*text = s;
	return 0;
}

const char *
smtp_enhanced_print(const struct smtp_status *s, char text[SMTP_ENHANCED_MAX])
{
	if (s->class != 0)
		snprintf(text, SMTP_ENHANCED_MAX, "%u.%u.%u", s->class % 10u,
		    s->subject % 1000u, s->detail % 1000u);
	else
		snprintf(text, SMTP_ENHANCED_MAX, "%u.0.0",
		    s->code / 100 % 10u);
	return text;
}

int
smtp_reply_line_parse(struct str line, struct smtp_reply_line *out)
{
	struct smtp_status	status = { 0 };
	struct str		text;

	*out = (struct smtp_reply_line){ 0 };
	/* RFC 5321 4.2: Reply-code */
	if (line.n < 3 || line.p[0] < '2' || line.p[0] > '5' ||
	    line.p[1] < '0' || line.p[1] > '5' || !is_digit(line.p[2]))
		return -1;
	if (line.n > 3 && line.p[3] != ' ' && line.p[3] != '-')
		return -1;
	out->more = line.n > 3 && line.p[3] == '-';
	out->status.code = (uint16_t)((line.p[0] - '0') * 100 +
	    (line.p[1] - '0') * 10 + (line.p[2] - '0'));
	out->text = text = str_skip(line, 4);
	if (smtp_enhanced_take(&text, &status) == -1 ||
	    status.class != out->status.code / 100)
		return 0;
	status.code = out->status.code;
	out->status = status;
	out->text = text;
	return 0;
}

void
smtp_reply_init(struct smtp_reply *r)
{
	*r = (struct smtp_reply){ .text = BUF_INIT(SMTP_REPLY_TEXT_MAX) };
}

void
smtp_reply_reset(struct smtp_reply *r)
{
	buf_reset(&r->text);
	r->status = (struct smtp_status){ 0 };
	r->lines = 0;
	r->state = SMTP_REPLY_MORE;
}

void
smtp_reply_clear(struct smtp_reply *r)
{
	buf_clear(&r->text);
	smtp_reply_reset(r);
}

/* Counts a line in; false when it does not go with those before it. */
static bool
take_status(struct smtp_reply *r, const struct smtp_status *s)
{
	if (r->lines++ == 0) {
		r->status = *s;
		return true;
	}
	if (r->status.code / 100 != s->code / 100)
		return false;
	if (r->status.class == 0)
		r->status = *s;
	r->status.code = s->code;
	return true;
}

static enum smtp_reply_state
add_line(struct smtp_reply *r, struct str line)
{
	struct smtp_reply_line	l;
	size_t			before = r->text.len;

	if (line.n > SMTP_REPLY_LINE_MAX - 2 ||
	    r->lines == SMTP_REPLY_LINES_MAX)
		return SMTP_REPLY_TOO_LONG;
	/* an LF would count as the end of a line in the text kept */
	if (smtp_reply_line_parse(line, &l) == -1 ||
	    memchr(line.p, '\n', line.n) != NULL ||
	    !take_status(r, &l.status))
		return SMTP_REPLY_BAD;
	if (r->lines > 1)
		buf_putc(&r->text, '\n');
	if (buf_put_str(&r->text, l.text) == -1) {
		buf_truncate(&r->text, before);
		return SMTP_REPLY_TOO_LONG;
	}
	return l.more ? SMTP_REPLY_MORE : SMTP_REPLY_DONE;
}

enum smtp_reply_state
smtp_reply_add(struct smtp_reply *r, struct str line)
{
	if (r->state == SMTP_REPLY_MORE)
		r->state = add_line(r, line);
	return r->state;
}
