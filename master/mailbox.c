/*
 * Runs postern-local.  deliverd gets one end of a socket to it, and that is
 * all they have of each other.
 */
#include "mailbox.h"

#include <event2/event.h>

#include <signal.h>
#include <unistd.h>

#include "clock.h"
#include "log.h"
#include "log_out.h"
#include "mailbox_user.h"
#include "master.h"
#include "mesh.h"
#include "plan.h"
#include "spawn.h"
#include "staff.h"
#include "stop.h"

struct mailbox {
	pid_t		 pid;		/* 0: free */
	uid_t		 uid;
	struct peer	*peer;
	struct event	*timer;
	uint64_t	 heard_ms;
	bool		 stopping;
};

static struct mailbox	 boxes[MAILBOXES_MAX];

static void
arm(struct mailbox *b, uint32_t ms)
{
	const struct timeval	 tv = { (time_t)(ms / 1000),
	    (suseconds_t)(ms % 1000 * 1000) };

	event_add(b->timer, &tv);
}

/* ---- what it says ------------------------------------------------------ */

static void
on_ready(struct peer *p, uint32_t id, const struct ready *m)
{
	(void)id, (void)m;
	p->phase = RUN;
}

static void
on_pong(struct peer *p, void *asker, const struct nothing *m)
{
	struct mailbox	*b = p->data;

	(void)asker, (void)m;
	b->heard_ms = clock_ms();
}

/* It runs as a user of this host: heard, but nobody is restarted for it. */
static void
on_peer_fault(struct peer *p, uint32_t id, const struct peer_fault *m)
{
	const struct mailbox	*b = p->data;

	(void)id;
	log_warn("mailbox-fault uid=%u against=%s[%u] fault=%s", b->uid,
	    role_name(m->role), m->index, log_text(m->what));
}

static void
on_log_line(struct peer *p, uint32_t id, const struct log_line *m)
{
	(void)id;
	log_out_relay(p, m);
}

static const struct handlers handlers = {
	.READY = on_ready,
	.PONG = on_pong,
	.PEER_FAULT = on_peer_fault,
	.LOG_LINE = on_log_line,
};

/* ---- its life ---------------------------------------------------------- */

static void
on_lost(struct peer *p)
{
	struct mailbox	*b = p->data;

	b->peer = NULL;
	/* without us it should end: give it a moment, unless one runs */
	if (b->pid != 0 && !b->stopping) {
		b->stopping = true;
		arm(b, MAILBOX_STOP_MS);
	}
}

static void
ping_lost(void *asker, enum lost_why why)
{
	(void)asker, (void)why;
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	const struct nothing	 nothing = { };
	struct mailbox		*b = arg;

	(void)fd, (void)what;
	if (b->stopping || clock_ms() - b->heard_ms >= MAILBOX_SILENT_MS) {
		log_warn("mailbox-kill uid=%u pid=%d", b->uid, b->pid);
		kill(b->pid, SIGKILL);
		return;
	}
	peer_ask(b->peer, PING, &nothing, ping_lost, b, 0);
	arm(b, MAILBOX_TICK_MS);
}

void
mailbox_died(pid_t pid, int wait_status)
{
	for (size_t i = 0; i < MAILBOXES_MAX; i++) {
		struct mailbox	*b = &boxes[i];

		if (b->pid != pid)
			continue;
		if (wait_status != 0)
			log_warn("mailbox-end uid=%u %s", b->uid,
			    spawn_end_text(wait_status));
		b->pid = 0;
		if (b->peer != NULL)
			peer_end(b->peer);
		event_free(b->timer);
		*b = (struct mailbox){ 0 };
		stop_go_on();
		return;
	}
}

bool
mailbox_stop(void)
{
	const struct nothing	 nothing = { };
	bool			 any = false;

	for (size_t i = 0; i < MAILBOXES_MAX; i++) {
		struct mailbox	*b = &boxes[i];

		if (b->pid == 0)
			continue;
		any = true;
		if (b->stopping)
			continue;
		b->stopping = true;
		peer_send(b->peer, STOP, 0, &nothing);
		arm(b, MAILBOX_STOP_MS);
	}
	return any;
}

