/*
 * Connections to the services of the configuration (LMTP), which this
 * process may not make: deliverd -r connect makes them, by the service's
 * index, and passes them.
 */
#ifndef CONNECT_SERVICE_H
#define CONNECT_SERVICE_H

#include "connect.h"
#include "messages.h"
#include "peer.h"

void	 service_open_setup(void);	/* once in a process */
/*
 * Asks for a connection to the service of its route; conn_opened or
 * conn_not_opened follows, never from within.
 */
void	 service_open(struct conn *);
/* It is not wanted any more; nothing happens where none was asked for. */
void	 service_open_end(struct conn *);

/* What comes from outside. */
void	 service_on_opened(struct peer *, struct conn *,
	    const struct service_opened *);
void	 service_opener_up(void);

#endif
