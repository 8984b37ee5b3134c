/*
 * The life of a session: input to commands or to the body, replies to the
 * connection, waiting and deadlines, and its end.  Owns all sessions of the
 * process.  What the verbs do is in cmd_*.c.
 */
#include "session.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "clock.h"
#include "io.h"
#include "log.h"
#include "smtp.h"

#include "clients.h"
#include "cmd_data.h"
#include "cmd_rcpt.h"
#include "command.h"
#include "queue_client.h"

static TAILQ_HEAD(, session)	 sessions = TAILQ_HEAD_INITIALIZER(sessions);
static size_t			 n_sessions;
static bool			 stopping, leaving;
static void			(*none_left)(void);

void
session_setup(struct event_base *base, void (*on_none_left)(void))
{
	none_left = on_none_left;
	budget_setup(base, BUFFERED_MAX);
}

size_t
session_count(void)
{
	return n_sessions;
}

/* ---- output, deadlines, the end ---------------------------------------- */

const char *
session_client_text(const struct session *s)
{
	static char	 text[NETADDR_TEXT_MAX];

	if (s->client.family != 0)
		return netaddr_print(&s->client, text);
	snprintf(text, sizeof(text), "uid:%" PRIu32, s->uid);
	return text;
}

static void
write_replies(struct session *s)
{
	if (s->out.len != 0)
		io_write(s->io, buf_str(&s->out));
	if (s->out.size > KEEP_MAX)
		buf_clear(&s->out);
	else
		buf_reset(&s->out);
}

static void
session_free(struct session *s)
{
	log_debug("disconnect client=%s", session_client_text(s));
	queue_forget(s);
	envelope_reset(s);
	io_free(&s->io);
	clients_leave(&s->count);
	s->set->sessions--;
	settings_drop(&s->set);
	buf_clear(&s->text);
	buf_clear(&s->out);
	free(s->mail.rcpts);
	TAILQ_REMOVE(&sessions, s, link);
	n_sessions--;
	free(s);
	if (leaving && n_sessions == 0)
		none_left();
}

/* Lets the client read what it was told. */
static void
session_end(struct session *s)
{
	write_replies(s);
	io_finish(&s->io, FAREWELL_MS);
	session_free(s);
}

/* The stage has begun anew; the session as a whole has its own time. */
static void
set_deadline(struct session *s)
{
	const struct listener_conf	*is = &s->set->is;
	uint32_t			 ms = is->command_timeout_ms;
	uint64_t			 now = clock_ms();

	if (s->body.active)
		ms = is->data_timeout_ms;
	if (s->ends_ms != 0 && s->ends_ms <= now)
		ms = 1;
	else if (s->ends_ms != 0 && (ms == 0 || s->ends_ms - now < ms))
		ms = (uint32_t)(s->ends_ms - now);
	io_deadline(s->io, ms);
	s->fresh = false;
}

static void
check_errors(struct session *s)
{
	uint32_t	 max = s->set->is.max_errors;

	if (max == 0 || s->errors < max || s->closing)
		return;
	session_replyf(s, "421 4.7.0 %.*s Too many errors, closing",
	    STR_FMT(s->set->hostname));
	s->closing = true;
}

static void
shut_down(struct session *s)
{
	session_replyf(s, "421 4.3.2 %.*s Shutting down, try again later",
	    STR_FMT(s->set->hostname));
	s->closing = true;
}

/* After anything was done: what goes out, and until when.  s may be gone. */
static void
settle(struct session *s)
{
	if (s->closing || s->out.failed) {
		session_end(s);
		return;
	}
	/* replies before those to RCPT leave together with them */
	if (s->wait != WAIT_RCPT)
		write_replies(s);
	if (s->wait == WAIT_NONE && s->fresh)
		set_deadline(s);
}

/* ---- waiting ----------------------------------------------------------- */

void
session_wait(struct session *s, enum session_wait what)
{
	s->wait = what;
	io_pause(s->io);
	io_deadline(s->io, 0);
}

void
session_wake(struct session *s)
{
	if (s->wait == WAIT_NONE)
		return;		/* the answer came before it could wait */
	s->wait = WAIT_NONE;
	s->fresh = true;
	check_errors(s);
	if (stopping && !s->closing)
		shut_down(s);
	io_resume(s->io);	/* tells nothing before the end of the turn */
	settle(s);
}

static void
budget_allows(struct share *share)
{
	session_wake((struct session *)
	    ((char *)share - offsetof(struct session, share)));
}

/* ---- input ------------------------------------------------------------- */

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

