/*
 * What client and server share of SMTP beside replies (smtp_reply.h) and
 * mail data (smtp_data.h): the protocol's numbers, command lines with their
 * parameters, and what a server offers in its answer to EHLO.
 */
#ifndef SMTP_H
#define SMTP_H

#include <stdbool.h>
#include <stdint.h>

#include "str.h"

/*
 * A command line with its CRLF (RFC 5321 4.5.3.1.4), and what extensions add
 * to those of MAIL and RCPT.  A server keeps to one maximum for all verbs,
 * the sum rounded up, so as not to refuse what some extension allows.
 */
#define SMTP_COMMAND_BASE	512
#define SMTP_MAIL_EXTRA		(26 /* SIZE, RFC 1870 */ + \
				 17 /* BODY, RFC 6152 */ + \
				107 /* RET and ENVID, RFC 3461 */ + \
				500 /* AUTH, RFC 4954 */ + \
				 10 /* SMTPUTF8, RFC 6531 */ + \
				 11 /* REQUIRETLS, RFC 8689 */)
#define SMTP_RCPT_EXTRA		500	/* NOTIFY and ORCPT, RFC 3461 */
#define SMTP_COMMAND_MAX	2048
#define SMTP_AUTH_LINE_MAX	12288	/* RFC 4954 4, its answers included */

#define SMTP_TEXT_LINE_MAX	1000	/* with CRLF, RFC 5321 4.5.3.1.6 */
#define SMTP_RCPT_MIN		100	/* that any server takes, 4.5.3.1.8 */

/* The least times to wait, in seconds: RFC 5321 4.5.3.2.1 to .7 */
#define SMTP_GREETING_TIMEOUT	300	/* the client, in each state */
#define SMTP_HELLO_TIMEOUT	300	/* not in the RFC: as for MAIL */
#define SMTP_MAIL_TIMEOUT	300
#define SMTP_RCPT_TIMEOUT	300
#define SMTP_DATA_TIMEOUT	120	/* for the 354 */
#define SMTP_BLOCK_TIMEOUT	180	/* for each write of data */
#define SMTP_DOT_TIMEOUT	600	/* too short here makes duplicates */
#define SMTP_QUIT_TIMEOUT	5	/* ours: nothing is lost by leaving */
#define SMTP_COMMAND_TIMEOUT	300	/* the server, for the next command */

/*
 * Splits a command line (without its CRLF) into a verb and an argument,
 * which has no blanks around it and may be empty.  Borrows.  -1 when the
 * line does not begin with a word of letters and digits, or holds a control
 * character other than a tab.
 */
int	smtp_command_split(struct str line, struct str *verb,
	    struct str *arg);

struct smtp_param {
	struct str	key, value;
	bool		has_value;	/* "KEY=" is a syntax error */
};

/*
 * Takes the next ESMTP parameter (RFC 5321 4.1.2) off the front of *rest.
 * 1: there it is, borrowed; 0: no more; -1: not a parameter.  8-bit values
 * pass if utf8 is set and they are well-formed.
 */
int	smtp_param_next(struct str *rest, bool utf8, struct smtp_param *);
/* key without regard to case */
bool	smtp_param_is(const struct smtp_param *, const char *key);
/* All of s as a decimal number; -1 if it is none or does not fit. */
int	smtp_number(struct str s, uint64_t *);

#define SMTP_CAP_PIPELINING	0x0001
#define SMTP_CAP_SIZE		0x0002
#define SMTP_CAP_8BITMIME	0x0004
#define SMTP_CAP_ENHANCED	0x0008	/* ENHANCEDSTATUSCODES */
#define SMTP_CAP_STARTTLS	0x0010
#define SMTP_CAP_SMTPUTF8	0x0020
#define SMTP_CAP_DSN		0x0040
#define SMTP_CAP_CHUNKING	0x0080
#define SMTP_CAP_LIMITS		0x0100
#define SMTP_CAP_AUTH		0x0200
#define SMTP_CAP_BINARYMIME	0x0400
#define SMTP_CAP_REQUIRETLS	0x0800
#define SMTP_CAP_XCLIENT	0x1000

#define SMTP_AUTH_PLAIN		0x01
#define SMTP_AUTH_LOGIN		0x02
#define SMTP_AUTH_CRAM_MD5	0x04
#define SMTP_AUTH_SCRAM_SHA_256	0x08
#define SMTP_AUTH_SCRAM_PLUS	0x10	/* SCRAM-SHA-256-PLUS */
#define SMTP_AUTH_XOAUTH2	0x20
#define SMTP_AUTH_OAUTHBEARER	0x40
#define SMTP_AUTH_EXTERNAL	0x80

struct smtp_caps {
	unsigned	flags;		/* SMTP_CAP_* */
	unsigned	auth;		/* SMTP_AUTH_* */
	uint64_t	size;		/* octets; 0: no limit was stated */
	/* RFC 9422; 0: not stated */
	uint64_t	mail_max;	/* transactions a session */
	uint64_t	rcpt_max;	/* recipients a transaction */
	uint64_t	rcpt_domain_max;
};

/*
 * Adds what one line of an EHLO reply says, without its code.  What is not
 * known, or has an impossible argument, is passed over.
 */
void	smtp_caps_add(struct smtp_caps *, struct str line);
/*
 * Reads a whole EHLO reply as smtp_reply keeps it: lines with a newline
 * between them, the first being the greeting.
 */
void	smtp_caps_parse(struct smtp_caps *, struct str text);

#endif
