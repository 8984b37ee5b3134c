/*
 * The verbs that take part in no transaction but to end it.
 */
#include "command.h"

/* A client that asks for nothing only keeps a place that others need. */
static void
count_idle(struct session *s)
{
	if (++s->idle > IDLE_MAX)
		s->errors++;
}

enum command_result
cmd_rset(struct session *s, struct str arg)
{
	(void)arg;
	count_idle(s);
	envelope_reset(s);
	session_reply(s, "250 2.0.0 Ok");
	return COMMAND_DONE;
}

enum command_result
cmd_noop(struct session *s, struct str arg)
{
	(void)arg;
	count_idle(s);
	session_reply(s, "250 2.0.0 Ok");
	return COMMAND_DONE;
}

enum command_result
cmd_quit(struct session *s, struct str arg)
{
	(void)arg;
	session_reply(s, "221 2.0.0 Bye");
	s->closing = true;
	return COMMAND_DONE;
}

/* RFC 5321 3.5.3: neither yes nor no, so that nobody harvests addresses. */
enum command_result
cmd_vrfy(struct session *s, struct str arg)
{
	(void)arg;
	count_idle(s);
	session_reply(s,
	    "252 2.0.0 Not verified; send mail to it and it will be tried");
	return COMMAND_DONE;
}

static void
help_all(struct session *s)
{
	const struct command	*c;

	buf_puts(&s->out, "214-2.0.0 This is postern.  Verbs:\r\n");
	for (size_t i = 0; (c = command_row(i)) != NULL; i++)
		if (c->syntax != NULL)
			buf_printf(&s->out, "214-2.0.0  %s\r\n", c->syntax);
	buf_puts(&s->out, "214 2.0.0 See RFC 5321 for the rest\r\n");
}

enum command_result
cmd_help(struct session *s, struct str arg)
{
	const struct command	*c = command_find(arg);

	count_idle(s);
	if (arg.n == 0)
		help_all(s);
	else if (c != NULL && c->syntax != NULL)
		session_replyf(s, "214 2.0.0 %s", c->syntax);
	else
		session_reply(s, "504 5.5.4 No help about that");
	return COMMAND_DONE;
}

enum command_result
cmd_not_implemented(struct session *s, struct str arg)
{
	(void)arg;
	session_reply(s, "502 5.5.1 Command not implemented");
	return COMMAND_DONE;
}

enum command_result
cmd_not_smtp(struct session *s, struct str arg)
{
	(void)arg;
	session_reply(s, "554 5.5.1 This is not an HTTP server");
	s->closing = true;
	return COMMAND_DONE;
}
