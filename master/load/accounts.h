/*
 * The host's accounts and groups, from /etc/passwd and /etc/group.  Each
 * file is read when the first name in it is asked for.  Accounts that only
 * a directory service knows are not seen.
 */
#ifndef ACCOUNTS_H
#define ACCOUNTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arena.h"
#include "conf.h"
#include "report.h"
#include "source.h"

#define PASSWD_FILE	"/etc/passwd"
#define GROUP_FILE	"/etc/group"
#define ACCOUNTS_MAX	1000000		/* lines of either file */
#define UID_NOBODY	65534

struct account {
	struct str	 name;
	uint32_t	 uid, gid;	/* a group has no uid */
	struct str	 home;
	uint32_t	 line;
};

struct account_list {
	bool		 read;		/* or tried: it is reported once */
	struct account	*list;
	size_t		 n;
};

struct accounts {
	struct account_list	 users, groups;
	const struct source	*source;
	struct report		*report;
	struct arena		 arena;
};

void	 accounts_init(struct accounts *, const struct source *,
	    struct report *);
void	 accounts_clear(struct accounts *);

/* NULL when there is no such; at is where it is asked for. */
const struct account	*accounts_user(struct accounts *, struct str name,
			    const struct origin *at);
const struct account	*accounts_group(struct accounts *, struct str name,
			    const struct origin *at);
/* All users. */
const struct account_list *accounts_users(struct accounts *,
			    const struct origin *at);

/*
 * Why mail may not be delivered as that uid (root, our own, a system user
 * that delivery-users does not list), or NULL when it may.
 */
const char	*account_refusal(const struct conf *, uint32_t uid);

/* Digits only, a whole uid or gid; -1 when it is something else. */
int	 account_number(struct str, uint32_t *);

#endif
