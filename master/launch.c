/*
 * The messages of a child's start.
 */
#include "launch.h"

#include "log.h"
#include "master.h"
#include "mesh.h"
#include "plan.h"
#include "spawn.h"

static void
check_lost(void *asker, enum lost_why why)
{
	(void)asker, (void)why;		/* its channel's end tells it all */
}

static void
send_sockets(struct child *c)
{
	const struct conf	*conf = &master.loaded.memory->conf;

	for (size_t i = 0; i < master.sockets.n; i++) {
		const struct listen_socket	*s = &master.sockets.list[i];
		struct listener			 m = { s->listener };
		enum role			 role = ROLE_QUEUED;

		if (s->listener != CONTROL_LISTENER)
			role = role_of_listener(&conf->listeners[s->listener]);
		if (role == c->role)
			peer_send_fd(c->peer, LISTENER, 0,
			    mesh_copy(c->peer, s->fd), &m);
	}
}

static void
send_tables(struct child *c)
{
	const size_t	 n = master.loaded.memory->conf.n_tables;

	for (size_t i = 0; i < n; i++) {
		struct table	 m = { (uint16_t)i };

		peer_send_fd(c->peer, TABLE, 0, mesh_copy(c->peer,
		    master.loaded.tables[i]), &m);
	}
}

static void
send_start(struct child *c)
{
	const struct nothing	 nothing = { };

	if (c->role == ROLE_LOG)
		peer_send_fd(c->peer, LOG_SINK, 0,
		    mesh_copy(c->peer, master.log_sink), &nothing);
	else
		peer_send_fd(c->peer, CONF, 0,
		    mesh_copy(c->peer, master.loaded.conf_fd), &nothing);
	if (c->role == ROLE_QUEUED)
		send_tables(c);
	send_sockets(c);
	mesh_join(c, master.children, master.n_children);
	if (c->role != ROLE_LOG)
		peer_ask(c->peer, CONF_CHECK, &nothing, check_lost, c, 0);
}

int
launch_child(struct child *c, const struct handlers *handlers,
    void (*lost)(struct peer *))
{
	const struct spawn	 s = { .role = c->role };
	struct confine		 confine;
	struct plan_room	 room;
	int			 fd;

	if (plan_confine(&master.loaded.memory->conf, c->role, &confine,
	    &room) == -1 || (fd = spawn(&s, &c->pid)) == -1) {
		c->pid = 0;
		return -1;
	}
	c->generation = ++master.generations;
	c->accused = 0;
	c->killed = false;
	c->peer = peer_new(fd, c->role, c->index, c->generation, handlers,
	    lost);
	c->peer->data = c;
	confine.index = c->index;
	confine.generation = c->generation;
	peer_send(c->peer, CONFINE, 0, &confine);
	send_start(c);
	return 0;
}
