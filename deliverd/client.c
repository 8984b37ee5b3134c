/*
 * The SMTP client's conversation.  Replies come in the order of the
 * commands, so its state is the queue of replies that are awaited.  What one
 * means is in client_hear.c, what is said in client_send.c; here is what to
 * do next, and when to give up.
 *
 * A job is in one of three places: said (task: MAIL to the end of its
 * content), sent (the dot is out, its reply is awaited), or over.  When the
 * connection is lost, a job of which nothing was answered yet goes to
 * another connection, and one that was sent may come to be delivered twice.
 */
#include "client_impl.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "log.h"

static const struct {
	const char	*name;		/* for people: "after RCPT TO" */
	size_t		 timeout;	/* where in struct conf */
} stages[STAGE_N] = {
	[STAGE_GREETING] = { "the connection",
	    offsetof(struct conf, greeting_timeout_ms) },
	[STAGE_STARTTLS] = { "STARTTLS",
	    offsetof(struct conf, helo_timeout_ms) },
	[STAGE_HANDSHAKE] = { "the beginning of TLS",
	    offsetof(struct conf, handshake_timeout_ms) },
	[STAGE_AUTH] = { "AUTH", offsetof(struct conf, helo_timeout_ms) },
	[STAGE_EHLO] = { "EHLO", offsetof(struct conf, helo_timeout_ms) },
	[STAGE_HELO] = { "HELO", offsetof(struct conf, helo_timeout_ms) },
	[STAGE_RSET] = { "RSET", offsetof(struct conf, mail_timeout_ms) },
	[STAGE_MAIL] = { "MAIL", offsetof(struct conf, mail_timeout_ms) },
	[STAGE_RCPT] = { "RCPT", offsetof(struct conf, rcpt_timeout_ms) },
	[STAGE_DATA] = { "DATA", offsetof(struct conf, data_start_timeout_ms) },
	[STAGE_END] = { "the end of the data",
	    offsetof(struct conf, data_end_timeout_ms) },
	[STAGE_QUIT] = { "QUIT", offsetof(struct conf, quit_timeout_ms) },
};

static enum client_stage
head(const struct smtp_client *c)
{
	return c->n_expect != 0 ? c->expect[c->first] : STAGE_QUIT;
}

static const char *
where(const struct smtp_client *c)
{
	if (c->sending)
		return "sending the message";
	if (head(c) == STAGE_EHLO && client_is_lmtp(c))
		return "LHLO";
	return stages[head(c)].name;
}

void
client_expect(struct smtp_client *c, enum client_stage stage)
{
	if (c->n_expect == EXPECT_MAX) {
		client_fail(c, "4.3.0", "too many commands at a time");
		return;
	}
	c->expect[(c->first + c->n_expect++) % EXPECT_MAX] = (uint8_t)stage;
}

enum client_stage
client_take_expected(struct smtp_client *c)
{
	enum client_stage	stage = head(c);

	c->first = (c->first + 1) % EXPECT_MAX;
	c->n_expect--;
	c->moved = true;
	return stage;
}

void
client_end(struct smtp_client *c, enum client_end how)
{
	c->over = true;
	c->end = how;
}

void
client_end_early(struct smtp_client *c)
{
	if (!c->ready)
		client_end(c, CLIENT_REFUSED);
	else if (c->task == NULL && c->sent == NULL)
		client_end(c, CLIENT_LEFT);
	else
		client_end(c, CLIENT_LOST);
}

void
client_fail(struct smtp_client *c, const char *code, const char *fmt, ...)
{
	char	text[256];
	va_list	ap;

	if (c->over)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	outcome_say(&c->why, RCPT_DEFERRED, code, "%s", text);
	client_end_early(c);
}

/* ---- the ends of jobs -------------------------------------------------- */

void
client_finish_task(struct smtp_client *c)
{
	struct task	*t = c->task;

	c->task = NULL;
	c->sending = false;
	c->ops->finished(c->owner, t, true);
}

/* The connection is gone with the job between its MAIL and its dot. */
static void
lose_task(struct smtp_client *c)
{
	struct task	*t = c->task;

	c->task = NULL;
	/* a server may close a connection that was used before at any time */
	if (!c->answered && (c->n_begun > 1 || c->aborted)) {
		t->losses++;
		c->ops->returned(c->owner, t);
		return;
	}
	result_set_rest(t->result, t->n_asked, &c->why);
	c->ops->finished(c->owner, t, false);
}

static void
lose_sent(struct smtp_client *c)
{
	struct task	*t = c->sent;

	c->sent = NULL;
	log_warn("connection lost id=%s host=%.*s after the end of the data: "
	    "may be delivered twice", msgid_text(&t->id),
	    (int)c->n_host, c->host);
	result_set_rest(t->result, t->n_asked, &c->why);
	c->ops->finished(c->owner, t, false);
}

/* ---- what to do next --------------------------------------------------- */

/* The next job that has anything to be said; false when there is none. */
static bool
take_next(struct smtp_client *c)
{
	struct task	*t;

	while (!client_is_spent(c) && (t = c->ops->next(c->owner)) != NULL) {
		if (client_begin(c, t))
			return true;
		c->ops->finished(c->owner, t, true);
	}
	return false;
}

/* Without pipelining: the task goes on behind each reply, if it can. */
static void
go_on(struct smtp_client *c)
{
	if (c->n_expect != 0 || client_has_said_all(c))
		return;
	/* a refused MAIL, or a DATA that would be for nobody */
	if (c->sender_refused ||
	    (c->to_say == c->task->n_asked + 1 && c->n_accepted == 0)) {
		c->needs_rset = true;
		client_finish_task(c);
		return;
	}
	client_say_more(c);
}

