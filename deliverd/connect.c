/*
 * Connections: from one address to the next, and the glue between the
 * network layer and the client.  What a failure means for the route is
 * pool.c's to say.
 */
#include "connect.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "log.h"
#include "pool.h"
#include "proc.h"
#include "route.h"

/*
 * How long an address may keep us waiting while there is one of the other
 * family: RFC 8305's quarter of a second is for people, this is for mail.
 */
#define OTHER_FAMILY_MS	3000

static int	 try_next(struct conn *);

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

	if (heard)
		conn->n_done++;
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
on_ended(void *owner, enum client_end how, const struct outcome *why)
{
	struct conn	*conn = owner;

	if (how == CLIENT_REFUSED && conn->route != NULL) {
		note_failure(conn, why);
		client_free(&conn->client);
		io_free(&conn->io);
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

static void
on_connected(void *arg, int error)
{
	struct conn	*conn = arg;
	struct str	 host = str_bytes(conn->target.name,
			    conn->target.n_name);

	if (error != 0) {
		failed(conn, "4.4.1", strerror(error));
		return;
	}
	if (!conn->route->via && target_is_self(proc_conf(),
	    io_local(conn->io), io_remote(conn->io))) {
		failed(conn, "4.4.6", "that is this host itself");
		return;
	}
	log_debug("connect host=%.*s connected", STR_FMT(host));
	conn->client = client_new(conn->io, host, &client_ops, conn);
	if (conn->client == NULL)
		failed(conn, "4.3.0", "out of memory");
}

static const struct io_ops	io_ops = {
	.data = on_data,
	.drained = on_drained,
	.ended = on_connection_ended,
};

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
		if (target->bad_until_ms <= now &&
		    try_target(conn, target) == 0)
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
	conn->permanent = true;
	if (try_next(conn) == -1) {
		*why = conn->why;
		free(conn);
		return NULL;
	}
	return conn;
}

void
conn_free(struct conn *conn)
{
	client_free(&conn->client);
	io_free(&conn->io);
	free(conn);
}
