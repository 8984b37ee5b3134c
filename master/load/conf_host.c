/*
 * Hosts with ports.
 */
#include "conf_host.h"

#include "nexthop.h"

int
host_parse(struct build *b, struct str text, struct str *out, uint16_t *port)
{
	char		 store[DOMAIN_MAX];
	struct str	 host;

	if (nexthop_host(text, store, &host, port) == -1)
		return -1;
	*out = build_copy(b, host);
	return out->p != NULL ? 0 : -1;
}

void
host_print(struct buf *b, struct str host, uint16_t port)
{
	buf_put_str(b, host);
	if (port != 0)
		buf_printf(b, ":%u", port);
}
