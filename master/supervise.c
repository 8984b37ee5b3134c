/*
 * The children: their messages, their deaths, and the order of the end.
 */
#include "supervise.h"

#include <sys/wait.h>

#include <event2/event.h>

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sysexits.h>

#include "clock.h"
#include "config.h"
#include "launch.h"
#include "log.h"
#include "log_out.h"
#include "mailbox.h"
#include "master.h"
#include "plan.h"
#include "rejoin.h"
#include "reload.h"
#include "spawn.h"
#include "staff.h"
#include "stop.h"

/* so many faults may one child report of others, before it is the culprit */
#define ACCUSED_MAX	3
#define ACCUSED_MS	60000	/* within this time of each other */

#define LAST_WORDS_MAX	64	/* reads of a dead child's channel */

/* ---- what children say ------------------------------------------------- */

static void
on_pong(struct peer *p, void *asker, const struct nothing *m)
{
	(void)asker, (void)m;
	child_heard(p->data);
}

static void
on_ready(struct peer *p, uint32_t id, const struct ready *m)
{
	struct child	*c = p->data;
	size_t		 n = m->jail.root.n;

	(void)id;
	p->phase = RUN;
	c->jail = m->jail;
	memcpy(c->jail_root, n != 0 ? m->jail.root.p : "", n);
	c->jail.root.p = c->jail_root;
	child_event(c, LIFE_READY);
}

static void
on_conf_checked(struct peer *p, void *asker, const struct conf_checked *m)
{
	struct child	*c = p->data;

	(void)asker;
	child_heard(c);
	/* an answer may come after the reload that asked was given up */
	if (reload_checked(c, m) || c->state != CHILD_STARTING)
		return;
	if (m->ok) {
		if (launch_commit(c) == -1)
			child_event(c, LIFE_FAULT);
		return;
	}
	log_error("role=%s refuses the configuration: %s", role_name(c->role),
	    log_text(m->why));
	if (!master.serving)
		stop_all(EX_CONFIG);
	else
		child_event(c, LIFE_FAULT);
}

static void
on_conf_committed(struct peer *p, void *asker, const struct nothing *m)
{
	struct child	*c = p->data;

	(void)asker, (void)m;
	child_heard(c);
	reload_committed(c);
}

/* What is said to a log process that is about to die is never read. */
static void
spare_log(const struct child *c)
{
	if (c->role == ROLE_LOG)
		log_out_to(NULL);
}

/*
 * One child blames another, which it could do as often as it likes once it
 * is broken into: so it may but a few times.
 */
static bool
accuses_often(struct child *by)
{
	uint64_t	 now = clock_ms();

	if (now - by->accused_ms > ACCUSED_MS)
		by->accused = 0;
	by->accused_ms = now;
	return ++by->accused > ACCUSED_MAX;
}

static void
on_peer_fault(struct peer *p, uint32_t id, const struct peer_fault *m)
{
	struct child	*by = p->data, *c = staff_find(m->role, m->index);

	(void)id;
	if (c == NULL || c->generation != m->generation ||
	    !child_is_living(c))
		return;		/* it is no more */
	if (!messages_connect(by->role, c->role)) {
		peer_fault(p, "accuses-stranger");
		return;
	}
	spare_log(c);
	log_error("child-fault role=%s index=%u generation=%u by=%s[%u] "
	    "fault=%s", role_name(c->role), c->index, c->generation,
	    role_name(by->role), by->index, log_text(m->what));
	if (accuses_often(by)) {
		log_error("child-fault role=%s index=%u fault=accuses-often",
		    role_name(by->role), by->index);
		c = by;
	}
	child_event(c, LIFE_FAULT);
}

static void
on_peer_lost(struct peer *p, uint32_t id, const struct peer_is *m)
{
	struct child	*by = p->data, *c = staff_find(m->role, m->index);

	(void)id;
	if (c == NULL || c->generation != m->generation)
		return;
	if (!messages_connect(by->role, c->role))
		peer_fault(p, "lost-stranger");
	else
		rejoin_lost(by, c, m->pair);
}

/* From a child that has no channel to the log role yet. */
static void
on_log_line(struct peer *p, uint32_t id, const struct log_line *m)
{
	(void)id;
	log_out_relay(p, m);
}

static void
on_processes_ask(struct peer *p, uint32_t id, const struct nothing *m)
{
	struct process	 rows[PROCESSES_MAX];
	struct status	 answer = { .version = str_of(POSTERN_VERSION),
	    .processes = rows, .n_processes = staff_list(rows) };

	(void)m;
	peer_send(p, PROCESSES, id, &answer);
}

static const struct handlers handlers = {
	.PONG = on_pong,
	.READY = on_ready,
	.CONF_CHECKED = on_conf_checked,
	.CONF_COMMITTED = on_conf_committed,
	.CONF_RELOAD = reload_ask,
	.PEER_FAULT = on_peer_fault,
	.PEER_LOST = on_peer_lost,
	.LOG_LINE = on_log_line,
	.MAILBOX_OPEN = mailbox_open,
	.PROCESSES_ASK = on_processes_ask,
};

static void
on_lost(struct peer *p)
{
	struct child	*c = p->data;

	c->peer = NULL;
	if (c->role == ROLE_LOG)
		log_out_to(NULL);
	/* who retires may go when it likes */
	if (c->pid != 0 && (c->state == CHILD_STARTING ||
	    c->state == CHILD_READY))
		child_event(c, LIFE_FAULT);
}

/* ---- what is done to children ------------------------------------------ */

static int
op_launch(struct child *c)
{
	return launch_child(c, reload_loaded_for(c), &handlers, on_lost);
}

