/*
 * EHLO and HELO (RFC 5321 4.1.1.1).  Both may come again, and end an open
 * transaction then (4.1.4).
 */
#include "domain.h"

#include "cmd_auth.h"
#include "command.h"
#include "secure.h"

/* Keeps the name; -1 when it is not one, with the reply made. */
static int
take_name(struct session *s, struct str name)
{
	struct span	 kept;

	if (domain_helo_check(name) == HELO_GARBAGE) {
		session_reply(s, "501 5.5.4 That is no host name");
		return -1;
	}
	envelope_reset(s);
	s->helo_len = 0;
	buf_reset(&s->text);
	if (mail_keep(s, name, &kept) == -1) {
		session_reply(s, "451 4.3.0 Out of memory, try again later");
		return -1;
	}
	s->helo_len = kept.len;
	s->phase = PHASE_READY;
	return 0;
}

enum command_result
cmd_ehlo(struct session *s, struct str arg)
{
	if (take_name(s, arg) == 0) {
		s->esmtp = true;
		buf_put_str(&s->out, buf_str(&s->set->ehlo));
		if (secure_is_offered(s))
			buf_puts(&s->out, "250-STARTTLS\r\n");
		if (auth_is_offered(s))
			buf_puts(&s->out, "250-AUTH PLAIN LOGIN\r\n");
		buf_puts(&s->out, "250 HELP\r\n");
	}
	return COMMAND_DONE;
}

enum command_result
cmd_helo(struct session *s, struct str arg)
{
	if (take_name(s, arg) == 0) {
		s->esmtp = false;
		buf_put_str(&s->out, buf_str(&s->set->helo));
	}
	return COMMAND_DONE;
}
