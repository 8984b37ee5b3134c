/*
 * Handing over a configuration.
 */
#include "hand.h"

#include "mesh.h"
#include "secrets.h"

#define DRAIN_MS	1000	/* who does not read is killed soon */

static void
send_tables(struct peer *p, const struct loaded *l)
{
	const struct table_conf	*t = l->memory->conf.tables;

	for (size_t i = 0; i < l->memory->conf.n_tables; i++) {
		struct table	 m = { (uint16_t)i };

		if (t[i].readers & 1u << p->role)
			peer_send_fd(p, TABLE, 0, mesh_copy(l->tables[i]),
			    &m);
	}
}

void
hand_conf(struct peer *p, const struct loaded *l)
{
	const struct nothing	 nothing = { };

	peer_send_fd(p, CONF, 0, mesh_copy(l->conf_fd), &nothing);
	send_tables(p, l);
	secrets_send(p, l);
	/* else it could not be asked */
	if (peer_is_full(p))
		peer_drain(p, DRAIN_MS);
}
