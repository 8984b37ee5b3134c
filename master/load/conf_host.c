/*
 * Hosts with ports.
 */
#include "conf_host.h"

#include "domain.h"
#include "netaddr.h"
#include "units.h"

static int
parse_port(struct str s, uint16_t *port)
{
	uint64_t	 v;

	if (s.n < 2 || s.p[0] != ':' ||
	    units_parse(units_count, str_skip(s, 1), &v) == -1 ||
	    v == 0 || v > 65535)
		return -1;
	*port = (uint16_t)v;
	return 0;
}

/* Splits at the colon behind the host, which [ ] may hide others in. */
static int
split(struct str text, struct str *host, struct str *port)
{
	const char	*end;

	if (text.n == 0)
		return -1;
	end = memchr(text.p, text.p[0] == '[' ? ']' : ':', text.n);
	if (end == NULL && text.p[0] == '[')
		return -1;
	*host = text;
	if (end != NULL)
		host->n = (size_t)(end - text.p) + (text.p[0] == '[');
	*port = str_skip(text, host->n);
	return 0;
}

int
host_parse(struct build *b, struct str text, struct str *out, uint16_t *port)
{
	char		 store[DOMAIN_MAX], literal[NETADDR_TEXT_MAX];
	struct netaddr	 addr;
	struct str	 host, rest, name;

	*port = 0;
	if (split(text, &host, &rest) == -1 ||
	    (rest.n != 0 && parse_port(rest, port) == -1))
		return -1;
	if (domain_literal_parse(host, &addr) == 0 ||
	    netaddr_parse(&addr, host) == 0 ||
	    (host.n > 2 && host.p[0] == '[' && netaddr_parse(&addr,
	    str_bytes(host.p + 1, host.n - 2)) == 0))
		name = str_of(netaddr_print_literal(&addr, literal));
	else if (domain_parse(host, 0, store, &name) == -1)
		return -1;
	*out = build_copy(b, name);
	return out->p != NULL ? 0 : -1;
}

void
host_print(struct buf *b, struct str host, uint16_t port)
{
	buf_put_str(b, host);
	if (port != 0)
		buf_printf(b, ":%u", port);
}
