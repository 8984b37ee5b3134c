/*
 * The roles that processes run in.  A role, not a binary, is what sends and
 * receives messages, has a uid and a jail.  See confine.h for the jails and
 * messages.h for who may say what to whom.
 */
#ifndef ROLES_H
#define ROLES_H

#include <stdint.h>

/*	role		name		program	*/
#define ROLES(R)					\
	R(MASTER,	"master",	"postern")	\
	R(LOAD,		"load",		"postern")	\
	R(LOG,		"log",		"postern")	\
	R(SMTPD_MX,	"mx",		"smtpd")	\
	R(SMTPD_MSA,	"msa",		"smtpd")	\
	R(SMTPD_API,	"api",		"smtpd")	\
	R(QUEUED,	"queued",	"queued")	\
	R(STATE,	"state",	"queued")	\
	R(RESOLVERD,	"resolverd",	"resolverd")	\
	R(DELIVERD_OUT,	"out",		"deliverd")	\
	R(DELIVERD_LOCAL, "local",	"deliverd")	\
	R(DELIVERD_CONNECT, "connect",	"deliverd")	\
	R(DELIVERD_STS,	"sts",		"deliverd")	\
	R(KEYD_SIGN,	"sign",		"keyd")		\
	R(KEYD_AUTH,	"auth",		"keyd")		\
	R(KEYD_CRED,	"cred",		"keyd")		\
	R(MAILBOX,	"mailbox",	"postern-local") \
	R(CTL,		"ctl",		"posternctl")

#define ROLE_NUMBER(role, name, program)	ROLE_##role,
enum role { ROLES(ROLE_NUMBER) ROLE_N };

/* the same as bits, for the masks of the message table */
#define ROLE_BIT(role, name, program)	role = 1u << ROLE_##role,
enum role_mask {
	ROLES(ROLE_BIT)
	SMTPD_ANY = SMTPD_MX | SMTPD_MSA,
	DELIVERD_ANY = DELIVERD_OUT | DELIVERD_LOCAL,
	/* what master starts and supervises */
	CHILD_ANY = LOAD | LOG | SMTPD_MX | SMTPD_MSA | SMTPD_API | QUEUED |
	    STATE | RESOLVERD | DELIVERD_OUT | DELIVERD_LOCAL |
	    DELIVERD_CONNECT | DELIVERD_STS | KEYD_SIGN | KEYD_AUTH |
	    KEYD_CRED | MAILBOX,
	/* what takes the whole configuration */
	DAEMON_ANY = CHILD_ANY & ~(LOAD | LOG | MAILBOX),
};

const char	*role_name(enum role);		/* "mx" */
const char	*role_program(enum role);	/* "smtpd" */
/* the role of that program called name, or ROLE_N */
enum role	 role_find(const char *program, const char *name);

#endif
