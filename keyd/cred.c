/*
 * Credentials for relays.
 */
#include "keyd.h"

void
on_cred_ask(struct peer *p, uint32_t id, const struct cred_ask *m)
{
	static const struct cred	 unknown = {
		.result = SECRET_UNKNOWN,
	};

	(void)m;
	peer_send(p, CRED, id, &unknown);
}
