/*
 * The SMTP client (RFC 5321, RFC 2920): one conversation with one server,
 * over a connection that its owner has opened and will close.  It asks its
 * owner for jobs, one after the other, and fills in their results.
 *
 * Where the server takes pipelining, MAIL, RCPTs and DATA go in one write,
 * and those of the next job follow the end of the data of the one before
 * them: a mail then costs one write and one read.
 *
 * LMTP (RFC 2033) differs in two things: LHLO, and a reply for each
 * recipient behind the data.  Its next job waits for all of them.
 *
 * Every function here may end the conversation; ended() is then its last
 * act, and may free the client.
 */
#ifndef CLIENT_H
#define CLIENT_H

#include <stdbool.h>
#include <stddef.h>

#include "conf.h"
#include "io.h"
#include "result.h"
#include "smtp.h"
#include "str.h"
#include "task.h"

struct smtp_client;
struct tls_client;

enum client_protocol { CLIENT_SMTP, CLIENT_LMTP };

enum client_end {
	CLIENT_LEFT,		/* between jobs, by our QUIT or its wish */
	CLIENT_REFUSED,		/* it never came to a job: try another host */
	CLIENT_LOST,		/* in the middle of one */
	CLIENT_NO_TLS		/* refused, but this host may be tried without
				 * TLS, which it offered and then failed */
};

/*
 * How the connection is protected before any job.  Without TLS where
 * TLS_LEVEL_MAY lets it be, and the server does not offer it.
 */
struct client_wish {
	enum tls_level	 level;
	bool		 tls_first;	/* from the first octet, no STARTTLS */
	bool		 login;		/* AUTH, only to a verified server */
	struct str	 name;		/* that its certificate is to be for */
};

struct client_ops {
	/* the configuration in force: timeouts, our name */
	const struct conf *(*conf)(void);
	/* what TLS needs, borrowed; NULL without memory */
	struct tls_client *(*tls)(void);
	/* wish.login: the server is ready for it.  NULL: client_login or
	 * client_no_login will be called, not from within; or why not */
	const char	*(*login)(void *owner);
	/* the next job, or NULL: the owner calls client_wake later */
	struct task	*(*next)(void *owner);
	/* it is over: the server has answered, or (heard false) is gone; what
	 * its result does not say was not tried */
	void		 (*finished)(void *owner, struct task *, bool heard);
	/* nothing became of it here: give it to another connection */
	void		 (*returned)(void *owner, struct task *);
	/* nothing to do and nothing expected: wake it, or let it leave */
	void		 (*idle)(void *owner);
	/* the conversation is over, every job has been given back */
	void		 (*ended)(void *owner, enum client_end,
			    const struct outcome *why);
};

/* Begins by waiting for the greeting; io is borrowed, host is for results. */
struct smtp_client *client_new(struct io *, enum client_protocol,
		    struct str host, const struct client_ops *, void *owner);
void		 client_free(struct smtp_client **);
/* Otherwise it has no protection; to be said at once, the wish is copied. */
void		 client_protect(struct smtp_client *,
		    const struct client_wish *);
/* What to log in with, or why it cannot be had. */
void		 client_login(struct smtp_client *, struct str user,
		    struct str password);
void		 client_no_login(struct smtp_client *, const char *why);

/* What the connection brings, for the functions of its struct io_ops. */
size_t		 client_input(struct smtp_client *, struct str);
void		 client_drained(struct smtp_client *);
void		 client_closed(struct smtp_client *, enum io_end);

/* There may be a job now. */
void		 client_wake(struct smtp_client *);
/* whether a job would be begun at once */
bool		 client_has_room(const struct smtp_client *);
/* whether it has carried all that one connection may (connection_messages) */
bool		 client_is_spent(const struct smtp_client *);
/* While idle: says QUIT; ended() follows. */
void		 client_quit(struct smtp_client *);
/* At once, whatever it is doing: jobs end with what was said so far. */
void		 client_abort(struct smtp_client *, const char *why);

#endif
