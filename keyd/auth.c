/*
 * Passwords of accounts.
 */
#include "keyd.h"

void
on_auth_check(struct peer *p, uint32_t id, const struct auth_check *m)
{
	static const struct auth_checked	 unknown = { SECRET_UNKNOWN };

	(void)m;
	peer_send(p, AUTH_CHECKED, id, &unknown);
}
