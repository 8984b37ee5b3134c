/*
 * The inside of the SMTP client, for client.c, client_hear.c (replies),
 * client_send.c (commands and content), client_tls.c and client_auth.c
 * alone.
 */
#ifndef CLIENT_IMPL_H
#define CLIENT_IMPL_H

#include "client.h"
#include "smtp_data.h"
#include "smtp_reply.h"

/* What a reply may be waited for; one queue entry each. */
enum client_stage {
	STAGE_GREETING,
	STAGE_STARTTLS,
	STAGE_HANDSHAKE,	/* no reply, but its end */
	STAGE_AUTH,
	STAGE_EHLO,
	STAGE_HELO,
	STAGE_RSET,
	STAGE_MAIL,
	STAGE_RCPT,
	STAGE_DATA,
	STAGE_END,		/* of the content */
	STAGE_QUIT,
	STAGE_N
};

/* a whole transaction, an end before it, RSET and QUIT; a power of two */
#define EXPECT_MAX	128

struct smtp_client {
	const struct client_ops	*ops;
	void			*owner;
	enum client_protocol	 protocol;
	struct io		*io;
	struct netaddr		 address;
	size_t			 n_host;
	char			 host[DOMAIN_MAX];
	struct smtp_caps	 caps;
	struct smtp_reply	 reply;		/* being collected */

	/* replies awaited, a ring in the order of the commands */
	uint8_t			 expect[EXPECT_MAX];
	unsigned		 first, n_expect;

	struct task		*task;		/* in transaction, or sending */
	size_t			 to_say;	/* 0 MAIL, then RCPTs, DATA */
	size_t			 to_hear;	/* whose reply comes next */
	size_t			 n_accepted;
	bool			 answered;	/* its MAIL has been */
	bool			 sender_refused;
	bool			 sending;	/* its content */
	struct data_scan	 scan;
	uint64_t		 fd_done;	/* octets read of its file */

	struct task		*sent;		/* its end is to be answered */
	size_t			 sent_to_hear;	/* LMTP: whose comes next */
	unsigned		 n_begun;	/* jobs, in all */
	struct client_wish	 wish;		/* its name is this: */
	size_t			 n_name;
	char			 name[DOMAIN_MAX];
	bool			 secured;	/* by TLS, and ... */
	bool			 verified;	/* ... by its certificate */
	bool			 dropped;	/* no more input counts */
	char			 verdict[TLS_TEXT_MAX];	/* for results */
	struct client_login	*login;		/* being said, or NULL */
	bool			 ready;		/* for jobs */
	bool			 needs_rset;
	bool			 closing;	/* 421 was said, or QUIT */
	bool			 idle;		/* and the owner knows */
	bool			 moved;		/* the deadline is to be set */
	bool			 aborted;	/* by us */
	bool			 over;
	enum client_end		 end;
	struct outcome		 why;
};

_Static_assert(JOB_RCPTS_MAX + 5 <= EXPECT_MAX,
    "replies to a whole pipelined transaction must fit");

static inline bool
client_is_lmtp(const struct smtp_client *c)
{
	return c->protocol == CLIENT_LMTP;
}

/* client.c */
void	 client_expect(struct smtp_client *, enum client_stage);
enum client_stage client_take_expected(struct smtp_client *);
/* The conversation is over, and how; c->why says why. */
void	 client_end(struct smtp_client *, enum client_end);
/* The same, at whatever it is doing. */
void	 client_end_early(struct smtp_client *);
/* The conversation cannot go on; the first reason stays. */
void	 client_fail(struct smtp_client *, const char *code, const char *, ...)
	    __attribute__((format(printf, 3, 4)));
/* c->task is over: its result goes to the owner. */
void	 client_finish_task(struct smtp_client *);

/* The end of each entry: the client may be gone after it. */
void	 client_settle(struct smtp_client *);

/* client_tls.c */
/* EHLO or HELO was answered: STARTTLS, AUTH, or it is ready. */
void	 client_hello_done(struct smtp_client *);
void	 client_tls_start(struct smtp_client *);
void	 client_tls_refused(struct smtp_client *);
/* The connection ended so: true if that was in the handshake. */
bool	 client_tls_broken(struct smtp_client *, enum io_end);

/* client_auth.c */
void	 client_auth_begin(struct smtp_client *);
void	 client_auth_end(struct smtp_client *);
void	 client_hear_auth_ok(struct smtp_client *);
void	 client_hear_auth_more(struct smtp_client *);
void	 client_hear_auth_refused(struct smtp_client *);

/* client_hear.c */
/* A whole reply has come. */
void	 client_hear(struct smtp_client *);

/* client_send.c */
void	 client_send_hello(struct smtp_client *, bool extended);
/* Begins with task: false when there is nothing of it to be said. */
bool	 client_begin(struct smtp_client *, struct task *);
/* As much of the transaction as may be said before its next reply. */
void	 client_say_more(struct smtp_client *);
bool	 client_has_said_all(const struct smtp_client *);
void	 client_content_begin(struct smtp_client *);
/* As much of the content as the connection wants. */
void	 client_content_more(struct smtp_client *);
/* The next of the task's recipients that is asked, from i on; n_asked. */
size_t	 client_next_rcpt(const struct smtp_client *, size_t i);
/* The next of them that was accepted, from i on; n_asked. */
size_t	 client_next_accepted(const struct task *, size_t i);

#endif
