/*
 * The file of a credential:
 *
 *	# for smart.example
 *	user someone
 *	password the rest of the line, blanks and all
 *
 * Each of the two once, in any order; empty lines and those that begin with
 * # say nothing.
 */
#ifndef CRED_FILE_H
#define CRED_FILE_H

#include <stddef.h>

#include "messages.h"
#include "str.h"

#define CRED_FILE_MAX	4096	/* octets; both lines at most, and comments */

/* In memory of sodium_malloc(3). */
struct credential {
	size_t	 n_user, n_password;
	char	 user[ACCOUNT_MAX];
	char	 password[PASSWORD_MAX];
};

/*
 * Reads text, which is called name.  0, or -1 with "name:line: what is
 * wrong" in why; never with anything of the text itself.
 */
int	 cred_file_parse(struct str text, struct str name,
	    struct credential *, char *why, size_t size);
/* The same of fd, a regular file, borrowed. */
int	 cred_file_read(int fd, struct str name, struct credential *,
	    char *why, size_t size);

#endif