/* A line with its LF. */
static enum command_result
take_command(struct session *s, struct str line)
{
	line.n--;
	if (line.n != 0 && line.p[line.n - 1] == '\r') {
		line.n--;
		return command_line(s, line);
	}
	if (s->set->is.bare_newline == NEWLINE_NORMALIZE)
		return command_line(s, line);
	if (s->mail.n_asked != 0)
		return COMMAND_AGAIN;
	/* RFC 5321 2.3.8.  Whoever sends such lines and whoever sees them
	 * may not agree about what is a command and what is not. */
	session_reply(s, "500 5.5.2 A line must end with CR and LF");
	s->closing = true;
	return COMMAND_DONE;
}

static enum command_result
line_too_long(struct session *s)
{
	if (s->mail.n_asked != 0)
		return COMMAND_AGAIN;
	session_reply(s, "500 5.5.2 Line too long");
	s->skipping = true;
	return COMMAND_DONE;
}

/* Takes a line off the front of *rest; false when there is none yet. */
static bool
take_line(struct session *s, struct str *rest)
{
	size_t			 most = SMTP_COMMAND_MAX, n = 0;
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
		r = line_too_long(s);
	if (r == COMMAND_AGAIN)
		rcpt_ask(s);
	else
		*rest = str_skip(*rest, n);
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

static size_t
on_data(void *arg, struct str in)
{
	struct session	*s = arg;
	struct str	 rest = in;
	bool		 more = true;

	while (more && rest.n != 0 && !s->closing && s->wait == WAIT_NONE) {
		more = s->body.active ? take_data(s, &rest) :
		    take_line(s, &rest);
		check_errors(s);
	}
	if (s->mail.n_asked != 0 && !s->closing && s->wait == WAIT_NONE) {
		rcpt_ask(s);
		check_errors(s);
	}
	hold(s);
	settle(s);
	return in.n - rest.n;
}

static void
on_ended(void *arg, enum io_end why)
{
	struct session	*s = arg;

	if (s->wait == WAIT_STORE)
		log_info("lost id=%s client=%s: gone before our answer",
		    msgid_text(&s->mail.id), session_client_text(s));
	if (why == IO_TIMEOUT)
		session_replyf(s, "421 4.4.2 %.*s Timeout, closing",
		    STR_FMT(s->set->hostname));
	if (why == IO_TIMEOUT || why == IO_EOF)
		session_end(s);
	else
		session_free(s);
}

/* ---- the beginning, and the stop --------------------------------------- */

static const struct io_ops	 io_ops = {
	.data = on_data,
	.ended = on_ended,
};

static void
greet(struct session *s, bool spoke_first)
{
	if (!spoke_first) {
		buf_put_str(&s->out, buf_str(&s->set->banner));
		return;
	}
	log_info("refuse client=%s code=554 reason=pregreet",
	    session_client_text(s));
	session_replyf(s, "554 5.5.1 %.*s You spoke before the greeting",
	    STR_FMT(s->set->hostname));
	s->closing = true;
}

static void
init(struct session *s, const struct session_client *c)
{
	s->set = settings_hold(c->set);
	s->set->sessions++;
	s->count = c->count;
	s->client = c->addr;
	s->uid = c->uid;
	s->trusted = c->trusted;
	s->phase = PHASE_GREETING;
	s->fresh = true;
	if (c->set->is.session_timeout_ms != 0)
		s->ends_ms = clock_ms() + c->set->is.session_timeout_ms;
	buf_init(&s->text, ENVELOPE_TEXT_MAX);
	buf_init(&s->out, REPLIES_MAX);
	body_init(&s->body);
	s->share.go_on = budget_allows;
	TAILQ_INSERT_TAIL(&sessions, s, link);
	n_sessions++;
}

int
session_new(const struct session_client *c)
{
	struct session		*s = calloc(1, sizeof(*s));
	struct client_count	*count = c->count;
	struct io		*io = io_new(c->fd, &io_ops, s);

	if (s == NULL || io == NULL) {
		clients_leave(&count);
		io_free(&io);
		free(s);
		return -1;
	}
	s->io = io;
	init(s, c);
	log_debug("connect client=%s listener=%.*s trusted=%d",
	    session_client_text(s), STR_FMT(s->set->name), s->trusted);
	greet(s, c->spoke_first);
	settle(s);
	return 0;
}

void
session_retire(void)
{
	leaving = true;
	if (n_sessions == 0)
		none_left();
}

void
session_stop_all(void)
{
	struct session	*s, *next;

	stopping = true;
	session_retire();
	for (s = TAILQ_FIRST(&sessions); s != NULL; s = next) {
		next = TAILQ_NEXT(s, link);
		if (s->wait == WAIT_STORE)
			continue;
		shut_down(s);
		session_end(s);
	}
}
