/*
 * Hosts with ports, and how they are spoken to.
 */
#include "nexthop.h"

#include "domain.h"
#include "netaddr.h"

static const struct str	 smtp = STR("smtp://");
static const struct str	 smtps = STR("smtps://");
static const struct str	 lmtp = STR("lmtp:");
static const struct str	 unix_prefix = STR("unix:/");

/* ":25"; five digits say all there can be. */
static int
parse_port(struct str s, uint16_t *port)
{
	uint64_t	 v;

	if (s.n == 0 || s.p[0] != ':' ||
	    str_number(str_skip(s, 1), 5, &v) == -1 || v == 0 ||
	    v > UINT16_MAX)
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
nexthop_host(struct str text, char store[DOMAIN_MAX], struct str *out,
    uint16_t *port)
{
	struct netaddr	 addr;
	struct str	 host, rest;

	_Static_assert(NETADDR_TEXT_MAX <= DOMAIN_MAX, "one store for both");
	*port = 0;
	if (split(text, &host, &rest) == -1 ||
	    (rest.n != 0 && parse_port(rest, port) == -1))
		return -1;
	if (domain_literal_parse(host, &addr) != 0 &&
	    netaddr_parse(&addr, host) != 0 &&
	    (host.n <= 2 || host.p[0] != '[' || netaddr_parse(&addr,
	    str_bytes(host.p + 1, host.n - 2)) != 0))
		return domain_parse(host, 0, store, out);
	*out = str_of(netaddr_print_literal(&addr, store));
	return 0;
}

int
nexthop_via(struct nexthop *h, struct str text)
{
	h->service = STR_NONE;
	h->tls = str_starts_nocase(text, smtps);
	if (h->tls)
		text = str_skip(text, smtps.n);
	else if (str_starts_nocase(text, smtp))
		text = str_skip(text, smtp.n);
	return nexthop_host(text, h->store, &h->host, &h->port);
}

/* A socket's path is its name; a host is written as load writes it. */
static int
parse_service(struct nexthop *h, struct str text)
{
	struct buf	 name = BUF_INIT(NEXTHOP_TEXT_MAX);
	int		 error = -1;

	*h = (struct nexthop){ .tls = false };
	if (str_starts_nocase(text, unix_prefix)) {
		h->service = text;
		return text.n <= DOMAIN_MAX ? 0 : -1;
	}
	if (nexthop_host(text, h->store, &h->host, &h->port) == -1 ||
	    h->port == 0)
		return -1;
	buf_printf(&name, "%.*s:%u", STR_FMT(h->host), h->port);
	if (!name.failed && name.len <= DOMAIN_MAX) {
		memcpy(h->store, buf_data(&name), name.len);
		h->service = str_bytes(h->store, name.len);
		h->host = STR_NONE;
		h->port = 0;
		error = 0;
	}
	buf_clear(&name);
	return error;
}

int
nexthop_parse(struct nexthop *h, struct str text)
{
	if (str_starts_nocase(text, lmtp))
		return parse_service(h, str_skip(text, lmtp.n));
	return nexthop_via(h, text);
}

void
nexthop_print(struct buf *b, const struct nexthop *h)
{
	if (h->service.n != 0) {
		buf_put_str(b, lmtp);
		buf_put_str(b, h->service);
		return;
	}
	buf_put_str(b, h->tls ? smtps : smtp);
	buf_put_str(b, h->host);
	if (h->port != 0)
		buf_printf(b, ":%u", h->port);
}
