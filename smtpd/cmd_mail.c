/*
 * MAIL (RFC 5321 4.1.1.2) with SIZE (RFC 1870), BODY (RFC 6152), SMTPUTF8
 * (RFC 6531), RET and ENVID (RFC 3461) and AUTH (RFC 4954 5).  Opens a
 * transaction, and gives the message its id, so that refused recipients can
 * be found by it too.
 */
#include "addr.h"

#include "cmd_auth.h"
#include "command.h"
#include "dsn.h"
#include "login.h"
#include "path.h"

static const char *
take_size(struct session *s, const struct smtp_param *p)
{
	uint64_t	 size;

	if (smtp_number(p->value, &size) == -1)
		return "501 5.5.4 Bad SIZE";
	/* RFC 1870 6.1 */
	return size > s->set->is.message_size ?
	    "552 5.3.4 Message too large" : NULL;
}

static const char *
take_body(struct session *s, const struct smtp_param *p)
{
	static const struct str	seven = STR("7BIT"), eight = STR("8BITMIME");

	if (str_equal_nocase(p->value, eight))
		s->mail.body_type = BODY_8BITMIME;
	else if (!str_equal_nocase(p->value, seven))
		return "501 5.5.4 BODY must be 7BIT or 8BITMIME";
	return NULL;
}

/* RFC 6531 3.4 */
static const char *
take_utf8(struct session *s, const struct smtp_param *p)
{
	if (p->has_value)
		return "501 5.5.4 SMTPUTF8 has no value";
	s->mail.utf8 = true;
	return NULL;
}

static const struct path_param params[] = {
	{ "SIZE", take_size },
	{ "BODY", take_body },
	{ "SMTPUTF8", take_utf8 },
	{ "RET", dsn_take_ret },
	{ "ENVID", dsn_take_envid },
	{ "AUTH", auth_take_sender },
	{ NULL, NULL }
};

static const struct path_kind kind = {
	STR("FROM:"), ADDR_NULL, "5.1.7", "MAIL FROM:<address>"
};

enum command_result
cmd_mail(struct session *s, struct str arg)
{
	char		 why[PATH_REPLY_MAX];
	const char	*reply;
	struct str	 sender, rest;

	if (s->set->is.auth_required && login_account(s).n == 0) {
		session_reply(s, "530 5.7.0 Authentication required");
		return COMMAND_DONE;
	}
	if (path_parse(s, &kind, arg, &sender, &rest, why) == -1) {
		session_reply(s, why);
		return COMMAND_DONE;
	}
	reply = path_params(s, params, rest);
	if (reply == NULL && !s->mail.utf8 && !str_is_ascii(arg))
		reply = PATH_NOT_UTF8;
	if (reply == NULL && mail_keep(s, sender, &s->mail.sender) == -1)
		reply = "451 4.3.0 Out of memory, try again later";
	if (reply != NULL) {
		envelope_reset(s);
		session_reply(s, reply);
		return COMMAND_DONE;
	}
	msgid_new(&s->mail.id);
	s->phase = PHASE_MAIL;
	s->idle = 0;
	session_reply(s, "250 2.1.0 Ok");
	return COMMAND_DONE;
}
