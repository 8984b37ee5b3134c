/*
 * What the configuration asks for: which roles run, how many workers of
 * each, and what their jails leave open.  Reads the configuration, changes
 * nothing.
 */
#ifndef PLAN_H
#define PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include "conf.h"
#include "messages.h"
#include "roles.h"

/*
 * The default of the directive that sets uid_base.  The load role, which
 * runs before there is a configuration, always counts from here.
 */
#define UID_BASE_DEFAULT	5250

/* A directory of the configuration, with what is added to it. */
#define PLAN_ROOT_MAX	(FILE_NAME_MAX + sizeof("/empty"))
#define STATE_SUFFIX	"-state"	/* to the spool's name */

/* What plan_confine fills in borrows from here. */
struct plan_room {
	char		 root[PLAN_ROOT_MAX];
	struct port	 ports[PORTS_MAX];
};

/* How many processes of that role this configuration needs; 0: none. */
unsigned	 role_wanted(const struct conf *, enum role);

/* The role whose workers accept on this listener. */
enum role	 role_of_listener(const struct listener_conf *);

/*
 * The jail of a role but for index and generation.  -1, with a log line,
 * when the configuration names more ports than PORTS_MAX or a path is too
 * long.
 */
int		 plan_confine(const struct conf *, enum role, struct confine *,
		    struct plan_room *);

/*
 * The directory that is a role's root: an empty one, but for those that have
 * files.  The one of state stands beside the spool and not in it, since
 * queued could put something else in its place.  -1, with a log line, when
 * it is too long.
 */
int		 plan_root(const struct conf *, enum role,
		    char root[PLAN_ROOT_MAX]);

/* The jail of the load role, which has no configuration yet. */
void		 plan_confine_load(const char *root, struct confine *);

/* The largest message that any listener takes, with room for its trace. */
uint64_t	 plan_message_max(const struct conf *);

/* Whether uid (or gid) belongs to one of our own roles. */
bool		 plan_is_own_id(const struct conf *, uint32_t id);

#endif
