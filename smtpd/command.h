/*
 * The verbs of SMTP in one table: what may follow each, and in which phases
 * of the dialogue it is legal.  Every command line comes through here.
 */
#ifndef COMMAND_H
#define COMMAND_H

#include "session.h"
#include "str.h"

enum command_result {
	COMMAND_DONE,
	COMMAND_TLS,	/* STARTTLS is well: begin, if nothing follows it */
	COMMAND_AGAIN	/* not before the recipients before it have their
			 * replies: give it the same line then */
};

enum command_argument { ARG_NONE, ARG_MAY, ARG_MUST };

struct command {
	struct str		 verb;
	unsigned		 phases;	/* in which it may be said */
	enum command_argument	 argument;
	enum command_result	 (*run)(struct session *, struct str arg);
	const char		*syntax;	/* for HELP and for 501 */
	const char		*misplaced;	/* the reply in other phases */
};

/* line is without its line end */
enum command_result	 command_line(struct session *, struct str line);
/* NULL when there is no such verb; for HELP */
const struct command	*command_find(struct str verb);
/* the verb's row, or NULL behind the last one; for HELP */
const struct command	*command_row(size_t);

/* cmd_hello.c: EHLO, HELO */
enum command_result	 cmd_ehlo(struct session *, struct str arg);
enum command_result	 cmd_helo(struct session *, struct str arg);
/* cmd_mail.c */
enum command_result	 cmd_mail(struct session *, struct str arg);
/* cmd_auth.c */
enum command_result	 cmd_auth(struct session *, struct str arg);
/* secure.c */
enum command_result	 cmd_starttls(struct session *, struct str arg);
/* cmd_rcpt.c */
enum command_result	 cmd_rcpt(struct session *, struct str arg);
/* cmd_data.c */
enum command_result	 cmd_data(struct session *, struct str arg);
/* cmd_misc.c */
enum command_result	 cmd_rset(struct session *, struct str arg);
enum command_result	 cmd_noop(struct session *, struct str arg);
enum command_result	 cmd_quit(struct session *, struct str arg);
enum command_result	 cmd_vrfy(struct session *, struct str arg);
enum command_result	 cmd_help(struct session *, struct str arg);
enum command_result	 cmd_not_implemented(struct session *, struct str arg);
enum command_result	 cmd_not_smtp(struct session *, struct str arg);

#endif
