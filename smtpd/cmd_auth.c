/*
 * AUTH (RFC 4954): the verb, and the exchange up to a name and a password.
 */
#include "cmd_auth.h"

#include <sodium.h>
#include <string.h>

#include "addr.h"

#include "command.h"
#include "login.h"

static void	 take_plain(struct session *, struct str);
static void	 take_name(struct session *, struct str);
static void	 take_password(struct session *, struct str);

static const struct {
	const char	*prompt;
	void		(*take)(struct session *, struct str);
} steps[STEP_N] = {
	[STEP_PLAIN] = { "334 ", take_plain },
	[STEP_NAME] = { "334 VXNlcm5hbWU6", take_name },	/* Username: */
	[STEP_PASSWORD] = { "334 UGFzc3dvcmQ6", take_password }, /* Password: */
};

static const struct mechanism {
	struct str	 name;
	enum auth_step	 first;
} mechanisms[] = {
	{ STR("PLAIN"), STEP_PLAIN },
	{ STR("LOGIN"), STEP_NAME },
};

static const struct str	 verb = STR("AUTH ");

#define MECHANISMS_N	(sizeof(mechanisms) / sizeof(mechanisms[0]))

/* ---- what others ask --------------------------------------------------- */

bool
auth_is_offered(const struct session *s)
{
	return s->tls == TLS_ON && s->set->is.auth_table != TABLE_NONE;
}

const char *
auth_take_sender(struct session *s, const struct smtp_param *p)
{
	static const struct str	 nobody = STR("<>");
	struct buf		 b = BUF_INIT(ADDR_TEXT_MAX);
	int			 r;

	if (!auth_is_offered(s))
		return "555 5.5.4 Unsupported parameter";
	if (str_equal(p->value, nobody))
		return NULL;
	r = p->value.n != 0 ? addr_xtext_decode(&b, p->value) : -1;
	buf_clear(&b);
	return r == 0 ? NULL : "501 5.5.4 Bad AUTH parameter";
}

/* ---- the exchange ------------------------------------------------------ */

static void
ask_for(struct session *s, enum auth_step step)
{
	s->login->step = step;
	session_reply(s, steps[step].prompt);
}

/* Takes what stands before the next NUL, or all. */
static struct str
take_part(struct str *rest)
{
	const char	*nul = rest->n != 0 ? memchr(rest->p, 0, rest->n) :
			    NULL;
	struct str	 part = *rest;

	if (nul != NULL)
		part.n = (size_t)(nul - rest->p);
	*rest = str_skip(*rest, part.n + 1);
	return part;
}

/*
 * RFC 4616 2: [authzid] NUL authcid NUL passwd, and no NUL in the last.
 * Nobody acts for another here.
 */
static void
take_plain(struct session *s, struct str message)
{
	struct str	 rest = message, as, name;
	unsigned	 nuls = 0;

	for (size_t i = 0; i < message.n; i++)
		nuls += message.p[i] == '\0';
	if (nuls != 2) {
		session_reply(s, "501 5.5.2 Malformed PLAIN message");
		return;
	}
	as = take_part(&rest);
	name = take_part(&rest);
	login_name(s, name);
	if (as.n != 0 && !str_equal(as, name))
		login_wrong(s);
	else
		login_check(s, rest);
}

static void
take_name(struct session *s, struct str name)
{
	login_name(s, name);
	ask_for(s, STEP_PASSWORD);
}

static void
take_password(struct session *s, struct str password)
{
	login_check(s, password);
}

/* A line of base64; what it says goes to the step that it was awaited in. */
static void
take_base64(struct session *s, struct str line)
{
	static char	 decoded[SMTP_AUTH_LINE_MAX];
	enum auth_step	 step = s->login->step;
	size_t		 n = 0;

	s->login->step = STEP_NONE;
	if (line.n != 0 && sodium_base642bin((uint8_t *)decoded,
	    sizeof(decoded), line.p, line.n, NULL, &n, NULL,
	    sodium_base64_VARIANT_ORIGINAL) == -1)
		session_reply(s, "501 5.5.2 That is not base64");
	else
		steps[step].take(s, str_bytes(decoded, n));
	sodium_memzero(decoded, sizeof(decoded));
}

bool
auth_awaits_line(const struct session *s)
{
	return s->login != NULL && s->login->step != STEP_NONE;
}

bool
auth_is_secret(const struct session *s, struct str line)
{
	return auth_awaits_line(s) || str_starts_nocase(line, verb);
}

void
auth_wipe(struct str line)
{
	if (line.n != 0)
		sodium_memzero((char *)line.p, line.n);
}

void
auth_line(struct session *s, struct str line)
{
	static const struct str	 cancel = STR("*");

	if (str_equal(line, cancel)) {
		s->login->step = STEP_NONE;
		session_reply(s, "501 5.7.0 Authentication cancelled");
		return;
	}
	take_base64(s, line);
}

size_t
auth_line_max(const struct session *s, struct str in)
{
	if (auth_awaits_line(s) ||
	    (auth_is_offered(s) && str_starts_nocase(in, verb)))
		return SMTP_AUTH_LINE_MAX;
	return SMTP_COMMAND_MAX;
}

bool
auth_line_too_long(struct session *s, struct str in)
{
	if (auth_line_max(s, in) != SMTP_AUTH_LINE_MAX)
		return false;
	if (s->login != NULL)
		s->login->step = STEP_NONE;
	session_reply(s, "500 5.5.6 Authentication exchange line too long");
	return true;
}

/* ---- the verb ---------------------------------------------------------- */

static const struct mechanism *
mechanism_find(struct str name)
{
	for (size_t i = 0; i < MECHANISMS_N; i++)
		if (str_equal_nocase(mechanisms[i].name, name))
			return &mechanisms[i];
	return NULL;
}

/* The reply for AUTH where it cannot be; or NULL. */
static const char *
refusal(const struct session *s)
{
	if (s->set->is.auth_table == TABLE_NONE)
		return "502 5.5.1 Command not implemented";
	if (!s->esmtp)
		return "503 5.5.1 Say EHLO first";
	if (s->tls != TLS_ON)
		return "538 5.7.11 Encryption required for requested "
		    "authentication mechanism";
	if (login_account(s).n != 0)
		return "503 5.5.1 You are authenticated already";
	return NULL;
}

static void
begin(struct session *s, const struct mechanism *m, struct str initial)
{
	static const struct str	 empty = STR("=");

	if (login_begin(s, m->name.p) == NULL) {
		session_reply(s, "454 4.7.0 Out of memory, try again later");
		return;
	}
	s->login->step = m->first;
	if (initial.n == 0)
		ask_for(s, m->first);
	else if (str_equal(initial, empty))
		take_base64(s, STR_NONE);	/* RFC 4954 4 */
	else
		take_base64(s, initial);
}

static void
run(struct session *s, struct str arg)
{
	const struct mechanism	*m;
	struct str		 name = arg, initial;

	for (name.n = 0; name.n < arg.n && arg.p[name.n] != ' '; name.n++)
		;
	initial = str_skip(arg, name.n + 1);
	if ((m = mechanism_find(name)) == NULL)
		session_reply(s,
		    "504 5.5.4 Unrecognized authentication mechanism");
	else
		begin(s, m, initial);
}

enum command_result
cmd_auth(struct session *s, struct str arg)
{
	const char	*reply = refusal(s);

	if (reply != NULL)
		session_reply(s, reply);
	else
		run(s, arg);
	return COMMAND_DONE;
}
