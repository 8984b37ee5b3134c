/*
 * Cross-checks.  What is compared with everything else goes through an
 * index: ten thousand domains are checked in milliseconds.  (Not qsort(3),
 * which asks for the size of memory: a system call that the jail has not.)
 */
#include "conf_check.h"

#include <sys/un.h>

#include <stddef.h>

#include "names.h"

/* a socket's path and the NUL behind it */
#define SOCKET_PATH_MAX	(sizeof(((struct sockaddr_un *)0)->sun_path) - 1)

/* Objects in the configuration: each begins with its origin. */
struct objects {
	const char	*what;		/* for messages */
	const void	*list;
	size_t		 n, size;	/* of the list, of an object */
	size_t		 name;		/* offset of its name */
};

#define OBJECTS(what, list, n, type, name)				\
	((struct objects){ (what), (list), (n), sizeof(struct type),	\
	    offsetof(struct type, name) })

_Static_assert(offsetof(struct listener_conf, origin) == 0 &&
    offsetof(struct table_conf, origin) == 0 &&
    offsetof(struct certificate_conf, origin) == 0 &&
    offsetof(struct credential_conf, origin) == 0 &&
    offsetof(struct domain_conf, origin) == 0 &&
    offsetof(struct route_conf, origin) == 0, "origins are in front");

static const struct origin *
origin_of(const struct objects *o, size_t i)
{
	return (const void *)((const char *)o->list + i * o->size);
}

/*
 * Reports each name that is there before.  Leaves the index of all, by
 * number plus 1, to the caller; those without a name are not in it.
 */
static void
check_names(struct build *b, const struct objects *o, struct names *names)
{
	char		 place[PLACE_TEXT_MAX];
	uint32_t	 before;

	for (size_t i = 0; i < o->n; i++) {
		const struct origin	*at = origin_of(o, i);
		const struct str	*name;

		name = (const void *)((const char *)at + o->name);
		if (name->n == 0)
			continue;
		if (names_add(names, *name, (uint32_t)i + 1, &before) == -1) {
			report_error(b->report, at, "out of memory");
			return;
		}
		if (before != 0)
			report_error(b->report, at, "%s %s: given before, in "
			    "%s", o->what, log_text(*name),
			    report_place(origin_of(o, before - 1), at, place));
	}
}

static void
check_unique(struct build *b, struct objects o)
{
	struct names	 names = NAMES_INIT;

	check_names(b, &o, &names);
	names_clear(&names);
}

/* ---- places ------------------------------------------------------------ */

static void
check_socket(struct build *b, const struct origin *at, const char *what,
    struct str path)
{
	if (path.n > SOCKET_PATH_MAX)
		report_error(b->report, at, "%s: %s: a socket's path has at "
		    "most %zu octets", what, log_text(path),
		    (size_t)SOCKET_PATH_MAX);
}

/* A wildcard takes the port of all addresses of its family. */
static bool
clashes(const struct netaddr *a, const struct netaddr *b)
{
	static const uint8_t	 any[16];
	size_t			 n = a->family == 4 ? 4 : 16;

	return a->port == b->port && a->family == b->family &&
	    (netaddr_equal(a, b) || memcmp(a->bytes, any, n) == 0 ||
	    memcmp(b->bytes, any, n) == 0);
}

/* One listener's place against those of another, or of itself. */
static void
check_pair(struct build *b, const struct listener_conf *l, size_t i,
    const struct listener_conf *other)
{
	char	 text[NETADDR_TEXT_MAX], place[PLACE_TEXT_MAX];
	size_t	 n = l == other ? i : other->n_binds;

	for (size_t k = 0; k < n; k++)
		if (clashes(&l->binds[i].addr, &other->binds[k].addr)) {
			report_error(b->report, &l->origin, "listen: %s is "
			    "taken by the listener %.*s in %s",
			    netaddr_print_port(&l->binds[i].addr, text),
			    STR_FMT(other->name), report_place(&other->origin,
			    &l->origin, place));
			return;
		}
}

static void
check_local(struct build *b, const struct listener_conf *l, size_t i)
{
	char	 place[PLACE_TEXT_MAX];

	check_socket(b, &l[i].origin, "listen", l[i].socket);
	if (str_equal(l[i].socket, b->conf.control))
		report_error(b->report, &l[i].origin, "listen: %s is the "
		    "control socket", log_text(l[i].socket));
	for (size_t k = 0; k < i; k++)
		if (str_equal(l[i].socket, l[k].socket))
			report_error(b->report, &l[i].origin, "listen: %s is "
			    "taken by the listener %.*s in %s",
			    log_text(l[i].socket), STR_FMT(l[k].name),
			    report_place(&l[k].origin, &l[i].origin, place));
}

