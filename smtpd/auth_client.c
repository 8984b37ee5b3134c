/*
 * The client of keyd's role auth.  Owns which one there is.
 */
#include "auth_client.h"

#include "peer.h"

#include "login.h"
#include "session.h"

static struct peer	*keyd;

void
auth_up(struct peer *p)
{
	keyd = p;
}

void
auth_down(struct peer *p)
{
	if (keyd == p)
		keyd = NULL;
}

static void
on_lost(void *asker, enum lost_why why)
{
	struct session	*s = asker;

	(void)why;
	s->ask = (struct ask){ NULL, 0 };
	login_checked(s, SECRET_BUSY);
}

int
auth_ask(struct session *s, struct str user, struct str password)
{
	struct auth_check	 m = {
		.conf = s->set->conf,
		.table = s->set->is.auth_table,
		.user = user,
		.password = password,
	};
	uint32_t		 id;

	id = peer_ask(keyd, AUTH_CHECK, &m, on_lost, s, AUTH_CHECK_MS);
	if (id == 0)
		return -1;
	s->ask = (struct ask){ keyd, id };
	return 0;
}

void
on_auth_checked(struct peer *p, void *asker, const struct auth_checked *m)
{
	struct session	*s = asker;

	(void)p;
	if (s == NULL)
		return;
	s->ask = (struct ask){ NULL, 0 };
	login_checked(s, m->result);
}
