/*
 * Connections to the control socket.  The kernel says who is there; what a
 * connection has asked for and not yet been told ends with it.
 */
#include "control.h"

#include <sys/queue.h>
#include <sys/socket.h>

#include <event2/event.h>

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "log.h"
#include "proc.h"
#include "xmalloc.h"

#include "mail.h"
#include "walk.h"
#include "task.h"

#define WALKS_MAX	8	/* of a connection; its credits allow as many */
#define STATUS_MS	2000	/* for master's part of it */
#define ACCEPT_PAUSE_S	1	/* when there is no descriptor to accept into */

struct ctl {
	LIST_ENTRY(ctl)	 entry;
	struct peer	*peer;
	uid_t		 uid;
	struct walk	*walks[WALKS_MAX];
	uint32_t	 status_ask;	/* our question to master; 0: none */
	uint32_t	 status_id;	/* the question to us */
	uint32_t	 reload_ask, reload_id;	/* the same of RELOAD */
};

static LIST_HEAD(, ctl)		 ctls = LIST_HEAD_INITIALIZER(ctls);
static const struct handlers	*ctl_handlers;
static struct event		*acceptor, *pause_timer;

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
	if (c->status_ask != 0)
		peer_forget(proc_master(), c->status_ask);
	if (c->reload_ask != 0)
		peer_forget(proc_master(), c->reload_ask);
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
on_pause(evutil_socket_t fd, short what, void *arg)
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
	evtimer_add(pause_timer, &wait);
}

void
control_listen(int fd, const struct handlers *handlers)
{
	ctl_handlers = handlers;
	if (acceptor != NULL) {
		close(event_get_fd(acceptor));
		event_free(acceptor);
	}
	if (pause_timer == NULL)
		pause_timer = evtimer_new(proc_base(), on_pause, NULL);
	evutil_make_socket_nonblocking(fd);
	acceptor = event_new(proc_base(), fd, EV_READ | EV_PERSIST, on_accept,
	    NULL);
	if (acceptor == NULL || pause_timer == NULL)
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

static const char *const	 action_names[QUEUE_ACTION_N] = {
	[QUEUE_RETRY] = "retry", [QUEUE_REMOVE] = "remove",
	[QUEUE_HOLD] = "hold", [QUEUE_RELEASE] = "release",
};

void
on_queue_change(struct peer *p, uint32_t id, const struct queue_change *m)
{
	const struct ctl	*c = p->data;
	struct queue_changed	 denied = { SHOW_DENIED, 0, 0 };
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
	*at = walk_change(p, id, m, on_walk_ended);
}

/* ---- status ------------------------------------------------------------ */

static void
send_status(struct ctl *c, const struct status *processes)
{
	struct mail_totals	 t = mail_totals();
	struct status		 m = { 0 };

	if (processes != NULL)
		m = *processes;
	m.messages = t.messages;
	m.recipients = t.recipients;
	m.active = task_open();
	c->status_ask = 0;
	peer_send(c->peer, STATUS, c->status_id, &m);
}

static void
on_processes_lost(void *asker, enum lost_why why)
{
	(void)why;
	if (asker != NULL)
		send_status(asker, NULL);
}

void
on_processes(struct peer *p, void *asker, const struct status *m)
{
	(void)p;
	if (asker != NULL)
		send_status(asker, m);
}

void
on_status_ask(struct peer *p, uint32_t id, const struct nothing *m)
{
	struct ctl	*c = p->data;

	c->status_id = id;
	c->status_ask = peer_ask(proc_master(), PROCESSES_ASK, m,
	    on_processes_lost, c, STATUS_MS);
	if (c->status_ask == 0)
		send_status(c, NULL);
}

/* ---- reload ------------------------------------------------------------ */

static void
send_reloaded(struct ctl *c, const struct reloaded *m)
{
	c->reload_ask = 0;
	peer_send(c->peer, RELOADED, c->reload_id, m);
}

static void
on_reload_lost(void *asker, enum lost_why why)
{
	(void)asker, (void)why;		/* without master we end as well */
}

void
on_conf_reloaded(struct peer *p, void *asker, const struct reloaded *m)
{
	(void)p;
	if (asker != NULL)
		send_reloaded(asker, m);
}

/* Master reads the files; what is wrong in them is for root alone. */
void
on_reload(struct peer *p, uint32_t id, const struct reload *m)
{
	struct reloaded	 refused = { .result = RELOAD_DENIED };
	struct ctl	*c = p->data;
	struct reload	 ask = { m->check, c->uid };

	c->reload_id = id;
	if (c->uid != 0) {
		send_reloaded(c, &refused);
		return;
	}
	c->reload_ask = peer_ask(proc_master(), CONF_RELOAD, &ask,
	    on_reload_lost, c, 0);
	refused.result = RELOAD_BUSY;
	if (c->reload_ask == 0)
		send_reloaded(c, &refused);
}
