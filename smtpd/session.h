/*
 * One SMTP session (RFC 5321 3): a connection, who is there, how far the
 * dialogue has come, and the one transaction that may be open.  A session
 * never blocks.  Where it needs an answer of another process it waits, which
 * means that nothing more is read from its client, and is woken by whoever
 * has the answer.
 */
#ifndef SESSION_H
#define SESSION_H

#include <sys/queue.h>

#include <stdbool.h>
#include <stdint.h>

#include "body.h"
#include "budget.h"
#include "buf.h"
#include "mail.h"
#include "netaddr.h"
#include "settings.h"
#include "str.h"

struct event_base;
struct io;
struct login;
struct peer;
struct client_count;

/* Replies of one batch of pipelined commands; a RCPT each, and some. */
#define REPLIES_MAX	(64 * 1024)
/* Above it they are written; a batch of RCPT must still fit in. */
#define REPLIES_MARK	8192
/* NOOP and the like, without a transaction; those beyond it are errors. */
#define IDLE_MAX	100
/* What a session may hold without counting against the common budget. */
#define HELD_FREE	4096
/* For a client to read our last words. */
#define FAREWELL_MS	5000
/* The same when places are few: what the socket takes at once. */
#define FAREWELL_CROWDED_MS	1
/*
 * And for its next command, or block of data: RFC 5321 4.5.3.2 has minutes,
 * which who keeps us busy would use up to the last.
 */
#define CROWDED_COMMAND_MS	10000
#define CROWDED_DATA_MS		20000

/* How far the dialogue has come; verbs say in which of these they may be. */
enum session_phase {
	PHASE_GREETING = 1,	/* no EHLO yet */
	PHASE_READY = 2,	/* no transaction */
	PHASE_MAIL = 4,		/* the sender is known, no RCPT yet */
	PHASE_REFUSED = 8,	/* every recipient so far was refused */
	PHASE_RCPT = 16,	/* there is a recipient */
	PHASE_ANY = 31,
	/* not a phase: what may be said in clear to a listener that demands
	 * TLS (RFC 3207 4) */
	PHASE_IN_CLEAR = 32
};

/* TLS: a session has none, or will have it, or has it. */
enum session_tls {
	TLS_OFF,
	TLS_HANDSHAKE,
	TLS_ON
};

/* What a session waits for, while its client waits for us. */
enum session_wait {
	WAIT_NONE,
	WAIT_RCPT,		/* queued's word about recipients */
	WAIT_AUTH,		/* state's and keyd's about a password */
	WAIT_FILE,		/* a file for a large body */
	WAIT_STORE,		/* the commit: never given up lightly */
	WAIT_BUDGET,		/* until others hold less memory */
	WAIT_OUTPUT		/* until the client reads our replies */
};

/* The open request to queued, keyd or state, at most one a session. */
struct ask {
	struct peer	*peer;
	uint32_t	 id;		/* 0: none */
};

/* A message on its way through a restart of queued; queue_client.c. */
struct commit {
	bool		 waiting;	/* in the list for a new queued */
	bool		 sent;		/* it may be stored */
	bool		 resent;
	uint64_t	 give_up_ms;	/* 0: queued was not lost yet */
	TAILQ_ENTRY(session) link;
};

struct session {
	struct io		*io;
	struct settings		*set;
	struct netaddr		 client;	/* family 0: the local socket */
	uint32_t		 uid;		/* then: who */
	bool			 trusted;	/* handed over by mx */
	bool			 esmtp;		/* EHLO, not HELO */
	bool			 skipping;	/* the rest of a long line */
	bool			 early;		/* content before 354 */
	bool			 closing;	/* once all is written */
	bool			 fresh;		/* new stage and deadline */
	enum session_tls	 tls;
	enum session_phase	 phase;
	enum session_wait	 wait;
	uint32_t		 errors;	/* since a good message */
	uint32_t		 idle;		/* towards IDLE_MAX */
	uint64_t		 ends_ms;	/* session-timeout */
	struct buf		 text;		/* helo, sender, recipients */
	size_t			 helo_len;	/* at its front */
	struct buf		 out;		/* replies not yet written */
	struct mail		 mail;
	struct body		 body;
	struct login		*login;		/* or NULL */
	struct ask		 ask;
	struct commit		 commit;
	struct share		 share;
	TAILQ_ENTRY(session)	 link;
};

/* Who a session is for; fd is taken in every case. */
struct session_client {
	int			 fd;		/* non-blocking */
	struct settings		*set;		/* held by the session */
	struct client_count	*count;		/* taken; or NULL */
	struct netaddr		 addr;
	uint32_t		 uid;
	bool			 trusted;
	bool			 spoke_first;	/* before our banner */
};

/* none_left is called when an end was begun and no session is left. */
void		 session_setup(struct event_base *, void (*none_left)(void));
/* -1 without memory; the connection is closed then. */
int		 session_new(const struct session_client *);
size_t		 session_count(void);
/* The process ends with its last session; there will be no new ones. */
void		 session_retire(void);
/* 421 to all; those in a commit get their answer first. */
void		 session_stop_all(void);

/* ---- for the commands ---- */

/* Adds a reply, its line without CRLF.  5yz counts as an error. */
void		 session_reply(struct session *, const char *line);
/* The same from parts: what is not printable becomes "?", and a reply is
 * cut at the length that RFC 5321 4.5.3.1.5 allows. */
void		 session_replyf(struct session *, const char *, ...)
		    __attribute__((format(printf, 2, 3)));
/* 421 with these words, and the end. */
void		 session_close(struct session *, const char *words);
/* 421, when there were too many errors. */
void		 session_check_errors(struct session *);
/* Gives the replies so far to the connection. */
void		 session_write(struct session *);
/* Takes what it can of it, and says how much; session_input.c. */
size_t		 session_input(struct session *, struct str);
/* Stops reading until session_wake. */
void		 session_wait(struct session *, enum session_wait);
/* Goes on.  The session may be gone when this returns. */
void		 session_wake(struct session *);
/* Nothing of before the handshake is known any more (RFC 3207 4.2). */
void		 session_forget(struct session *);
/* The handshake is done. */
void		 session_secured(struct session *);
/* With what it is, for the trace field and the log (RFC 3848,
 * RFC 6531 4.3). */
const char	*session_protocol(const struct session *);
/* the client for a log line; one static buffer */
const char	*session_client_text(const struct session *);

#endif
