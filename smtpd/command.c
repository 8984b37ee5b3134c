/*
 * From a line to the function of its verb.  Nothing of a verb is done before
 * its row has allowed it.
 */
#include "command.h"

#include "log.h"
#include "smtp.h"

#define NEED_MAIL	"503 5.5.1 Need MAIL before that"
#define NEED_RCPT	"503 5.5.1 Need MAIL and RCPT before DATA"
#define IN_MAIL		"503 5.5.1 Not during a transaction"
#define ALWAYS		(PHASE_ANY | PHASE_IN_CLEAR)

static const struct command commands[] = {
	/* verb, phases, argument, function, syntax, misplaced */
	{ STR("EHLO"), ALWAYS, ARG_MUST, cmd_ehlo, "EHLO your.host.name",
	    NULL },
	{ STR("HELO"), PHASE_ANY, ARG_MUST, cmd_helo,
	    "HELO your.host.name", NULL },
	{ STR("MAIL"), PHASE_READY, ARG_MUST, cmd_mail,
	    "MAIL FROM:<address> [SIZE=octets] [BODY=7BIT|8BITMIME] "
	    "[SMTPUTF8] [RET=FULL|HDRS] [ENVID=xtext]",
	    "503 5.5.1 A transaction is open already" },
	{ STR("RCPT"), PHASE_MAIL | PHASE_REFUSED | PHASE_RCPT, ARG_MUST,
	    cmd_rcpt, "RCPT TO:<address> [NOTIFY=NEVER|SUCCESS,FAILURE,DELAY] "
	    "[ORCPT=type;xtext]", NEED_MAIL },
	{ STR("DATA"), PHASE_RCPT, ARG_NONE, cmd_data, "DATA", NEED_RCPT },
	{ STR("RSET"), PHASE_ANY, ARG_NONE, cmd_rset, "RSET", NULL },
	{ STR("NOOP"), ALWAYS, ARG_MAY, cmd_noop, "NOOP [text]", NULL },
	{ STR("QUIT"), ALWAYS, ARG_NONE, cmd_quit, "QUIT", NULL },
	{ STR("STARTTLS"), PHASE_READY | PHASE_IN_CLEAR, ARG_NONE,
	    cmd_starttls, "STARTTLS", IN_MAIL },
	/* in clear it has a reply of its own */
	{ STR("AUTH"), PHASE_READY | PHASE_IN_CLEAR, ARG_MUST, cmd_auth,
	    "AUTH PLAIN|LOGIN [initial response]", IN_MAIL },
	{ STR("VRFY"), PHASE_ANY, ARG_MUST, cmd_vrfy, "VRFY address", NULL },
	{ STR("HELP"), PHASE_ANY, ARG_MAY, cmd_help, "HELP [verb]", NULL },
	/* RFC 5321 4.2.4: 502 for what we know and do not do */
	{ STR("EXPN"), PHASE_ANY, ARG_MAY, cmd_not_implemented, NULL, NULL },
	{ STR("TURN"), PHASE_ANY, ARG_MAY, cmd_not_implemented, NULL, NULL },
	{ STR("SEND"), PHASE_ANY, ARG_MAY, cmd_not_implemented, NULL, NULL },
	{ STR("SOML"), PHASE_ANY, ARG_MAY, cmd_not_implemented, NULL, NULL },
	{ STR("SAML"), PHASE_ANY, ARG_MAY, cmd_not_implemented, NULL, NULL },
	{ STR("BDAT"), PHASE_ANY, ARG_MAY, cmd_not_implemented, NULL, NULL },
	{ STR("ETRN"), PHASE_ANY, ARG_MAY, cmd_not_implemented, NULL, NULL },
	/* a browser was made to talk to us: what follows is not its own */
	{ STR("GET"), ALWAYS, ARG_MAY, cmd_not_smtp, NULL, NULL },
	{ STR("POST"), ALWAYS, ARG_MAY, cmd_not_smtp, NULL, NULL },
	{ STR("CONNECT"), ALWAYS, ARG_MAY, cmd_not_smtp, NULL, NULL },
};

#define COMMANDS_N	(sizeof(commands) / sizeof(commands[0]))

const struct command *
command_row(size_t i)
{
	return i < COMMANDS_N ? &commands[i] : NULL;
}

const struct command *
command_find(struct str verb)
{
	for (size_t i = 0; i < COMMANDS_N; i++)
		if (str_equal_nocase(commands[i].verb, verb))
			return &commands[i];
	return NULL;
}

static const char *
misplaced_reply(const struct session *s, const struct command *c)
{
	if (s->phase == PHASE_GREETING)
		return "503 5.5.1 Say EHLO or HELO first";
	/* RFC 2920 3.1: every RCPT pipelined before it was refused */
	if (s->phase == PHASE_REFUSED && c->run == cmd_data)
		return "554 5.5.1 No valid recipients";
	return c->misplaced;
}

/* A listener that nobody has to find may demand it: RFC 3207 4. */
static bool
needs_tls(const struct session *s)
{
	return s->tls == TLS_OFF && s->set->tls != NULL &&
	    s->set->is.tls >= TLS_LEVEL_ENCRYPT;
}

enum command_result
command_line(struct session *s, struct str line)
{
	const struct command	*c = NULL;
	struct str		 verb, arg;
	int			 split = smtp_command_split(line, &verb, &arg);

	if (split == 0)
		c = command_find(verb);
	/* replies have the order of their commands: RFC 2920 3.2 */
	if (s->mail.n_asked != 0 && (c == NULL || c->run != cmd_rcpt))
		return COMMAND_AGAIN;
	if (c == NULL)
		session_reply(s, split == 0 ?
		    "500 5.5.2 Command not recognized" :
		    "500 5.5.2 Bad command syntax");
	else if (needs_tls(s) && (c->phases & PHASE_IN_CLEAR) == 0)
		session_reply(s,
		    "530 5.7.0 Must issue a STARTTLS command first");
	else if ((c->phases & s->phase) == 0)
		session_reply(s, misplaced_reply(s, c));
	else if ((c->argument == ARG_NONE && arg.n != 0) ||
	    (c->argument == ARG_MUST && arg.n == 0)) {
		if (s->mail.n_asked != 0)
			return COMMAND_AGAIN;
		session_replyf(s, "501 5.5.4 Syntax: %s", c->syntax);
	} else
		return c->run(s, arg);
	return COMMAND_DONE;
}
