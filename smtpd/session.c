/*
 * The life of a session: its beginning, waiting and deadlines, and its end.
 * Owns all sessions of the process.  How its input is divided is in
 * session_input.c, what the verbs do in cmd_*.c.
 */
#include "session.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "clock.h"
#include "io.h"
#include "log.h"

#include "login.h"
#include "places.h"
#include "queue_client.h"
#include "secure.h"

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

/* ---- what it is -------------------------------------------------------- */

const char *
session_client_text(const struct session *s)
{
	static char	 text[NETADDR_TEXT_MAX];

	if (s->client.family != 0)
		return netaddr_print(&s->client, text);
	snprintf(text, sizeof(text), "uid:%" PRIu32, s->uid);
	return text;
}

const char *
session_protocol(const struct session *s)
{
	/* as it was asked for; TLS without it, with it; of each, not
	 * authenticated, authenticated */
	static const char *const	 names[2][2][2] = {
		{ { "ESMTP", "ESMTPA" }, { "ESMTPS", "ESMTPSA" } },
		{ { "UTF8SMTP", "UTF8SMTPA" }, { "UTF8SMTPS", "UTF8SMTPSA" } }
	};

	if (!s->esmtp)
		return "SMTP";	/* there are no names for more */
	return names[s->mail.utf8][s->tls == TLS_ON]
	    [login_account(s).n != 0];
}

/* ---- output, deadlines, the end ---------------------------------------- */

static void
session_free(struct session *s)
{
	log_debug("disconnect client=%s", session_client_text(s));
	queue_forget(s);
	envelope_reset(s);
	login_clear(s);
	io_free(&s->io);
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
	session_write(s);
	io_finish(&s->io, places_crowded(s->set) ? FAREWELL_CROWDED_MS :
	    FAREWELL_MS);
	session_free(s);
}

/* The stage has begun anew; the session as a whole has its own time. */
static void
set_deadline(struct session *s)
{
	const struct listener_conf	*is = &s->set->is;
	uint64_t			 now = clock_ms();
	uint32_t			 ms;

	if (s->tls == TLS_HANDSHAKE)
		ms = places_shorter(s->set, is->handshake_timeout_ms,
		    CROWDED_COMMAND_MS);
	else if (s->body.active)
		ms = places_shorter(s->set, is->data_timeout_ms,
		    CROWDED_DATA_MS);
	else
		ms = places_shorter(s->set, is->command_timeout_ms,
		    CROWDED_COMMAND_MS);
	if (s->ends_ms != 0 && s->ends_ms <= now)
		ms = 1;
	else if (s->ends_ms != 0 && (ms == 0 || s->ends_ms - now < ms))
		ms = (uint32_t)(s->ends_ms - now);
	io_deadline(s->io, ms);
	s->fresh = false;
}

static void
close_with(struct session *s, const char *status, const char *words)
{
	session_replyf(s, "421 %s %.*s %s", status, STR_FMT(s->set->hostname),
	    words);
	s->closing = true;
}

void
session_close(struct session *s, const char *words)
{
	close_with(s, "4.7.0", words);
}

void
session_check_errors(struct session *s)
{
	uint32_t	 max = s->set->is.max_errors;

	if (max != 0 && s->errors >= max && !s->closing)
		session_close(s, "Too many errors, closing");
}

static void
shut_down(struct session *s)
{
	close_with(s, "4.3.2", "Shutting down, try again later");
}

static void
log_overflow(const struct session *s)
{
	log_info("lost client=%s: overflow, too much unread by one side",
	    session_client_text(s));
}

/* After anything was done: what goes out, and until when.  s may be gone. */
static void
settle(struct session *s)
{
	if (s->out.failed)
		log_overflow(s);
	if (s->closing || s->out.failed) {
		session_end(s);
		return;
	}
	/* replies before those to RCPT leave together with them */
	if (s->wait != WAIT_RCPT)
		session_write(s);
	if ((s->wait == WAIT_NONE || s->wait == WAIT_OUTPUT) && s->fresh)
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
	session_check_errors(s);
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

/* ---- the connection ---------------------------------------------------- */

static size_t
on_data(void *arg, struct str in)
{
	struct session	*s = arg;
	size_t		 used = session_input(s, in);

	settle(s);
	return used;
}

static void
on_drained(void *arg)
{
	struct session	*s = arg;

	if (s->wait == WAIT_OUTPUT)
		session_wake(s);
}

static void
on_ended(void *arg, enum io_end why)
{
	struct session	*s = arg;

	secure_ended(s);
	if (s->wait == WAIT_STORE)
		log_info("lost id=%s client=%s: gone before our answer",
		    msgid_text(&s->mail.id), session_client_text(s));
	if (why == IO_OVERFLOW)
		log_overflow(s);
	/* in the middle of a handshake there is no way to say anything */
	if (s->tls == TLS_HANDSHAKE || why == IO_ERROR || why == IO_OVERFLOW) {
		session_free(s);
		return;
	}
	if (why == IO_TIMEOUT)
		close_with(s, "4.4.2", "Timeout, closing");
	session_end(s);
}

/* ---- the beginning, and the stop --------------------------------------- */

static const struct io_ops	 io_ops = {
	.data = on_data,
	.drained = on_drained,
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

void
session_forget(struct session *s)
{
	s->phase = PHASE_GREETING;
	s->esmtp = false;
	envelope_reset(s);
	s->helo_len = 0;
	buf_reset(&s->text);
}

void
session_secured(struct session *s)
{
	s->tls = TLS_ON;
	if (settings_are_implicit(s->set))
		greet(s, false);
	session_write(s);
	set_deadline(s);
}

static void
init(struct session *s, const struct session_client *c)
{
	s->set = settings_hold(c->set);
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
	struct session	*s = calloc(1, sizeof(*s));
	struct place	*place = place_new(c->set, c->count);
	struct io	*io = io_new(c->fd, &io_ops, s);

	if (s == NULL || place == NULL || io == NULL) {
		place_leave(place);
		io_free(&io);
		free(s);
		return -1;
	}
	io_on_close(io, place_leave, place);
	s->io = io;
	init(s, c);
	log_debug("connect client=%s listener=%.*s trusted=%d",
	    session_client_text(s), STR_FMT(s->set->name), s->trusted);
	if (!settings_are_implicit(c->set))
		greet(s, c->spoke_first);
	else if (secure_begin(s) == -1) {
		session_free(s);	/* the log has why */
		return 0;
	}
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
		if (s->tls == TLS_HANDSHAKE) {
			session_free(s);
			continue;
		}
		shut_down(s);
		session_end(s);
	}
}
