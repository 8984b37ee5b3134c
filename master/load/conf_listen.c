/*
 * `listen SERVICE [NAME] { ... }`: where mail comes in.  A listener binds
 * exactly the addresses that it is given.
 */
#include "conf_kinds.h"

#include "conf_auth.h"
#include "conf_fill.h"
#include "conf_print.h"
#include "conf_tls.h"
#include "conf_value.h"

static const char *const services[SERVICE_N] = {
	[SERVICE_MX] = "mx", [SERVICE_SUBMISSION] = "submission",
	[SERVICE_SUBMISSIONS] = "submissions", [SERVICE_LOCAL] = "local",
};

/* RFC 5321 4.5.4.2, RFC 6409 3.1, RFC 8314 7.3 */
static const uint16_t service_ports[SERVICE_N] = {
	[SERVICE_MX] = 25, [SERVICE_SUBMISSION] = 587,
	[SERVICE_SUBMISSIONS] = 465,
};

static enum service
service_find(struct str word)
{
	enum service	 s;

	for (s = 0; s < SERVICE_N; s++)
		if (str_equal(word, str_of(services[s])))
			break;
	return s;
}

/* The list is this build's own until it is in the configuration. */
static void
fill_ports(struct listener_build *l)
{
	struct bind_conf	*binds = (struct bind_conf *)l->conf.binds;
	uint16_t		 port = l->port;

	if (port == 0)
		port = service_ports[l->conf.service];
	for (size_t i = 0; i < l->conf.n_binds; i++)
		if (binds[i].addr.port == 0)
			binds[i].addr.port = port;
}

static void
check_place(struct build *b, const struct statement *st,
    const struct listener_build *l)
{
	const struct listener_conf	*c = &l->conf;

	if (c->service != SERVICE_LOCAL && c->socket.n != 0)
		WRONG(b, st, "only local listens on a socket file");
	if (c->service != SERVICE_LOCAL && c->n_binds == 0)
		WRONG(b, st, "no address to listen on: give each, as in "
		    "address 0.0.0.0; address ::;");
	if (c->service == SERVICE_LOCAL && (c->n_binds != 0 || l->port != 0))
		WRONG(b, st, "local listens on a socket file, not on "
		    "addresses");
	if (c->service == SERVICE_LOCAL && c->n_trust != 0)
		WRONG(b, st, "who can open the socket file is trusted; trust "
		    "has no meaning here");
}

/* Nothing of it is said yet. */
static void
listener_init(struct build *b, struct listener_build *l, enum service service,
    const struct origin *at)
{
	*l = (struct listener_build){ .conf = { .origin = *at,
	    .service = service, .auth_table = TABLE_NONE },
	    .require_tls = ANSWER_NONE, .auth_required = ANSWER_NONE };
	build_defaults(b, IN_LISTEN, l);
}

/* All of it is said: what follows from that. */
static struct listener_conf *
listener_add(struct build *b, struct listener_build *l)
{
	struct listener_conf	*to;

	fill_ports(l);
	to = BUILD_ADD(b, &l->conf.origin, &b->conf, listeners,
	    LISTENERS_MAX);
	if (to != NULL)
		*to = l->conf;
	return to;
}

static void
listen_set(struct build *b, const struct directive *d,
    const struct statement *st, void *base)
{
	struct listener_build	 l;
	unsigned		 errors = b->report->errors;
	enum service		 service;

	(void)base;
	if (!build_wants(b, st, 1, 2, true))
		return;
	service = service_find(st->words[1]);
	if (service == SERVICE_N) {
		WRONG(b, st, "%s is not mx, submission, submissions or local",
		    log_text(st->words[1]));
		return;
	}
	listener_init(b, &l, service, &st->origin);
	if (value_name(b, st, st->words[st->n_words - 1], &l.conf.name) == -1)
		return;
	build_block(b, IN_LISTEN, d->name, &st->origin, st->children, &l);
	listener_tls_fill(b, &l);
	listener_auth_fill(&l);
	if (errors == b->report->errors)
		check_place(b, st, &l);
	if (errors == b->report->errors) {
		listener_tls_check(b, st, &l);
		listener_auth_check(b, st, &l);
	}
	if (errors == b->report->errors) {
		listener_tls_warn(b, st, &l);
		listener_auth_warn(b, st, &l);
	}
	listener_add(b, &l);
}

