/*
 * The rest of the defaults: listeners where none is written, the places of
 * sockets below the run-directory, what routes leave out, the host's name
 * servers, the table of the host's accounts.
 */
#include "conf_fill.h"

#include "conf_resolv.h"

#define SUBMIT_SOCKET	"/submit"
#define CONTROL_SOCKET	"/control"
#define SMTPS_PORT	465		/* RFC 8314 7.3 */

/* Every address of both families, the port that mail comes in by. */
static void
fill_mx(struct build *b)
{
	static const struct netaddr	 any[] = {
		{ .family = 4, .port = 25 }, { .family = 6, .port = 25 }
	};
	const struct origin		 at = { STR("default"), 0 };
	struct listener_conf		*l = listener_default(b, SERVICE_MX);
	struct bind_conf		*to;

	for (size_t i = 0; l != NULL && i < 2; i++)
		if ((to = BUILD_ADD(b, &at, l, binds, BINDS_MAX)) != NULL)
			to->addr = any[i];
}

static struct str
in_run_dir(struct build *b, const char *name)
{
	struct buf	 path = BUF_INIT(FILE_NAME_MAX + 16);
	struct str	 s;

	buf_put_str(&path, b->conf.run_dir);
	buf_puts(&path, name);
	s = build_copy(b, buf_str(&path));
	buf_clear(&path);
	return s;
}

static void
fill_sockets(struct build *b)
{
	struct listener_conf	*l = (void *)b->conf.listeners;

	for (size_t i = 0; i < b->conf.n_listeners; i++)
		if (l[i].service == SERVICE_LOCAL && l[i].socket.n == 0)
			l[i].socket = in_run_dir(b, SUBMIT_SOCKET);
	if (b->conf.control.n == 0)
		b->conf.control = in_run_dir(b, CONTROL_SOCKET);
}

/*
 * A domain that fits no route goes by the last, which is always there.  No
 * route has to say all of its retry.
 */
static void
fill_routes(struct build *b)
{
	static const struct str	 all = STR("*");
	struct route_conf	*r = (void *)b->conf.routes;
	size_t			 i;

	for (i = 0; i < b->conf.n_routes; i++)
		if (str_equal(r[i].pattern, all))
			break;
	if (i == b->conf.n_routes)
		route_default(b, all);
	r = (void *)b->conf.routes;
	for (i = 0; i < b->conf.n_routes; i++) {
		if (r[i].via_host.n != 0 && r[i].via_port == 0)
			r[i].via_port = r[i].via_tls ? SMTPS_PORT :
			    b->conf.smtp_port;
		if (r[i].retry_min_s == 0)
			r[i].retry_min_s = b->defaults.retry_min_s;
		if (r[i].retry_max_s == 0)
			r[i].retry_max_s = b->defaults.retry_max_s;
		if (r[i].expire_s == 0)
			r[i].expire_s = b->defaults.expire_s;
	}
}

/* The table of the host's accounts, if anything refers to it. */
static void
fill_system_table(struct build *b)
{
	struct domain_conf	*d = (void *)b->conf.domains;
	struct origin		 at = { STR(PASSWD_FILE), 0 };
	struct table_conf	*t;
	uint16_t		 system = (uint16_t)b->conf.n_tables;
	bool			 needed = false;

	for (size_t i = 0; i < b->conf.n_domains; i++)
		if (d[i].recipients == RECIPIENTS_SYSTEM) {
			d[i].recipients_table = system;
			needed = true;
		}
	for (size_t i = 0; i < b->conf.n_deliveries; i++)
		needed |= b->conf.deliveries[i].as_recipient;
	if (!needed)
		return;
	t = BUILD_ADD(b, &at, &b->conf, tables, TABLES_MAX);
	if (t != NULL)
		*t = (struct table_conf){ at, str_of("system"), TABLE_SYSTEM,
		    str_of(PASSWD_FILE), QUEUED };
}

void
conf_fill(struct build *b)
{
	if (b->conf.n_listeners == 0) {
		fill_mx(b);
		listener_default(b, SERVICE_LOCAL);
	}
	fill_sockets(b);
	fill_routes(b);
	fill_system_table(b);
	if (b->conf.n_name_servers == 0)
		conf_resolv_fill(b);
}
