/*
 * What came of a submission, for people on standard error and for programs
 * as an exit code of sysexits.
 */
#ifndef RESULT_H
#define RESULT_H

#include "buf.h"
#include "smtp_reply.h"

#define RESULT_TEXT_MAX	2048

struct result {
	int	code;		/* EX_OK, or of the first refusal */
	char	temporary[RESULT_TEXT_MAX];	/* the last failure for a
						   time, not yet said */
};

/*
 * A refusal for good, of one recipient or, without one, of the message.
 * Says it.
 */
void	 result_refused(struct result *, const struct buf *recipient,
	    const struct smtp_reply *);
/* Failures for a time, which are said only when nothing more is tried. */
void	 result_temporary(struct result *, const struct smtp_reply *);
/* error is an errno, or 0: the server closed the connection */
void	 result_lost(struct result *, const char *socket, int error);
/* Says the last of them; the exit code. */
int	 result_given_up(const struct result *);

/* The exit code for a refusal for good. */
int	 result_code(const struct smtp_status *);

#endif