static void
check_listeners(struct build *b)
{
	const struct listener_conf	*l = b->conf.listeners;

	check_unique(b, OBJECTS("listen", l, b->conf.n_listeners,
	    listener_conf, name));
	for (size_t i = 0; i < b->conf.n_listeners; i++) {
		if (l[i].socket.n != 0)
			check_local(b, l, i);
		for (size_t k = 0; k <= i; k++)
			for (size_t a = 0; a < l[i].n_binds; a++)
				check_pair(b, &l[i], a, &l[k]);
	}
}

/* ---- domains ----------------------------------------------------------- */

static void
check_domains(struct build *b)
{
	const struct domain_conf	*d = b->conf.domains;
	const struct service_conf	*s = b->conf.services;

	check_unique(b, OBJECTS("domain", d, b->conf.n_domains, domain_conf,
	    name));
	for (size_t i = 0; i < b->conf.n_services; i++)
		if (s[i].socket.n != 0)
			check_socket(b, &s[i].origin, "deliver", s[i].socket);
}

static void
check_domain_tables(struct build *b)
{
	const struct domain_conf	*first[TABLES_MAX] = { NULL };
	const struct domain_conf	*d = b->conf.domains;
	char				 place[PLACE_TEXT_MAX];

	for (size_t i = 0; i < b->conf.n_domains; i++) {
		if (d[i].table == TABLE_NONE)
			continue;
		if (first[d[i].table] != NULL)
			report_error(b->report, &d[i].origin, "domain table "
			    "%.*s: given before, in %s",
			    STR_FMT(b->conf.tables[d[i].table].name),
			    report_place(&first[d[i].table]->origin,
			    &d[i].origin, place));
		first[d[i].table] = &d[i];
	}
}

/* ---- tables and certificates ------------------------------------------- */

static void
check_tables(struct build *b)
{
	const struct table_conf	*t = b->conf.tables;

	check_unique(b, OBJECTS("table", t, b->conf.n_tables, table_conf,
	    name));
	for (size_t i = 0; i < b->conf.n_tables; i++) {
		/* else its use may be in what was refused */
		if (t[i].readers == 0 && b->report->errors == 0)
			report_warning(b->report, &t[i].origin, "table %.*s: "
			    "nothing uses it", STR_FMT(t[i].name));
		if (b->is_aliases[i] && t[i].readers & KEYD_AUTH)
			report_error(b->report, &t[i].origin, "table %.*s: "
			    "aliases and auth want different ones",
			    STR_FMT(t[i].name));
	}
}

static void
check_secrets(struct build *b)
{
	const struct conf	*c = &b->conf;

	check_unique(b, OBJECTS("certificate", c->certificates,
	    c->n_certificates, certificate_conf, name));
	check_unique(b, OBJECTS("credentials", c->credentials,
	    c->n_credentials, credential_conf, name));
}

/* ---- routes ------------------------------------------------------------ */

static bool
same_retry(const struct route_conf *a, const struct route_conf *b)
{
	return a->retry_min_s == b->retry_min_s &&
	    a->retry_max_s == b->retry_max_s && a->expire_s == b->expire_s;
}

static void
check_retry(struct build *b, const struct route_conf *r)
{
	if (r->retry_min_s > r->retry_max_s)
		report_error(b->report, &r->origin, "retry: min is longer "
		    "than max");
	if (r->retry_max_s > r->expire_s)
		report_error(b->report, &r->origin, "retry: max is longer "
		    "than expire");
}

static void
check_routes(struct build *b)
{
	const struct route_conf	*r = b->conf.routes;
	const struct objects	 all = OBJECTS("route", r, b->conf.n_routes,
	    route_conf, pattern);
	struct names		 names = NAMES_INIT;

	check_retry(b, &b->defaults);
	check_names(b, &all, &names);
	for (size_t i = 0; i < all.n; i++)
		if (!same_retry(&r[i], &b->defaults))
			check_retry(b, &r[i]);
	names_clear(&names);
}

/* ---- all --------------------------------------------------------------- */

void
conf_check(struct build *b)
{
	const struct conf	*c = &b->conf;
	struct origin		 at = build_origin(b, IN_CONTROL, "socket");

	if (at.line == 0)	/* below the run-directory */
		at = build_origin(b, IN_TOP, "run-directory");
	check_socket(b, &at, "control socket", c->control);
	check_tables(b);
	check_secrets(b);
	check_listeners(b);
	check_domains(b);
	check_domain_tables(b);
	check_routes(b);
}