static void
op_arm(struct child *c, uint64_t ms)
{
	const struct timeval	 tv = { (time_t)(ms / 1000),
	    (suseconds_t)(ms % 1000 * 1000) };

	event_add(c->timer, &tv);
}

static void
op_disarm(struct child *c)
{
	event_del(c->timer);
}

static void
ping_lost(void *asker, enum lost_why why)
{
	(void)asker, (void)why;		/* its silence is seen by the timer */
}

static void
op_ping(struct child *c)
{
	const struct nothing	 nothing = { };

	peer_ask(c->peer, PING, &nothing, ping_lost, c, 0);
}

static void
op_stop(struct child *c)
{
	const struct nothing	 nothing = { };

	peer_send(c->peer, STOP, 0, &nothing);
}

static void
op_retire(struct child *c)
{
	const struct nothing	 nothing = { };

	log_info("child-retire role=%s index=%u pid=%d", role_name(c->role),
	    c->index, c->pid);
	peer_send(c->peer, RETIRE, 0, &nothing);
}

static void
op_kill(struct child *c)
{
	if (c->pid == 0 || c->killed || spawn_has_ended(c->pid))
		return;
	c->killed = true;
	spare_log(c);
	log_warn("child-kill role=%s index=%u pid=%d state=%s silent=%llus",
	    role_name(c->role), c->index, c->pid, child_state_name(c->state),
	    (unsigned long long)(clock_ms() - c->heard_ms) / 1000);
	kill(c->pid, SIGKILL);
}

static bool
are_all(enum child_state state)
{
	for (size_t i = 0; i < master.n_children; i++)
		if (master.children[i].state != state)
			return false;
	return true;
}

static void
op_changed(struct child *c, enum child_state from)
{
	log_debug("child-state role=%s index=%u from=%s to=%s",
	    role_name(c->role), c->index, child_state_name(from),
	    child_state_name(c->state));
	if (c->state == CHILD_READY && c->role == ROLE_LOG)
		log_out_to(c->peer);
	if (c->state == CHILD_DOWN && c->failed >= CHILD_FIRST_TRIES &&
	    !master.serving && !master.stopping) {
		log_error("role=%s index=%u cannot be started, giving up",
		    role_name(c->role), c->index);
		stop_all(EX_SOFTWARE);
	}
	if (master.stopping)
		stop_go_on();
	else if (!master.serving && are_all(CHILD_READY)) {
		master.serving = true;
		log_info("postern version=%s processes=%zu is ready",
		    POSTERN_VERSION, master.n_children);
		if (master.announce != NULL)
			master.announce();
	}
	reload_changed(c, from);
	if (c->state == CHILD_DOWN)
		staff_is_down(c);
}

static const struct child_ops ops = {
	.launch = op_launch,
	.arm = op_arm,
	.disarm = op_disarm,
	.ping = op_ping,
	.stop = op_stop,
	.retire = op_retire,
	.kill = op_kill,
	.changed = op_changed,
};

/* ---- deaths ------------------------------------------------------------ */

static void
child_died(struct child *c, int wait_status)
{
	/* what it said before it died may tell why */
	for (int i = 0; i < LAST_WORDS_MAX && c->peer != NULL; i++)
		if (peer_wait(c->peer, 1) == -1)
			break;
	c->pid = 0;
	if (c->peer != NULL)
		peer_end(c->peer);
	if ((c->state != CHILD_STOPPING && c->state != CHILD_RETIRING) ||
	    wait_status != 0)
		log_warn("child-end role=%s index=%u state=%s %s",
		    role_name(c->role), c->index, child_state_name(c->state),
		    spawn_end_text(wait_status));
	child_event(c, LIFE_EXIT);
}

static void
on_sigchld(evutil_socket_t sig, short what, void *arg)
{
	int	 status;
	pid_t	 pid;

	(void)sig, (void)what, (void)arg;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		struct child	*c = staff_find_pid(pid);

		if (c != NULL)
			child_died(c, status);
		else if (!loader_died(pid, status))
			mailbox_died(pid, status);
	}
}

/* ---- the start --------------------------------------------------------- */

static void
on_sigterm(evutil_socket_t sig, short what, void *arg)
{
	(void)what, (void)arg;
	if (!master.stopping)
		log_info("stopping signal=%d", (int)sig);
	stop_all(EX_OK);
}

static void
on_sighup(evutil_socket_t sig, short what, void *arg)
{
	(void)sig, (void)what, (void)arg;
	reload_signal();
}

static struct event *
need(struct event *ev)
{
	if (ev == NULL)
		fatal("out of memory for events");
	return ev;
}

static void
add_children(enum role role)
{
	unsigned	 n = role_wanted(&master.loaded.memory->conf, role);

	while (n-- != 0)
		if (staff_add(role) == NULL)
			fatal("more than %d processes", PROCESSES_MAX);
}

static void
catch_signals(void)
{
	static const struct {
		int			 sig;
		event_callback_fn	 fn;
	} caught[] = {
		{ SIGCHLD, on_sigchld }, { SIGTERM, on_sigterm },
		{ SIGINT, on_sigterm }, { SIGHUP, on_sighup },
	};

	for (size_t i = 0; i < sizeof(caught) / sizeof(caught[0]); i++)
		event_add(need(evsignal_new(master.base, caught[i].sig,
		    caught[i].fn, NULL)), NULL);
}

void
supervise_start(void)
{
	staff_setup(&ops);
	reload_setup();
	catch_signals();
	/* the log first: the others find it when they start */
	add_children(ROLE_LOG);
	for (enum role r = 0; r < ROLE_N; r++)
		if (r != ROLE_LOG && 1u << r & DAEMON_ANY)
			add_children(r);
	for (size_t i = 0; i < master.n_children; i++)
		if (!master.stopping)
			child_event(&master.children[i], LIFE_START);
}
