/*
 * Where mail to this host's own people ends: to the users of its programs
 * (cron), to root and to postmaster.  It is theirs that goes wrong unseen.
 */
#ifndef CONF_LEAD_H
#define CONF_LEAD_H

#include "conf_build.h"

/*
 * Warns of what leads nowhere or out of the host.  fds are the compiled
 * tables, -1 for one that there is not (borrowed); b has no error.
 */
void	 conf_lead_check(struct build *, const int fds[TABLES_MAX]);

#endif
