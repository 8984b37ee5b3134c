/*
 * "posternctl password": the entry of a user for a table of passwords.
 * Needs no postern; what it makes, keyd checks.
 */
#ifndef PASSWORD_H
#define PASSWORD_H

#include <stdbool.h>
#include <stddef.h>

#include "messages.h"
#include "str.h"

/* The cost of a new hash, RFC 9106 4's second choice but for its lanes: a
 * tenth of a second, and what keyd takes for users it does not know. */
#define PASSWORD_PASSES	3
#define PASSWORD_OCTETS	(64u << 20)

#define PASSWORD_LINE_MAX	512	/* user in quotes, colon, hash */

enum password_result {
	PASSWORD_OK,
	PASSWORD_EMPTY,
	PASSWORD_TOO_LONG,	/* more than PASSWORD_MAX octets */
	PASSWORD_DIFFERS,	/* the second from the first */
	PASSWORD_NONE		/* no line came, or it holds a NUL */
};

/*
 * Reads a line from in: twice, without echo, and with prompts to out where
 * in is a terminal.  to has room for PASSWORD_MAX octets, *n are used; the
 * caller wipes it.
 */
enum password_result password_read(int in, int out, char *to, size_t *n);
/*
 * The line for the table, with a NUL.  0, or -1: that user cannot stand in
 * a table, or there is no memory for the hash.
 */
int	 password_line(struct str user, struct str password,
	    char line[PASSWORD_LINE_MAX]);
/* The whole command, for standard input and output; the exit status. */
int	 password_command(const char *user, bool json);

#endif
