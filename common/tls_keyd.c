/*
 * keyd's sign role, as the servers of this process know it.
 */
#include "tls_private.h"

static struct peer	*keyd;

struct peer *
tls_keyd_peer(void)
{
	return keyd;
}

void
tls_keyd(struct peer *p)
{
	if (p == keyd)
		return;
	keyd = p;
	if (keyd == NULL)
		return;
	tls_ticket_keyd();
	tls_server_keyd();
}
