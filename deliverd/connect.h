/*
 * A connection out: it tries the addresses of its route in order until one
 * takes it and greets, then carries an SMTP conversation.
 */
#ifndef CONNECT_H
#define CONNECT_H

#include <sys/queue.h>

#include <stdbool.h>
#include <stddef.h>

#include "client.h"
#include "expiry.h"
#include "io.h"
#include "target.h"

struct host;
struct route;
struct peer;

enum conn_state {
	CONN_OPENING,		/* no server has greeted yet */
	CONN_BUSY,
	CONN_IDLE,		/* waits for a job */
	CONN_LEAVING		/* has said QUIT; no route's any more */
};

struct conn {
	struct expiring		 idling;	/* first; pool.c */
	TAILQ_ENTRY(conn)	 entry;		/* pool.c */
	enum conn_state		 state;
	struct route		*route;		/* NULL: leaving */
	struct io		*io;
	struct smtp_client	*client;	/* once it is connected */
	struct target		 target;	/* a copy of the one it tries */
	size_t			 start, tried;	/* of the route's targets */
	/* connect_service.c */
	struct expiring		 no_opener;	/* waits for one */
	struct peer		*opener;	/* of whom ... */
	uint32_t		 opening;	/* ... this was asked; or 0 */
	unsigned		 openers_lost;
	struct peer		*keeper;	/* login.c: of whom ... */
	uint32_t		 login_asked;	/* ... this was asked; or 0 */
	bool			 clear;		/* this one without TLS */
	bool			 attempted;	/* any of them */
	struct host		*host;		/* of target; or NULL */
	bool			 first;		/* it was its route's only */
	bool			 permanent;	/* all refusals were, so far */
	unsigned		 n_done;	/* jobs with a reply */
	struct outcome		 why;		/* the last failure */
};

TAILQ_HEAD(conn_list, conn);

/* A new connection, which begins with that one of the best targets.  NULL
 * when none can even be tried; why then says what happened. */
struct conn	*conn_open(struct route *, size_t start, struct outcome *why);
/* Closes at once; its jobs must have been given back. */
void		 conn_free(struct conn *);

/* For connect_service.c: the connection to its service (taken), or why there
 * is none.  Both may free it. */
void		 conn_opened(struct conn *, int fd);
void		 conn_not_opened(struct conn *, const char *code,
		    const char *why);

#endif
