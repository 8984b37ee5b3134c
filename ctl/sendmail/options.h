/*
 * The command line of sendmail, as thirty years of scripts write it: what we
 * know, what we pass over, and what the name of the program says.
 */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <stdbool.h>

#define WAIT_S		10	/* for a postern that is being restarted */
#define WAIT_S_MAX	3600
#define NOTIFY_MAX	32	/* "SUCCESS,FAILURE,DELAY" fits */

enum mode {
	MODE_MAIL,		/* -bm: a message on standard input */
	MODE_SMTP,		/* -bs: SMTP on standard input and output */
	MODE_QUEUE,		/* -bp, mailq */
	MODE_ALIASES,		/* -bi, newaliases */
	MODE_RUN_QUEUE		/* -q */
};

/* All texts are those of argv, or constant. */
struct options {
	enum mode	  mode;
	const char	 *socket;
	unsigned	  wait_s;
	const char	 *sender;	/* -f; NULL: the caller */
	const char	 *name;		/* -F; NULL: none */
	bool		  from_header;	/* -t */
	bool		  ignore_dots;	/* -i */
	bool		  verbose;	/* -v */
	/* RFC 3461: the parameters' values, "" or NULL where not given */
	char		  notify[NOTIFY_MAX];
	const char	 *ret, *envid;
	char		**rcpts;	/* ends with NULL */
};

/*
 * Reads the command line and $POSTERN_SUBMIT.  0, or EX_USAGE when something
 * is wrong with it, which has then been said on standard error.
 */
int	 options_parse(struct options *, int argc, char **argv);

#endif
