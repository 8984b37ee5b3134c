/*
 * The connection to the local socket of smtpd: commands, replies, data.  One
 * thing at a time; who waits is waited for.
 */
#ifndef CHANNEL_H
#define CHANNEL_H

#include <stdbool.h>

#include "buf.h"
#include "smtp_reply.h"
#include "str.h"

/* RFC 5321 4.5.3.2.6: the longest that a client must wait for any reply */
#define CHANNEL_TIMEOUT_S	600

struct channel {
	int			fd;		/* -1: there is none */
	bool			verbose;	/* shows what is said */
	int			error;		/* why it was lost: an errno,
						   or 0: the server closed */
	struct buf		in;
	struct smtp_reply	reply;		/* the last one */
};

void	 channel_init(struct channel *, bool verbose);

/* A socket connected to path, or -1: see errno. */
int	 channel_connect(const char *path);

/*
 * Connects; what may be left of an earlier connection is forgotten.  -1 when
 * that is not possible: see error.
 */
int	 channel_open(struct channel *, const char *path);
void	 channel_close(struct channel *);

/*
 * Waits for a reply and returns its code; -1 when the connection was lost
 * or what came is not SMTP: see error.
 */
int	 channel_hear(struct channel *);
/* Sends a line, to which the CRLF is added, and hears the reply. */
int	 channel_ask(struct channel *, const char *fmt, ...)
	    __attribute__((format(printf, 2, 3)));
/* Sends octets.  -1 when they do not go out; a reply may still be heard. */
int	 channel_send(struct channel *, struct str);

#endif
