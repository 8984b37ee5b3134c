/*
 * deliverd -r connect: makes connections to the services that the
 * configuration names (a UNIX socket, or an address with its port) and
 * passes them to who asked.  The asker says which service by its index, so
 * whoever breaks into one of them reaches no socket of this host that the
 * postmaster has not named.
 */
#ifndef SERVICE_H
#define SERVICE_H

#include <stddef.h>
#include <stdint.h>

#include "conf.h"
#include "messages.h"
#include "peer.h"

/*
 * Keeps the services of that configuration from now on, as who has committed
 * it before us may ask for them; until service_drop, or with service_commit
 * for good.  Those of a few before it are kept as well: who has not, still
 * asks by their numbers.
 */
void	 service_configure(const struct conf *);
void	 service_commit(void);
void	 service_drop(void);
/* SERVICE_OPEN: answered by SERVICE_OPENED, now or later. */
void	 service_on_open(struct peer *, uint32_t id,
	    const struct service_open *);
/* Nobody waits for what that peer has asked for. */
void	 service_peer_lost(const struct peer *);
/* stopped is called once nothing is under way any more. */
void	 service_stop(void (*stopped)(void));
/* The time for that is over: all that is under way ends. */
void	 service_abort(void);

#endif
