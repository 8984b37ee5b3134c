/*
 * Connections: from one address to the next, and the glue between the
 * network layer and the client.  What a failure means for the route is
 * pool.c's to say; a service's socket comes from connect_service.c.
 */
#include "connect.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "connect_service.h"
#include "host.h"
#include "log.h"
#include "login.h"
#include "pool.h"
#include "proc.h"
#include "route.h"
#include "trust.h"

/*
 * How long an address may keep us waiting while there is one of the other
 * family: RFC 8305's quarter of a second is for people, this is for mail.
 */
#define OTHER_FAMILY_MS	3000

static int	 try_next(struct conn *);
static int	 try_target(struct conn *, const struct target *);

/* ---- what the client wants of its owner -------------------------------- */

static struct task *
on_next(void *owner)
{
	struct conn	*conn = owner;

	if (conn->state == CONN_OPENING || conn->state == CONN_IDLE)
		pool_busy(conn);
	return conn->route != NULL ? route_next_task(conn->route) : NULL;
}

static void
on_finished(void *owner, struct task *t, bool heard)
{
	struct conn	*conn = owner;

	if (heard) {
		conn->n_done++;
		host_good(conn->host, conn->route->concurrency);
	}
	route_end_task(conn->route, t, heard);
}

static void
on_returned(void *owner, struct task *t)
{
	struct conn	*conn = owner;

	route_return_task(conn->route, t);
}

static void
on_idle(void *owner)
{
	pool_idle(owner);
}

static void
note_failure(struct conn *conn, const struct outcome *why)
{
	char	addr[NETADDR_TEXT_MAX];

	conn->why = *why;
	conn->permanent = conn->permanent && why->status == RCPT_FAILED;
	log_debug("connect host=%.*s address=%s failed: %.*s",
	    (int)conn->target.n_name, conn->target.name,
	    netaddr_print_port(&conn->target.addr, addr),
	    (int)why->n, why->text);
	host_bad(conn->host, conn->route->concurrency);
	host_leave(&conn->host);
	route_target_failed(conn->route, &conn->target.addr);
}

/* Nobody took it: the last failure is the one that is told. */
static void
give_up(struct conn *conn)
{
	if (conn->why.status == RCPT_FAILED && !conn->permanent)
		outcome_soften(&conn->why);
	pool_failed(conn);
}

static void
disconnect(struct conn *conn)
{
	client_free(&conn->client);
	io_free(&conn->io);
}

/* The same host once more: it offered TLS, but could not do it. */
static void
retry_clear(struct conn *conn, const struct outcome *why)
{
	char	addr[NETADDR_TEXT_MAX];

	log_info("tls-fallback host=%.*s address=%s: %.*s",
	    (int)conn->target.n_name, conn->target.name,
	    netaddr_print_port(&conn->target.addr, addr),
	    (int)why->n, why->text);
	conn->why = *why;
	disconnect(conn);
	conn->clear = true;
	if (try_target(conn, &conn->target) == -1 && try_next(conn) == -1)
		give_up(conn);
}

static const char *
on_login(void *owner)
{
	return login_ask(owner);
}

static void
on_ended(void *owner, enum client_end how, const struct outcome *why)
{
	struct conn	*conn = owner;

	login_end(conn);
	if (how == CLIENT_NO_TLS && conn->route != NULL) {
		retry_clear(conn, why);
		return;
	}
	if (how == CLIENT_REFUSED && conn->route != NULL) {
		note_failure(conn, why);
		disconnect(conn);
		if (try_next(conn) == -1)
			give_up(conn);
		return;
	}
	conn->why = *why;
	if (how == CLIENT_LOST)
		pool_lost(conn);
	else
		pool_left(conn);
}

static const struct client_ops	client_ops = {
	.conf = proc_conf,
	.tls = trust_client,
	.login = on_login,
	.next = on_next,
	.finished = on_finished,
	.returned = on_returned,
	.idle = on_idle,
	.ended = on_ended,
};

/* ---- what the network brings ------------------------------------------- */

static size_t
on_data(void *arg, struct str in)
{
	struct conn	*conn = arg;

	return client_input(conn->client, in);
}

static void
on_drained(void *arg)
{
	struct conn	*conn = arg;

	client_drained(conn->client);
}

static void
failed(struct conn *conn, const char *code, const char *what)
{
	struct outcome	 why;
	char		 addr[NETADDR_TEXT_MAX];

	if (conn->route->by_service)
		outcome_say(&why, RCPT_DEFERRED, code, "%.*s: %s",
		    (int)conn->target.n_name, conn->target.name, what);
	else
		outcome_say(&why, RCPT_DEFERRED, code, "%.*s[%s]: %s",
		    (int)conn->target.n_name, conn->target.name,
		    netaddr_print(&conn->target.addr, addr), what);
	note_failure(conn, &why);
	io_free(&conn->io);
	if (try_next(conn) == -1)
		give_up(conn);
}

static void
on_connection_ended(void *arg, enum io_end how)
{
	struct conn	*conn = arg;

	if (conn->client != NULL)
		client_closed(conn->client, how);
	else
		failed(conn, "4.4.1", how == IO_TIMEOUT ?
		    "connection timed out" : "connection failed");
}

/* As certificates have it: an address without its brackets (RFC 5321 4.1.3),
 * which servers refuse as a name to be asked for (RFC 6066 section 3). */