/* ---- its start --------------------------------------------------------- */

/* The sealed file of the one system table, or -1. */
static int
system_table(void)
{
	const struct conf	*conf = &master.loaded.memory->conf;

	for (size_t i = 0; i < conf->n_tables; i++)
		if (conf->tables[i].kind == TABLE_SYSTEM)
			return master.loaded.tables[i];
	return -1;
}

static int
start(struct mailbox *b, const struct mailbox_user *u)
{
	const struct spawn	 s = { .role = ROLE_MAILBOX, .as_user = true,
	    .uid = u->uid, .gid = u->gid };
	int			 fd = spawn(&s, &b->pid);

	if (fd == -1) {
		b->pid = 0;
		return -1;
	}
	b->uid = u->uid;
	b->heard_ms = clock_ms();
	b->peer = peer_new(fd, ROLE_MAILBOX, (uint16_t)(b - boxes),
	    ++master.generations, &handlers, on_lost);
	b->peer->data = b;
	if ((b->timer = evtimer_new(master.base, on_timer, b)) == NULL)
		fatal("out of memory for events");
	arm(b, MAILBOX_TICK_MS);
	return 0;
}

static void
introduce(struct mailbox *b, const struct delivery_conf *rule,
    const struct mailbox_user *u)
{
	const struct conf	*conf = &master.loaded.memory->conf;
	const struct child	*log = staff_find(ROLE_LOG, 0);
	struct mailbox_rule	 m = { conf->hostname, rule->path, u->name,
	    u->home };
	struct plan_room	 room;
	struct confine		 confine;

	plan_confine(conf, ROLE_MAILBOX, &confine, &room);
	confine.uid = u->uid;
	confine.gid = u->gid;
	confine.root = mailbox_user_root(rule->path, u);
	confine.index = b->peer->index;
	confine.generation = b->peer->generation;
	peer_send(b->peer, CONFINE, 0, &confine);
	if (log != NULL && log->peer != NULL)
		mesh_connect(b->peer, log->peer, 0);
	peer_send(b->peer, MAILBOX_RULE, 0, &m);
}

/* local speaks of a configuration that is no more, or not yet. */
static void
refuse_stale(struct peer *p, uint32_t id)
{
	const struct mailbox_opened	 answer = { .again = true };

	peer_send(p, MAILBOX_OPENED, id, &answer);
}

static void
refuse(struct peer *p, uint32_t id, const char *why)
{
	const struct mailbox_opened	 answer = { .why = str_of(why) };

	log_warn("mailbox-refused why=\"%s\"", why);
	peer_send(p, MAILBOX_OPENED, id, &answer);
}

void
mailbox_open(struct peer *p, uint32_t id, const struct mailbox_open *m)
{
	struct mailbox_opened		 answer = { .ok = true };
	const struct conf		*conf = &master.loaded.memory->conf;
	struct mailbox			*b = boxes;
	struct mailbox_user		 u;
	enum mailbox_verdict		 v;
	int				 fds[2];

	if (m->conf != conf->number) {
		refuse_stale(p, id);
		return;
	}
	while (b < boxes + MAILBOXES_MAX && b->pid != 0)
		b++;
	v = mailbox_user_find(conf, system_table(), m->delivery, m->slot, &u);
	if (v == MAILBOX_NO_RULE)
		peer_fault(p, mailbox_verdict_text(v));
	else if (v != MAILBOX_USER_OK)
		refuse(p, id, mailbox_verdict_text(v));
	else if (b == boxes + MAILBOXES_MAX)
		refuse(p, id, "too many mailboxes are being written");
	else if (mesh_pair(fds) == -1)
		refuse(p, id, "out of descriptors");
	else if (start(b, &u) == -1) {
		close(fds[0]);
		close(fds[1]);
		refuse(p, id, "postern-local cannot be started");
	} else {
		introduce(b, &conf->deliveries[m->delivery], &u);
		mesh_tell(b->peer, fds[0], p, 0);
		answer.index = b->peer->index;
		answer.generation = b->peer->generation;
		peer_send_fd(p, MAILBOX_OPENED, id, fds[1], &answer);
	}
}
