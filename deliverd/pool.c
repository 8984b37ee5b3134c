/*
 * Pools.  A connection that may not or need not go on leaves with QUIT and
 * is no longer its route's: nobody waits for the server's good-bye.
 */
#include "pool.h"

#include "log.h"
#include "proc.h"
#include "route.h"

static struct expiry	 idling;
static size_t		 n_leaving;

static struct pool *
pool_of(const struct conn *conn)
{
	return route_pool(conn->route);
}

static struct conn_list *
list_of(struct pool *pool, const struct conn *conn)
{
	return conn->state == CONN_IDLE ? &pool->idle : &pool->others;
}

static void
set_state(struct conn *conn, enum conn_state state)
{
	struct pool	*pool = pool_of(conn);

	TAILQ_REMOVE(list_of(pool, conn), conn, entry);
	if (conn->state == CONN_OPENING)
		pool->n_opening--;
	conn->state = state;
	TAILQ_INSERT_HEAD(list_of(pool, conn), conn, entry);
}

/* It is the route's no more. */
static struct route *
detach(struct conn *conn)
{
	struct route	*route = conn->route;
	struct pool	*pool = pool_of(conn);

	expiry_remove(&idling, &conn->idling);
	TAILQ_REMOVE(list_of(pool, conn), conn, entry);
	if (conn->state == CONN_OPENING)
		pool->n_opening--;
	pool->n--;
	conn->route = NULL;
	return route;
}

static void
leave(struct conn *conn)
{
	detach(conn);
	conn->state = CONN_LEAVING;
	n_leaving++;
	client_quit(conn->client);
}

static void
on_idle_too_long(struct expiring *e)
{
	struct conn	*conn = (struct conn *)e;	/* its first member */
	struct route	*route = conn->route;

	leave(conn);
	route_balance(route);
}

void
pool_setup(void)
{
	expiry_init(&idling, on_idle_too_long);
}

void
pool_init(struct pool *pool)
{
	*pool = (struct pool){ .n = 0 };
	TAILQ_INIT(&pool->idle);
	TAILQ_INIT(&pool->others);
}

int
pool_open(struct pool *pool, struct route *route, struct outcome *why)
{
	struct conn	*conn;

	conn = conn_open(route, pool->n_opened++, why);
	if (conn == NULL)
		return -1;
	TAILQ_INSERT_HEAD(&pool->others, conn, entry);
	pool->n++;
	pool->n_opening++;
	return 0;
}

struct conn *
pool_pick(const struct pool *pool)
{
	struct conn	*conn;

	TAILQ_FOREACH(conn, &pool->idle, entry)
		if (client_has_room(conn->client))
			return conn;
	TAILQ_FOREACH(conn, &pool->others, entry)
		if (conn->state == CONN_BUSY &&
		    client_has_room(conn->client))
			return conn;
	return NULL;
}

void
pool_leave(struct pool *pool)
{
	struct conn	*conn, *next;

	while ((conn = TAILQ_FIRST(&pool->idle)) != NULL)
		leave(conn);
	for (conn = TAILQ_FIRST(&pool->others); conn != NULL; conn = next) {
		next = TAILQ_NEXT(conn, entry);
		if (conn->state != CONN_OPENING)
			continue;
		detach(conn);
		conn_free(conn);
	}
}

void
pool_abort(struct pool *pool, const char *why)
{
	struct conn	*conn, *next;

	for (conn = TAILQ_FIRST(&pool->others); conn != NULL; conn = next) {
		next = TAILQ_NEXT(conn, entry);
		if (conn->client != NULL)
			client_abort(conn->client, why);
	}
}

size_t
pool_leaving(void)
{
	return n_leaving;
}

void
pool_busy(struct conn *conn)
{
	expiry_remove(&idling, &conn->idling);
	set_state(conn, CONN_BUSY);
}

/* To be woken when there is a job; expiry_add counts anew. */
void
pool_idle(struct conn *conn)
{
	struct route	*route = conn->route;

	route->full = 0;	/* there are connections enough */
	set_state(conn, CONN_IDLE);
	if (proc_stopping()) {
		leave(conn);
	} else if (client_is_spent(conn->client)) {
		route->woken = true;	/* mail was flowing: a fresh one */
		leave(conn);
	} else {
		expiry_add(&idling, &conn->idling,
		    proc_conf()->connection_idle_ms);
	}
	route_balance(route);
}

void
pool_failed(struct conn *conn)
{
	struct route	*route = detach(conn);

	route_conn_failed(route, false, &conn->why);
	conn_free(conn);
	route_balance(route);
}

void
pool_lost(struct conn *conn)
{
	struct route	*route = detach(conn);

	log_warn("connection lost host=%.*s jobs=%u: %.*s",
	    (int)conn->target.n_name, conn->target.name, conn->n_done,
	    (int)conn->why.n, conn->why.text);
	if (conn->n_done == 0)
		route_conn_failed(route, true, &conn->why);
	conn_free(conn);
	route_balance(route);
}

void
pool_left(struct conn *conn)
{
	struct route	*route;

	if (conn->state == CONN_LEAVING) {
		n_leaving--;
		conn_free(conn);
		route_check_stop();
		return;
	}
	route = detach(conn);
	conn_free(conn);
	route_balance(route);
}
