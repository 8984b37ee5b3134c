/*
 * One CRED_ASK for each connection that logs in.
 */
#include "login.h"

#include "proc.h"
#include "route.h"

#define ANSWER_MS	5000

static void
on_cred_lost(void *asker, enum lost_why lost)
{
	struct conn	*conn = asker;

	conn->login_asked = 0;
	client_no_login(conn->client, lost == LOST_TIMEOUT ?
	    "no answer from the keeper of credentials" :
	    "the keeper of credentials has died");
}

const char *
login_ask(struct conn *conn)
{
	struct cred_ask	 m;

	protection_credential(&conn->route->protection, &m);
	conn->keeper = proc_peer(ROLE_KEYD_CRED);
	conn->login_asked = peer_ask(conn->keeper, CRED_ASK, &m, on_cred_lost,
	    conn, ANSWER_MS);
	return conn->login_asked != 0 ? NULL :
	    "there is no keeper of credentials";
}

void
login_end(struct conn *conn)
{
	if (conn->login_asked != 0)
		peer_forget(conn->keeper, conn->login_asked);
	conn->login_asked = 0;
}

void
login_on_cred(struct conn *conn, const struct cred *m)
{
	if (conn == NULL)
		return;
	conn->login_asked = 0;
	if (m->result == SECRET_OK)
		client_login(conn->client, m->user, m->password);
	else
		client_no_login(conn->client, m->result == SECRET_BUSY ?
		    "credentials were asked for too often" :
		    "the credentials are not known");
}
