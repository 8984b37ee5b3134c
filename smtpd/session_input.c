/*
 * Input of a session: to commands, line by line, or to the body.  Stops as
 * soon as the session must wait, also for its client to read what it was
 * told, and leaves the rest with the connection.
 */
#include "session.h"

#include "io.h"
#include "log.h"
#include "smtp.h"

#include "cmd_auth.h"
#include "cmd_data.h"
#include "cmd_rcpt.h"
#include "command.h"
#include "queue_client.h"
#include "secure.h"

static bool
skip_line(struct session *s, struct str *rest)
{
	const char	*end = memchr(rest->p, '\n', rest->n);

	s->skipping = end == NULL;
	s->fresh = end != NULL;
	*rest = str_skip(*rest, end != NULL ? (size_t)(end - rest->p) + 1 :
	    rest->n);
	return true;
}

static enum command_result
take_text(struct session *s, struct str line)
{
	bool			 secret = auth_is_secret(s, line);
	enum command_result	 r = COMMAND_DONE;

	if (auth_awaits_line(s))
		auth_line(s, line);
	else
		r = command_line(s, line);
	if (secret && r != COMMAND_AGAIN)
		auth_wipe(line);
	return r;
}

/* A line with its LF. */
static enum command_result
take_command(struct session *s, struct str line)
{
	line.n--;
	if (line.n != 0 && line.p[line.n - 1] == '\r') {
		line.n--;
		return take_text(s, line);
	}
	if (s->set->is.bare_newline == NEWLINE_NORMALIZE)
		return take_text(s, line);
	if (s->mail.n_asked != 0)
		return COMMAND_AGAIN;
	/* RFC 5321 2.3.8.  Whoever sends such lines and whoever sees them
	 * may not agree about what is a command and what is not. */
	session_reply(s, "500 5.5.2 A line must end with CR and LF");
	s->closing = true;
	return COMMAND_DONE;
}

static enum command_result
line_too_long(struct session *s, struct str in)
{
	if (s->mail.n_asked != 0)
		return COMMAND_AGAIN;
	if (!auth_line_too_long(s, in))
		session_reply(s, "500 5.5.2 Line too long");
	s->skipping = true;
	return COMMAND_DONE;
}

/* Takes a line off the front of *rest; false when there is none yet. */
static bool
take_line(struct session *s, struct str *rest)
{
	size_t			 most = auth_line_max(s, *rest), n = 0;
	const char		*end;
	enum command_result	 r;

	if (s->skipping)
		return skip_line(s, rest);
	end = memchr(rest->p, '\n', rest->n < most ? rest->n : most);
	if (end == NULL && rest->n < most)
		return false;
	if (end != NULL) {
		n = (size_t)(end - rest->p) + 1;
		r = take_command(s, str_bytes(rest->p, n));
		s->fresh = true;
	} else
		r = line_too_long(s, *rest);
	if (r == COMMAND_AGAIN)
		rcpt_ask(s);
	else
		*rest = str_skip(*rest, n);
	if (r == COMMAND_TLS)
		secure_start(s, rest->n == 0);
	return true;
}

/* Says how much memory it has now; what every session has is not counted. */
static void
hold(struct session *s)
{
	size_t	 held = body_held(&s->body) + s->text.size +
		    s->mail.size * sizeof(*s->mail.rcpts);

	budget_hold(&s->share, held > HELD_FREE ? held : 0);
}

static bool
take_data(struct session *s, struct str *rest)
{
	switch (body_input(s, rest)) {
	case BODY_MORE:
		break;
	case BODY_BLOCK:
		s->fresh = true;
		break;
	case BODY_NEEDS_FILE:
		if (queue_open_large(s) == 0)
			session_wait(s, WAIT_FILE);
		else
			data_file(s, -1, 0, STORE_TEMPORARY);
		break;
	case BODY_ENDED:
		s->fresh = true;
		data_ended(s);
		break;
	}
	hold(s);
	if (s->body.active && s->wait == WAIT_NONE &&
	    budget_must_wait(&s->share))
		session_wait(s, WAIT_BUDGET);
	return true;
}

/*
 * RFC 2920 3.1: DATA is the last of its group.  Some send the content right
 * behind it all the same, and it does no harm: it is content to us either
 * way.  The postmaster may want to know who they are.
 */
static void
note_early(struct session *s)
{
	if (s->early)
		return;
	s->early = true;
	log_info("pipelined client=%s helo=%s: sent content before 354",
	    session_client_text(s), log_text(mail_helo(s)));
}

static bool
take_one(struct session *s, struct str *rest)
{
	bool	 more;

	if (s->body.active)
		return take_data(s, rest);
	more = take_line(s, rest);
	if (s->body.active && rest->n != 0)
		note_early(s);
	return more;
}

/*
 * Many short commands have long replies.  No more are read while the client
 * does not take those that it has; never between recipients that are yet to
 * be asked about, as nobody would go on with them.
 */
static bool
has_to_drain(struct session *s)
{
	if (s->mail.n_asked != 0)
		return false;
	if (s->out.len >= REPLIES_MARK)
		session_write(s);
	if (io_waiting(s->io) < IO_OUT_LOW)
		return false;
	session_wait(s, WAIT_OUTPUT);
	s->fresh = true;
	return true;
}

size_t
session_input(struct session *s, struct str in)
{
	struct str	 rest = in;
	bool		 more = true;

	while (more && rest.n != 0 && !s->closing && s->wait == WAIT_NONE &&
	    !has_to_drain(s)) {
		more = take_one(s, &rest);
		session_check_errors(s);
	}
	if (s->mail.n_asked != 0 && !s->closing && s->wait == WAIT_NONE) {
		rcpt_ask(s);
		session_check_errors(s);
	}
	hold(s);
	return in.n - rest.n;
}