static struct str
bare_name(struct str host)
{
	static const struct str	tag = STR("IPv6:");

	if (host.n < 2 || host.p[0] != '[')
		return host;
	host = str_bytes(host.p + 1, host.n - 2);
	return str_starts_nocase(host, tag) ? str_skip(host, tag.n) : host;
}

/* A service has none: it is on this host, or on a network that is trusted. */
static void
protect(struct conn *conn, struct str host)
{
	const struct protection	*p = &conn->route->protection;
	struct client_wish	 wish = {
		.level = conn->clear ? TLS_LEVEL_NONE : p->level,
		.tls_first = p->tls_first,
		.login = p->credential != CREDENTIAL_NONE,
		.name = p->n_name != 0 ? str_bytes(p->name, p->n_name) :
		    bare_name(host),
	};

	if (conn->route->transport == TRANSPORT_SMTP)
		client_protect(conn->client, &wish);
}

static void
begin(struct conn *conn)
{
	struct str	 host = str_bytes(conn->target.name,
			    conn->target.n_name);

	log_debug("connect host=%.*s connected", STR_FMT(host));
	conn->client = client_new(conn->io,
	    conn->route->transport == TRANSPORT_LMTP ? CLIENT_LMTP :
	    CLIENT_SMTP, host, &client_ops, conn);
	if (conn->client == NULL)
		failed(conn, "4.3.0", "out of memory");
	else
		protect(conn, host);
}

static void
on_connected(void *arg, int error)
{
	struct conn	*conn = arg;

	if (error != 0) {
		failed(conn, "4.4.1", strerror(error));
		return;
	}
	if (!conn->route->via && target_is_self(proc_conf(),
	    io_local(conn->io), io_remote(conn->io))) {
		failed(conn, "4.4.6", "that is this host itself");
		return;
	}
	begin(conn);
}

static const struct io_ops	io_ops = {
	.data = on_data,
	.drained = on_drained,
	.ended = on_connection_ended,
};

void
conn_opened(struct conn *conn, int fd)
{
	conn->io = io_new(fd, &io_ops, conn);
	if (conn->io != NULL)
		begin(conn);
	else
		failed(conn, "4.3.0", "out of memory");
}

void
conn_not_opened(struct conn *conn, const char *code, const char *why)
{
	failed(conn, code, why);
}

/* ---- one address after the other --------------------------------------- */

/* The best ones from start on, around, then the others as they stand. */
static struct target *
target_at(const struct conn *conn, size_t i)
{
	const struct targets	*t = &conn->route->targets;

	if (i < t->n_best)
		i = (conn->start + i) % t->n_best;
	return &t->list[i];
}

static bool
has_other_family(const struct conn *conn)
{
	const struct targets	*t = &conn->route->targets;

	for (size_t i = conn->tried; i < t->n; i++)
		if (target_at(conn, i)->addr.family !=
		    conn->target.addr.family)
			return true;
	return false;
}

static int
try_target(struct conn *conn, const struct target *t)
{
	const struct netaddr	 any = { 0 };
	struct outcome		 why;
	uint32_t		 ms = proc_conf()->connect_timeout_ms;

	conn->target = *t;
	conn->attempted = true;
	if (conn->route->by_service) {
		service_open(conn);
		return 0;
	}
	host_leave(&conn->host);
	conn->host = host_use(&t->addr);
	conn->io = io_connect(&t->addr, &any, &io_ops, on_connected, conn);
	if (conn->io == NULL) {
		outcome_say(&why, RCPT_DEFERRED, "4.4.1", "%.*s: %s",
		    (int)t->n_name, t->name, strerror(errno));
		note_failure(conn, &why);
		return -1;
	}
	if (ms > OTHER_FAMILY_MS && has_other_family(conn))
		ms = OTHER_FAMILY_MS;
	io_deadline(conn->io, ms);
	return 0;
}

/* -1 when there is none left. */
static int
try_next(struct conn *conn)
{
	const struct targets	*t = &conn->route->targets;
	const struct target	*target;
	uint64_t		 now = clock_ms();

	while (conn->tried < t->n) {
		target = target_at(conn, conn->tried++);
		conn->clear = false;
		if (target->bad_until_ms <= now &&
		    (conn->first || conn->tried > t->n_best ||
		    !host_is_full(&target->addr,
		    conn->route->concurrency)) && try_target(conn, target) == 0)
			return 0;
	}
	if (conn->attempted || t->n == 0)
		return -1;
	/* all are known to be bad, so that means little: one more try */
	conn->tried = t->n;
	return try_target(conn, target_at(conn, 0));
}

struct conn *
conn_open(struct route *route, size_t start, struct outcome *why)
{
	struct conn	*conn = calloc(1, sizeof(*conn));

	outcome_say(why, RCPT_DEFERRED, "4.3.0", "out of memory");
	if (conn == NULL)
		return NULL;
	conn->state = CONN_OPENING;
	conn->route = route;
	conn->start = start;
	conn->first = route_pool(route)->n == 0;
	conn->permanent = true;
	if (try_next(conn) == -1) {
		*why = conn->why;
		host_leave(&conn->host);
		free(conn);
		return NULL;
	}
	return conn;
}

void
conn_free(struct conn *conn)
{
	service_open_end(conn);
	login_end(conn);
	client_free(&conn->client);
	io_free(&conn->io);
	host_leave(&conn->host);
	free(conn);
}
