/*
 * The messages of a child's start, and those of them that a reload repeats.
 */
#include "launch.h"

#include <signal.h>

#include "hand.h"
#include "log.h"
#include "master.h"
#include "mesh.h"
#include "plan.h"
#include "spawn.h"

#define DRAIN_MS	1000	/* who does not read is killed soon */

static void
check_lost(void *asker, enum lost_why why)
{
	(void)asker, (void)why;		/* its channel's end tells it all */
}

/* So many sockets that they must go before it can be asked. */
static void
make_room(struct peer *p)
{
	if (peer_is_full(p))
		peer_drain(p, DRAIN_MS);
}

int
launch_hand_in(struct child *c, const struct loaded *l)
{
	const struct nothing	 nothing = { };

	hand_conf(c->peer, l);
	return peer_ask(c->peer, CONF_CHECK, &nothing, check_lost, c,
	    0) != 0 ? 0 : -1;
}

void
launch_sink(struct child *c)
{
	const struct nothing	 nothing = { };

	peer_send_fd(c->peer, LOG_SINK, 0, mesh_copy(master.log_sink),
	    &nothing);
}

/* Those that it has not got yet. */
static void
send_sockets(struct child *c)
{
	for (size_t i = 0; i < master.sockets.n; i++) {
		const struct listen_socket	*s = &master.sockets.list[i];
		struct listener			 m = { s->listener };

		if (s->role == c->role && !(c->joined && s->passed))
			peer_send_fd(c->peer, LISTENER, 0, mesh_copy(s->fd),
			    &m);
	}
}

static int
ask_commit(struct child *c)
{
	const struct nothing	 nothing = { };

	make_room(c->peer);
	return peer_ask(c->peer, CONF_COMMIT, &nothing, check_lost, c,
	    0) != 0 ? 0 : -1;
}

/* A socket belongs to a listener of the configuration in force, so it comes
 * after that; but in a start, where nothing is in force, all come before. */
int
launch_commit(struct child *c)
{
	if (c->joined) {
		if (ask_commit(c) == -1)
			return -1;
		send_sockets(c);
		return 0;
	}
	send_sockets(c);
	mesh_join(c, master.children, master.n_children);
	return ask_commit(c);
}

int
launch_child(struct child *c, const struct loaded *loaded,
    const struct handlers *handlers, void (*lost)(struct peer *))
{
	const struct spawn	 s = { .role = c->role };
	struct confine		 confine;
	struct plan_room	 room;
	int			 fd;

	if (plan_confine(&loaded->memory->conf, c->role, &confine,
	    &room) == -1 || (fd = spawn(&s, &c->pid)) == -1) {
		c->pid = 0;
		return -1;
	}
	c->generation = ++master.generations;
	c->accused = 0;
	c->killed = c->joined = c->handed = false;
	c->peer = peer_new(fd, c->role, c->index, c->generation, handlers,
	    lost);
	c->peer->data = c;
	confine.index = c->index;
	confine.generation = c->generation;
	peer_send(c->peer, CONFINE, 0, &confine);
	if (c->role == ROLE_LOG) {
		launch_sink(c);
		mesh_join(c, master.children, master.n_children);
	} else if (launch_hand_in(c, loaded) == -1)
		kill(c->pid, SIGKILL);	/* its end is seen as any other */
	return 0;
}