/*
 * Whether the next job may be begun before all is answered.  Never in LMTP:
 * a server that miscounts its recipients would have replies to one job taken
 * for those to the next.
 */
static bool
may_overlap(const struct smtp_client *c)
{
	return !client_is_lmtp(c) &&
	    (c->caps.flags & SMTP_CAP_PIPELINING) != 0;
}

static void
proceed(struct smtp_client *c)
{
	if (!c->ready || c->over)
		return;
	if (c->task != NULL)
		go_on(c);
	while (!c->over && c->task == NULL &&
	    (c->n_expect == 0 || may_overlap(c)) && take_next(c))
		client_say_more(c);
}

static void
set_deadline(struct smtp_client *c)
{
	const struct conf	*conf = c->ops->conf();
	uint32_t		 ms = 0;

	c->moved = false;
	if (c->sending)
		ms = conf->data_block_timeout_ms;
	else if (c->n_expect != 0)
		memcpy(&ms, (const char *)conf + stages[head(c)].timeout,
		    sizeof(ms));
	io_deadline(c->io, ms);
}

void
client_settle(struct smtp_client *c)
{
	if (c->over) {
		if (c->sent != NULL)
			lose_sent(c);
		if (c->task != NULL)
			lose_task(c);
		c->ops->ended(c->owner, c->end, &c->why);
		return;
	}
	if (c->moved)
		set_deadline(c);
	if (c->ready && !c->idle && c->n_expect == 0 && c->task == NULL) {
		c->idle = true;
		c->ops->idle(c->owner);
	}
}

/* ---- for the owner ----------------------------------------------------- */

struct smtp_client *
client_new(struct io *io, enum client_protocol protocol, struct str host,
    const struct client_ops *ops, void *owner)
{
	struct smtp_client	*c = calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	c->ops = ops;
	c->owner = owner;
	c->protocol = protocol;
	c->io = io;
	c->address = *io_remote(io);
	c->n_host = host.n < sizeof(c->host) ? host.n : sizeof(c->host);
	if (c->n_host != 0)
		memcpy(c->host, host.p, c->n_host);
	smtp_reply_init(&c->reply);
	client_expect(c, STAGE_GREETING);
	set_deadline(c);
	return c;
}

void
client_free(struct smtp_client **cp)
{
	struct smtp_client	*c = *cp;

	*cp = NULL;
	if (c == NULL)
		return;
	smtp_reply_clear(&c->reply);
	client_auth_end(c);
	free(c);
}

/* One line, without its line end.  Replies are not collected beyond limits. */
static void
take_line(struct smtp_client *c, struct str line)
{
	if (line.n != 0 && line.p[line.n - 1] == '\r')
		line.n--;
	switch (smtp_reply_add(&c->reply, line)) {
	case SMTP_REPLY_MORE:
		break;
	case SMTP_REPLY_DONE:
		client_hear(c);
		smtp_reply_reset(&c->reply);
		break;
	case SMTP_REPLY_TOO_LONG:
		client_fail(c, "4.5.0", "too long a reply to %s", where(c));
		break;
	case SMTP_REPLY_BAD:
		client_fail(c, "4.5.0", "not an SMTP reply to %s: %s",
		    where(c), log_text(line));
		break;
	}
}

size_t
client_input(struct smtp_client *c, struct str in)
{
	const char	*lf;
	size_t		 used = 0;

	c->dropped = false;
	while (!c->over && !c->dropped && used < in.n &&
	    (lf = memchr(in.p + used, '\n', in.n - used)) != NULL) {
		take_line(c, str_bytes(in.p + used,
		    (size_t)(lf - in.p) - used));
		used = (size_t)(lf - in.p) + 1;
		if (!client_is_lmtp(c))
			proceed(c);
	}
	if (c->dropped)
		used = in.n;
	if (in.n - used >= SMTP_REPLY_LINE_MAX)
		client_fail(c, "4.5.0", "too long a line in the reply to %s",
		    where(c));
	/* and so one reply too many is seen before anything else is said */
	proceed(c);
	client_settle(c);
	return used;
}

void
client_drained(struct smtp_client *c)
{
	if (!c->sending)
		return;
	client_content_more(c);
	proceed(c);
	client_settle(c);
}

void
client_closed(struct smtp_client *c, enum io_end how)
{
	if (client_tls_broken(c, how))
		;
	else if (how == IO_TIMEOUT)
		client_fail(c, "4.4.2", "timeout after %s", where(c));
	else
		client_fail(c, "4.4.2", "connection lost after %s", where(c));
	client_settle(c);
}

bool
client_is_spent(const struct smtp_client *c)
{
	uint32_t	max = c->ops->conf()->connection_messages;

	return c->closing || (max != 0 && c->n_begun >= max) ||
	    (c->caps.mail_max != 0 && c->n_begun >= c->caps.mail_max);
}

bool
client_has_room(const struct smtp_client *c)
{
	return c->ready && !c->over && c->task == NULL &&
	    (c->n_expect == 0 || may_overlap(c)) && !client_is_spent(c);
}

void
client_wake(struct smtp_client *c)
{
	if (!client_has_room(c))
		return;
	c->idle = false;
	proceed(c);
	client_settle(c);
}

void
client_quit(struct smtp_client *c)
{
	c->closing = true;
	if (io_write(c->io, str_of("QUIT\r\n")) == -1)
		client_fail(c, "4.4.2", "cannot write to the connection");
	client_expect(c, STAGE_QUIT);
	c->moved = true;
	client_settle(c);
}

void
client_abort(struct smtp_client *c, const char *why)
{
	c->aborted = true;
	client_fail(c, "4.3.2", "%s", why);
	client_settle(c);
}
