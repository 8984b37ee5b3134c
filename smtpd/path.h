/*
 * The paths and parameters of MAIL and RCPT, as both verbs read them (RFC
 * 5321 4.1.1.2, 4.1.1.3, 4.1.1.11).
 */
#ifndef PATH_H
#define PATH_H

#include <stdbool.h>

#include "session.h"
#include "smtp.h"
#include "str.h"

/* What is said of a bad path: RFC 3463 has X.1.3 for recipients, X.1.7 for
 * senders. */
struct path_kind {
	struct str	 keyword;	/* "FROM:" */
	unsigned	 flags;		/* ADDR_ */
	const char	*code;		/* "5.1.7" */
	const char	*syntax;	/* the whole 501 for a wrong keyword */
};

/* The longest reply about a path or its parameters. */
#define PATH_REPLY_MAX	256

/* RFC 6531 3.5, RFC 6530 */
#define PATH_NOT_UTF8	"553 5.6.7 Not ASCII, and SMTPUTF8 was not asked for"

/*
 * Reads the path at the front of arg into a canonical address in *address,
 * which lives in static memory until the next call, and leaves what follows
 * in *rest.  UTF-8 is taken after EHLO; whether it may stand there (RFC 6531)
 * is for the caller to see, but in the domain it is ASCII then.  -1: the
 * reply to give is in why.
 */
int	path_parse(const struct session *, const struct path_kind *,
	    struct str arg, struct str *address, struct str *rest,
	    char why[PATH_REPLY_MAX]);

/* One parameter of a verb; check returns the reply, or NULL when it is well. */
struct path_param {
	const char	*key;
	const char	*(*take)(struct session *, const struct smtp_param *);
};

/*
 * Reads all parameters in rest by a table of at most 32 rows that ends with
 * a NULL key; in an SMTPUTF8 transaction they may be UTF-8.  Returns NULL,
 * or the reply for the first that is wrong.
 */
const char *path_params(struct session *, const struct path_param *,
	    struct str rest);

#endif
