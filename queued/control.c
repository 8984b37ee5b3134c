/*
 * Connections to the control socket.  The kernel says who is there; what a
 * connection has asked for and not yet been told ends with it.
 */
#include "control_impl.h"

#include <sys/socket.h>

#include <event2/event.h>

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "log.h"
#include "proc.h"
#include "xmalloc.h"

#include "trace_find.h"
#include "walk.h"

#define ACCEPT_PAUSE_S	1	/* when there is no descriptor to accept into */

static LIST_HEAD(, ctl)		 ctls = LIST_HEAD_INITIALIZER(ctls);
static const struct handlers	*ctl_handlers;
static struct event		*acceptor, *rest_timer;

/* ---- who --------------------------------------------------------------- */

static bool
is_welcome(uid_t uid)
{
	const struct ctl	*c;
	unsigned		 n = 0, same = 0;

	LIST_FOREACH(c, &ctls, entry) {
		n++;
		same += c->uid == uid;
	}
	return n < CTLS_MAX && same < CTLS_PER_UID_MAX;
}

static void
on_ctl_lost(struct peer *p)
{
	struct ctl	*c = p->data;

	for (size_t i = 0; i < WALKS_MAX; i++)
		if (c->walks[i] != NULL)
			walk_cancel(c->walks[i]);
	control_ask_lost(c);
	if (c->trace != NULL)
		trace_find_cancel(c->trace);
	if (c->pausing != NULL)
		*c->pausing = NULL;
	LIST_REMOVE(c, entry);
	free(c);
}

static void
ctl_new(int fd)
{
	struct ucred	 cred;
	socklen_t	 len = sizeof(cred);
	struct ctl	*c;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) == -1 ||
	    !is_welcome(cred.uid)) {
		close(fd);
		return;
	}
	c = xcalloc(1, sizeof(*c));
	c->uid = cred.uid;
	c->peer = peer_new(fd, ROLE_CTL, 0, 0, ctl_handlers, on_ctl_lost);
	c->peer->data = c;
	LIST_INSERT_HEAD(&ctls, c, entry);
}

static void
on_rest(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what, (void)arg;
	if (acceptor != NULL)
		event_add(acceptor, NULL);
}

static void
on_accept(evutil_socket_t listener, short what, void *arg)
{
	static const struct timeval	 wait = { ACCEPT_PAUSE_S, 0 };
	int				 fd;

	(void)what, (void)arg;
	fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd != -1) {
		ctl_new(fd);
		return;
	}
	if (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED)
		return;
	event_del(acceptor);	/* out of descriptors: no spinning */
	evtimer_add(rest_timer, &wait);
}

void
control_listen(int fd, const struct handlers *handlers)
{
	ctl_handlers = handlers;
	if (acceptor != NULL) {
		close(event_get_fd(acceptor));
		event_free(acceptor);
	}
	if (rest_timer == NULL)
		rest_timer = evtimer_new(proc_base(), on_rest, NULL);
	evutil_make_socket_nonblocking(fd);
	acceptor = event_new(proc_base(), fd, EV_READ | EV_PERSIST, on_accept,
	    NULL);
	if (acceptor == NULL || rest_timer == NULL)
		fatal("control: no memory for its events");
	event_add(acceptor, NULL);
}

/* ---- what -------------------------------------------------------------- */

static void
on_walk_ended(struct walk *w)
{
	struct ctl	*c = walk_peer(w)->data;

	for (size_t i = 0; i < WALKS_MAX; i++)
		if (c->walks[i] == w)
			c->walks[i] = NULL;
}

/* Where to keep a new walk; NULL is more than the credits allow. */
static struct walk **
free_walk(struct peer *p)
{
	struct ctl	*c = p->data;

	for (size_t i = 0; i < WALKS_MAX; i++)
		if (c->walks[i] == NULL)
			return &c->walks[i];
	peer_fault(p, "asks too much at a time");
	return NULL;
}

void
on_queue_list(struct peer *p, uint32_t id, const struct queue_list *m)
{
	struct walk	**at = free_walk(p);

	if (at != NULL)
		*at = walk_list(p, id, m, on_walk_ended);
}

void
on_mail_show(struct peer *p, uint32_t id, const struct mail_show *m)
{
	struct walk	**at = free_walk(p);

	if (at != NULL)
		*at = walk_show(p, id, m, on_walk_ended);
}

void
on_queue_count(struct peer *p, uint32_t id, const struct queue_count *m)
{
	struct walk	**at = free_walk(p);

	if (at != NULL)
		*at = walk_count(p, id, m, on_walk_ended);
}

/* What a message says is for root, and whom it is for. */
void
on_mail_read(struct peer *p, uint32_t id, const struct mail_show *m)
{
	const struct ctl	*c = p->data;
	struct mail_content	 denied = { .result = SHOW_DENIED };
	struct walk		**at;

	if (c->uid != 0)
		peer_send(p, MAIL_CONTENT, id, &denied);
	else if ((at = free_walk(p)) != NULL)
		*at = walk_read(p, id, m, on_walk_ended);
}

static const char *const	 action_names[QUEUE_ACTION_N] = {
	[QUEUE_RETRY] = "retry", [QUEUE_REMOVE] = "remove",
	[QUEUE_HOLD] = "hold", [QUEUE_RELEASE] = "release",
	[QUEUE_ROUTE] = "route",
};

void
on_queue_change(struct peer *p, uint32_t id, const struct queue_change *m)
{
	const struct ctl	*c = p->data;
	struct queue_changed	 denied = { .result = SHOW_DENIED };
	struct walk		**at;

	if (c->uid != 0) {
		peer_send(p, QUEUE_CHANGED, id, &denied);
		return;
	}
	if ((at = free_walk(p)) == NULL)
		return;
	if (!m->dry_run)
		log_info("control action=%s uid=%u",
		    action_names[m->action], (unsigned)c->uid);
	*at = m->action == QUEUE_ROUTE ?
	    walk_route(p, id, m, on_walk_ended) :
	    walk_change(p, id, m, on_walk_ended);
}
