/*
 * The client of the role state.  Owns which one there is.
 */
#include "guess_client.h"

#include "peer.h"

#include "login.h"
#include "session.h"

static struct peer	*state;

void
guess_up(struct peer *p)
{
	state = p;
}

void
guess_down(struct peer *p)
{
	if (state == p)
		state = NULL;
}

static struct str
account_of(const struct session *s)
{
	return str_bytes(s->login->account, s->login->account_len);
}

static void
on_lost(void *asker, enum lost_why why)
{
	struct session	*s = asker;

	(void)why;
	s->ask = (struct ask){ NULL, 0 };
	login_allowed(s, GUESS_VERDICT_N);
}

int
guess_ask(struct session *s)
{
	const struct guess	 m = { s->client, account_of(s) };
	uint32_t		 id;

	id = peer_ask(state, GUESS_TAKE, &m, on_lost, s, GUESS_TAKE_MS);
	if (id == 0)
		return -1;
	s->ask = (struct ask){ state, id };
	return 0;
}

void
guess_tell(const struct session *s, enum guess_result result)
{
	const struct guess_end	 m = { s->client, account_of(s), result,
	    s->login->taken };

	if (state != NULL)
		peer_send(state, GUESS_END, 0, &m);
}

void
on_guess_taken(struct peer *p, void *asker, const struct guess_taken *m)
{
	struct session	*s = asker;

	(void)p;
	if (s == NULL)
		return;
	s->ask = (struct ask){ NULL, 0 };
	login_allowed(s, m->verdict);
}
