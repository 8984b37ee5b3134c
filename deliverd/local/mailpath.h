/*
 * Where a recipient's mailbox is: the path of the delivery rule, with the
 * parts of the address put in.  Nothing that a sender writes can lead out of
 * the directory that the rule names.
 */
#ifndef MAILPATH_H
#define MAILPATH_H

#include <stddef.h>

#include "bounds.h"
#include "str.h"

enum mailpath_result {
	MAILPATH_OK,
	MAILPATH_BAD_ADDRESS,	/* no directory can have such a name */
	MAILPATH_BAD_RULE	/* unknown %{...}, not absolute, too long */
};

/*
 * base is the part of the rule before its first variable, up to a slash, or
 * the home: it must be there already.  below is beneath it, relative, and
 * has neither "." nor ".." nor empty parts.  Both end with a NUL.
 */
struct mailpath {
	char	base[FILE_NAME_MAX + 1];
	char	below[FILE_NAME_MAX + 1];
};

/*
 * rule may hold %{user} and %{domain}, which are rcpt's, and begin with
 * %{home}.  User and domain are used in lower case.
 */
enum mailpath_result mailpath_expand(struct mailpath *, struct str rule,
		    struct str home, struct str rcpt);

#endif
