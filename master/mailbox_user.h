/*
 * As whom a local mail is put away.  Decides by the configuration and the
 * system table alone; a request names no more than the two places there.
 */
#ifndef MAILBOX_USER_H
#define MAILBOX_USER_H

#include <sys/types.h>

#include <stdint.h>

#include "conf.h"

#define UID_NOBODY		65534

#define MAILBOX_USER_MAX	(FILE_NAME_MAX + NAME_MAX_LEN + 32)

struct mailbox_user {
	uid_t		 uid;
	gid_t		 gid;
	struct str	 name, home;	/* in text; empty: a rule's user */
	char		 text[MAILBOX_USER_MAX];
};

enum mailbox_verdict {
	MAILBOX_USER_OK,
	MAILBOX_NO_RULE,	/* the request is not one that can be made */
	MAILBOX_NO_USER,	/* no such line in the system table */
	MAILBOX_BAD_TABLE,	/* the table cannot be read */
	MAILBOX_FORBIDDEN,	/* root, one of our own, or of the system and
				 * not among delivery-users */
	MAILBOX_VERDICT_N
};

/*
 * The user of that delivery rule, or of that line of the system table whose
 * sealed file is system_table (borrowed; -1: none).
 */
enum mailbox_verdict mailbox_user_find(const struct conf *,
    int system_table, uint16_t delivery, uint32_t slot,
    struct mailbox_user *);
const char	*mailbox_verdict_text(enum mailbox_verdict);

/* "uid:gid:home:name", which the load role made of a line of passwd(5): 0,
 * or -1 when it is something else.  Strings point into it. */
int	 mailbox_user_parse(struct str, struct mailbox_user *);

/*
 * Below which directory that user's mailboxes by that rule's path are: the
 * one before the first %{...} of it, or the user's home when the path begins
 * with that.  Borrows from both.
 */
struct str mailbox_user_root(struct str path, const struct mailbox_user *);

#endif
