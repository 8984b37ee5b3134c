/*
 * A route that somebody names takes its policy from the configuration, so
 * that nobody who names one can do without what the configuration demands.
 */
#include "router_via.h"

#include "router.h"

#define SMTPS_PORT	465		/* RFC 8314 7.3 */

static uint16_t
port_of(const struct nexthop *h)
{
	if (h->port != 0)
		return h->port;
	return h->tls ? SMTPS_PORT : router_conf()->smtp_port;
}

/* The configured route that goes there and demands most, or NULL. */
static const struct route_conf *
route_like(const struct nexthop *h)
{
	const struct conf	*conf = router_conf();
	const struct route_conf	*c, *found = NULL;

	for (size_t i = 0; i < conf->n_routes; i++) {
		c = &conf->routes[i];
		if (str_equal(c->via_host, h->host) &&
		    c->via_port == port_of(h) && c->via_tls == h->tls &&
		    (found == NULL || c->tls > found->tls))
			found = c;
	}
	return found;
}

static const struct service_conf *
service_of(const struct nexthop *h)
{
	const struct conf	*conf = router_conf();

	for (size_t i = 0; i < conf->n_services; i++)
		if (str_equal(conf->services[i].name, h->service))
			return &conf->services[i];
	return NULL;
}

/* As master lets deliverd connect. */
static bool
may_connect(uint16_t port)
{
	const struct conf	*conf = router_conf();

	if (port == conf->smtp_port)
		return true;
	for (size_t i = 0; i < CONF_MAIL_PORTS; i++)
		if (conf_mail_ports[i] == port)
			return true;
	for (size_t i = 0; i < conf->n_routes; i++)
		if (conf->routes[i].via_port == port)
			return true;
	for (size_t i = 0; i < conf->n_services; i++)
		if (conf->services[i].port == port)
			return true;
	return false;
}

/* ---- specs ------------------------------------------------------------- */

static void
take_times(const struct route_conf *own, struct route_spec *s)
{
	if (own == NULL)
		return;
	s->retry_min_s = own->retry_min_s;
	s->retry_max_s = own->retry_max_s;
	s->expire_s = own->expire_s;
}

static enum via_result
via_service(const struct nexthop *h, const struct route_conf *own,
    struct route_spec *s)
{
	const struct service_conf	*c = service_of(h);

	if (c == NULL)
		return VIA_NO_SERVICE;
	/* LMTP knows no TLS here; a socket leads to no network */
	if (own != NULL && own->tls >= TLS_LEVEL_ENCRYPT && c->socket.n == 0)
		return VIA_NO_TLS;
	router_spec_of(NULL, s);
	router_spec_service(c, s);
	take_times(own, s);
	return VIA_GOOD;
}

static enum via_result
via_host(const struct nexthop *h, const struct route_conf *own,
    struct route_spec *s)
{
	const struct route_conf	*c = route_like(h);

	if (!may_connect(port_of(h)))
		return VIA_NO_PORT;
	router_spec_of(c, s);
	if (c == NULL) {
		s->via = true;
		s->via_tls = h->tls;
		s->next_hop = h->host;
		s->port = port_of(h);
		s->tls = h->tls ? TLS_LEVEL_ENCRYPT : TLS_LEVEL_MAY;
		take_times(own, s);
	}
	if (own != NULL && own->tls >= TLS_LEVEL_ENCRYPT && own->tls > s->tls)
		s->tls = own->tls;
	return VIA_GOOD;
}

enum via_result
router_via(const struct nexthop *h, struct str address, struct route_spec *s)
{
	const struct route_conf	*own = router_pattern(address);

	return h->service.n != 0 ? via_service(h, own, s) :
	    via_host(h, own, s);
}

const char *
router_via_refusal(const struct nexthop *h)
{
	if (h->service.n != 0)
		return service_of(h) != NULL ? NULL : "no domain of the "
		    "configuration is delivered to that service";
	return may_connect(port_of(h)) ? NULL : "deliverd may not connect to "
	    "that port: no \"via\" of the configuration has it";
}
