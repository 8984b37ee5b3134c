/*
 * Replies on their way to the client.  They are gathered in the session and
 * written together; every 5yz is counted, whoever gave it.
 */
#include "session.h"

#include <stdarg.h>
#include <stdio.h>

#include "io.h"

#define REPLY_MAX	510	/* RFC 5321 4.5.3.1.5, without CRLF */

static void
add(struct session *s, const char *line, size_t n)
{
	if (line[0] == '5')
		s->errors++;
	buf_put(&s->out, line, n);
	buf_put(&s->out, "\r\n", 2);
}

void
session_reply(struct session *s, const char *line)
{
	add(s, line, strlen(line));
}

void
session_replyf(struct session *s, const char *fmt, ...)
{
	char	 line[REPLY_MAX + 1];
	va_list	 ap;
	size_t	 n;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	for (n = 0; line[n] != '\0'; n++)
		if (line[n] < ' ' || line[n] > '~')
			line[n] = '?';
	add(s, line, n);
}

void
session_write(struct session *s)
{
	if (s->out.len != 0)
		io_write(s->io, buf_str(&s->out));
	if (s->out.size > KEEP_MAX)
		buf_clear(&s->out);
	else
		buf_reset(&s->out);
}