/* As if the directive was written, without anything in its block. */
struct listener_conf *
listener_default(struct build *b, enum service service)
{
	const struct origin	 at = { STR("default"), 0 };
	struct listener_build	 l;

	listener_init(b, &l, service, &at);
	l.conf.name = str_of(services[service]);
	listener_tls_fill(b, &l);
	return listener_add(b, &l);
}

static void
listen_print(struct printer *p, const struct directive *d, const void *base)
{
	const struct conf	*conf = &p->build->conf;

	(void)base;
	for (size_t i = 0; i < conf->n_listeners; i++) {
		struct listener_build	 l = { .conf = conf->listeners[i] };
		const char		*service = services[l.conf.service];

		l.require_tls = l.conf.tls >= TLS_LEVEL_ENCRYPT;
		l.auth_required = l.conf.auth_required;
		print_name(p, d->name);
		print_string(p, service);
		if (!str_equal(l.conf.name, str_of(service)))
			print_word(p, l.conf.name);
		print_block(p, IN_LISTEN, &l);
	}
}

/* ---- address ADDRESS [port N]; ----------------------------------------- */

static void
bind_set(struct build *b, const struct directive *d,
    const struct statement *st, void *base)
{
	static const struct str	 port = STR("port");
	struct listener_build	*l = base;
	struct bind_conf	 bind, *to;

	(void)d;
	if (!build_wants(b, st, 1, 3, false))
		return;
	if (netaddr_parse(&bind.addr, st->words[1]) == -1) {
		WRONG(b, st, "%s is not an address", log_text(st->words[1]));
		return;
	}
	if (st->n_words > 2 && (st->n_words != 4 ||
	    !str_equal(st->words[2], port))) {
		WRONG(b, st, "wants ADDRESS [port N]");
		return;
	}
	if (st->n_words == 4 &&
	    value_port(b, st, st->words[3], &bind.addr.port) == -1)
		return;
	to = BUILD_ADD(b, &st->origin, &l->conf, binds, BINDS_MAX);
	if (to != NULL)
		*to = bind;
}

static void
bind_print(struct printer *p, const struct directive *d, const void *base)
{
	const struct listener_build	*l = base;
	char				 addr[NETADDR_TEXT_MAX];
	char				 port[UNITS_TEXT_MAX];

	for (size_t i = 0; i < l->conf.n_binds; i++) {
		const struct netaddr	*a = &l->conf.binds[i].addr;

		print_name(p, d->name);
		print_string(p, netaddr_print(a, addr));
		print_string(p, "port");
		print_string(p, units_print(units_count, a->port, port));
		print_end(p);
	}
}

/* ---- trust NETBLOCK ...; ----------------------------------------------- */

static void
netblocks_set(struct build *b, const struct directive *d,
    const struct statement *st, void *base)
{
	struct listener_build	*l = base;
	struct netblock_conf	*to;
	struct netblock		 n;

	(void)d;
	if (!build_wants(b, st, 1, WORDS_MAX, false))
		return;
	for (size_t i = 1; i < st->n_words; i++) {
		if (netblock_parse(&n, st->words[i]) == -1) {
			WRONG(b, st, "%s is not a network (192.0.2.0/24, "
			    "2001:db8::/32) or has bits set behind its "
			    "prefix", log_text(st->words[i]));
			continue;
		}
		if (n.bits == 0)
			report_warning(b->report, &st->origin, "trust: %s "
			    "makes this an open relay",
			    log_text(st->words[i]));
		to = BUILD_ADD(b, &st->origin, &l->conf, trust,
		    NETBLOCKS_MAX);
		if (to != NULL)
			*to = (struct netblock_conf){ n.addr, n.bits };
	}
}

static void
netblocks_print(struct printer *p, const struct directive *d,
    const void *base)
{
	const struct listener_build	*l = base;
	char				 text[NETADDR_TEXT_MAX];

	for (size_t i = 0; i < l->conf.n_trust; i++) {
		struct netblock	 n = { l->conf.trust[i].addr,
		    l->conf.trust[i].bits };

		print_name(p, d->name);
		print_string(p, netblock_print(&n, text));
		print_end(p);
	}
}

const struct kind kind_listen = { listen_set, listen_print };
const struct kind kind_bind = { bind_set, bind_print };
const struct kind kind_netblocks = { netblocks_set, netblocks_print };
