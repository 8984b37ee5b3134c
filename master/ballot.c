/*
 * Asking, telling, and the marks.
 */
#include "ballot.h"

#include "launch.h"
#include "master.h"

void
ballot_await(struct child *c, enum child_await what)
{
	c->awaited = what;
}

bool
ballot_take(struct child *c)
{
	bool	 was = c->awaited != AWAIT_NOTHING;

	c->awaited = AWAIT_NOTHING;
	return was;
}

const struct child *
ballot_open(void)
{
	for (size_t i = 0; i < master.n_children; i++)
		if (master.children[i].awaited != AWAIT_NOTHING)
			return &master.children[i];
	return NULL;
}

void
ballot_clear(void)
{
	for (size_t i = 0; i < master.n_children; i++)
		master.children[i].awaited = AWAIT_NOTHING;
}

static bool
is_asked(const struct child *c)
{
	return 1u << c->role & DAEMON_ANY && !c->candidate &&
	    c->peer != NULL &&
	    (c->state == CHILD_READY || c->state == CHILD_RETIRING);
}

const struct child *
ballot_ask(const struct loaded *next)
{
	for (size_t i = 0; i < master.n_children; i++) {
		struct child	*c = &master.children[i];

		if (!is_asked(c))
			continue;
		if (launch_hand_in(c, next) == -1)
			return c;
		c->handed = true;
		ballot_await(c, AWAIT_CHECKED);
	}
	return NULL;
}

void
ballot_drop(void)
{
	const struct nothing	 nothing = { };

	ballot_clear();
	for (size_t i = 0; i < master.n_children; i++) {
		struct child	*c = &master.children[i];

		if (c->handed && c->peer != NULL)
			peer_send(c->peer, CONF_DROP, 0, &nothing);
		c->handed = false;
	}
}

void
ballot_tell(struct child *c, enum child_await what)
{
	c->handed = c->candidate = false;
	if (launch_commit(c) == -1)
		child_event(c, LIFE_FAULT);
	else
		ballot_await(c, what);
}

static bool
is_one_of(const struct child *c, unsigned roles)
{
	return (1u << c->role & roles) != 0;
}

void
ballot_tell_all(unsigned roles)
{
	for (size_t i = 0; i < master.n_children; i++)
		if (master.children[i].handed &&
		    is_one_of(&master.children[i], roles))
			ballot_tell(&master.children[i], AWAIT_COMMITTED);
}

void
ballot_tell_candidates(unsigned roles)
{
	for (size_t i = 0; i < master.n_children; i++)
		if (master.children[i].candidate &&
		    is_one_of(&master.children[i], roles))
			ballot_tell(&master.children[i], AWAIT_READY);
}
