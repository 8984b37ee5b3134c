/*
 * DATA (RFC 5321 4.1.1.4) and what comes of it.  250 is said here and only
 * here, when queued has said that the message is durable.
 */
#include "cmd_data.h"

#include <inttypes.h>

#include "clock.h"
#include "log.h"

#include "command.h"
#include "login.h"
#include "queue_client.h"
#include "secure.h"

static const char *const faults[BODY_FAULT_N] = {
	/* RFC 5321 2.3.8; what else it may be is smuggling */
	[BODY_BARE_NEWLINE] =
	    "550 5.6.0 Message holds a CR or LF that is not a line end",
	[BODY_NUL] = "550 5.6.0 Message holds a NUL",
	[BODY_TOO_LARGE] = "552 5.3.4 Message too large",
	[BODY_HEADER_TOO_LARGE] = "552 5.6.0 Message header too large",
	[BODY_LOOPS] = "554 5.4.6 Too many hops: a mail loop",
	[BODY_DELIVERED] = "554 5.4.6 Mail loop: a recipient has had it before",
	[BODY_NO_SPACE] = "452 4.3.1 Not enough storage now, try again later",
	[BODY_NO_FILE] = "451 4.3.0 Cannot store the message now",
	[BODY_NO_MEMORY] = "451 4.3.0 Out of memory, try again later",
};

static const struct {
	const char	*code;
	const char	*text;		/* unless queued has its own */
} stored[STORE_RESULT_N] = {
	[STORE_OK] = { "250 2.0.0", "Ok" },
	[STORE_NO_SPACE] = { "452 4.3.1",
	    "Not enough storage now, try again later" },
	[STORE_IO_ERROR] = { "451 4.3.0", "Cannot store the message now" },
	[STORE_TOO_LARGE] = { "552 5.3.4", "Message too large" },
	[STORE_REFUSED] = { "554 5.6.0", "Message refused" },
	[STORE_TEMPORARY] = { "451 4.3.0", "Cannot store the message now" },
};

enum command_result
cmd_data(struct session *s, struct str arg)
{
	(void)arg;
	s->mail.arrived = (uint64_t)clock_wall();
	if (body_start(s) == -1) {
		session_reply(s, "451 4.3.0 Out of memory, try again later");
		return COMMAND_DONE;
	}
	session_reply(s, "354 End data with <CR><LF>.<CR><LF>");
	return COMMAND_DONE;
}

static void
log_accept(const struct session *s)
{
	log_info("accept id=%s from=<%s> size=%" PRIu64 " nrcpt=%zu client=%s "
	    "helo=%s proto=%s tls=%s%s", msgid_text(&s->mail.id),
	    log_text(mail_text(s, s->mail.sender)), s->body.scan.size,
	    s->mail.n_rcpts, session_client_text(s), log_text(mail_helo(s)),
	    session_protocol(s), secure_text(s), login_log_text(s));
}

static void
log_refuse(const struct session *s, const char *code, struct str reason)
{
	log_info("refuse id=%s from=<%s> size=%" PRIu64 " client=%s helo=%s "
	    "code=%.3s reason=\"%s\"", msgid_text(&s->mail.id),
	    log_text(mail_text(s, s->mail.sender)), s->body.scan.size,
	    session_client_text(s), log_text(mail_helo(s)), code,
	    log_text(reason));
}

/* The transaction has failed with this reply. */
static void
refuse(struct session *s, const char *reply)
{
	log_refuse(s, reply, str_skip(str_of(reply), 4));
	session_reply(s, reply);
	envelope_reset(s);
}

void
data_ended(struct session *s)
{
	body_finish(s);
	if (s->body.fault != BODY_FINE)
		refuse(s, faults[s->body.fault]);
	else if (queue_submit(s) == 0)
		session_wait(s, WAIT_STORE);
	else
		refuse(s, faults[BODY_NO_FILE]);
}

void
data_stored(struct session *s, enum store_result r, struct str text)
{
	if (r == STORE_OK) {
		log_accept(s);
		session_replyf(s, "250 2.0.0 Ok: queued as %s",
		    msgid_text(&s->mail.id));
		s->errors = 0;
	} else {
		if (text.n == 0)
			text = str_of(stored[r].text);
		log_refuse(s, stored[r].code, text);
		session_replyf(s, "%s %.*s", stored[r].code, STR_FMT(text));
	}
	envelope_reset(s);
	session_wake(s);
}

void
data_file(struct session *s, int fd, uint32_t large, enum store_result r)
{
	body_file(s, fd, large,
	    r == STORE_NO_SPACE ? BODY_NO_SPACE : BODY_NO_FILE);
	if (s->body.scan.ended)
		data_ended(s);
	if (s->wait != WAIT_STORE)
		session_wake(s);
}
