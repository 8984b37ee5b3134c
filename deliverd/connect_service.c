/*
 * One SERVICE_OPEN for each connection.  A connect role that is starting, or
 * that has just died, is waited for: a restart of it is no reason to put mail
 * off.
 */
#include "connect_service.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "proc.h"
#include "route.h"

#define ANSWER_MS	5000	/* beyond the time to connect */
#define OPENER_MS	5000	/* until there is one */
#define OPENERS_LOST	2	/* under one connection, then it fails */

static struct expiry	 no_opener;

static struct conn *
conn_of(struct expiring *e)
{
	return (struct conn *)(void *)((char *)e -
	    offsetof(struct conn, no_opener));
}

static void
on_no_opener(struct expiring *e)
{
	conn_not_opened(conn_of(e), "4.3.0",
	    "there is no process to connect to it");
}

void
service_open_setup(void)
{
	expiry_init(&no_opener, on_no_opener);
}

static void
on_open_lost(void *asker, enum lost_why lost)
{
	struct conn	*conn = asker;

	conn->opening = 0;
	if (lost == LOST_TIMEOUT)
		conn_not_opened(conn, "4.4.1", "connection timed out");
	else if (++conn->openers_lost > OPENERS_LOST)
		conn_not_opened(conn, "4.3.0",
		    "the process that connects to it has died");
	else
		service_open(conn);
}

void
service_open(struct conn *conn)
{
	const struct service_open	 m = { conn->route->conf,
					    conn->route->service };

	conn->opener = proc_peer(ROLE_DELIVERD_CONNECT);
	conn->opening = peer_ask(conn->opener, SERVICE_OPEN, &m, on_open_lost,
	    conn, proc_conf()->connect_timeout_ms + ANSWER_MS);
	if (conn->opening == 0)
		expiry_add(&no_opener, &conn->no_opener, OPENER_MS);
}

void
service_open_end(struct conn *conn)
{
	expiry_remove(&no_opener, &conn->no_opener);
	if (conn->opening != 0)
		peer_forget(conn->opener, conn->opening);
	conn->opening = 0;
}

static void
open_waiting(unsigned n)
{
	struct expiring	*e;

	/* who still cannot be asked for waits behind the others again */
	while (n-- != 0 && (e = expiry_first(&no_opener)) != NULL) {
		expiry_remove(&no_opener, e);
		service_open(conn_of(e));
	}
}

void
service_opener_up(void)
{
	open_waiting(expiry_count(&no_opener));
}

void
service_on_opened(struct peer *p, struct conn *conn,
    const struct service_opened *m)
{
	int	 fd = peer_take_fd(p);

	open_waiting(1);	/* there is credit for another */
	if ((fd == -1) != (m->error != 0)) {
		peer_fault(p, "socket-or-error");
		if (fd != -1)
			close(fd);
		fd = -1;
	}
	if (conn == NULL) {
		if (fd != -1)
			close(fd);
		return;
	}
	conn->opening = 0;
	if (fd == -1) {
		conn_not_opened(conn, "4.4.1", m->error != 0 ?
		    strerror((int)m->error) : "connection failed");
		return;
	}
	fcntl(fd, F_SETFL, O_NONBLOCK);
	conn_opened(conn, fd);
}
