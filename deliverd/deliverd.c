/*
 * What both roles of deliverd say to queued and hear from it, and the end of
 * the process.  Jobs go to the routes (role out) or the mailboxes (local);
 * their results are kept here until queued has them on disk.
 */
#include "deliverd.h"

#include <event2/event.h>

#include <sysexits.h>

#include "box.h"
#include "io.h"
#include "kept.h"
#include "log.h"
#include "mailbox.h"
#include "peer.h"
#include "route.h"
#include "task.h"

/* When transactions that do not end are cut off; before PROC_STOP_MS. */
#define STOP_ABORT_MS	8000
#define LAST_WORDS_MS	1000	/* for results on their way to queued */

static bool
is_local(void)
{
	return proc_role() == ROLE_DELIVERD_LOCAL;
}

static void
on_route_wake(struct peer *p, uint32_t id, const struct route_wake *m)
{
	struct route_down	 down = {
		.route = m->route,
		.retry_s = 3600,
		.why = STR("this transport is not supported here"),
	};

	(void)id;
	if (proc_stopping())
		return;
	if (is_local() && m->transport == TRANSPORT_LOCAL &&
	    m->delivery < proc_conf()->n_deliveries)
		mailbox_wake(m);
	else if (!is_local() && m->transport == TRANSPORT_SMTP)
		route_wake(m);
	else
		peer_send(p, ROUTE_DOWN, 0, &down);
}

/* A job that is not taken comes back untried. */
static void
on_job(struct peer *p, uint32_t id, const struct job *m)
{
	struct result	*result = result_new(m);
	struct task	*t;

	(void)id;
	if (result == NULL) {
		/* nothing can be said: a new channel says it all */
		log_error("no memory for a job");
		peer_close(p);
		return;
	}
	if (kept_add(result) == -1) {
		peer_fault(p, "job-number-in-use");
		return;
	}
	t = task_new(m, peer_take_fd(p), result);
	if (t == NULL) {
		log_error("job id=%s without memory, or not of its size",
		    msgid_text(&m->id));
		kept_send(result);
	} else if (is_local()) {
		mailbox_job(m->route, t);
	} else {
		route_job(m->route, t);
	}
}

static void
on_job_kept(struct peer *p, uint32_t id, const struct job_kept *m)
{
	(void)id;
	for (size_t i = 0; i < m->n_jobs; i++)
		if (kept_done(m->jobs[i].job) == -1) {
			peer_fault(p, "no-such-result");
			return;
		}
}

static void
on_hosts(struct peer *p, void *asker, const struct hosts *m)
{
	(void)p;
	if (asker != NULL)
		route_on_hosts(asker, m);
}

static const struct handlers	handlers = {
	.ROUTE_WAKE = on_route_wake,
	.JOB = on_job,
	.JOB_KEPT = on_job_kept,
	.HOSTS = on_hosts,
	.MAILBOX_OPENED = box_on_opened,
};

static void
on_peer_up(struct peer *p)
{
	if (p->role == ROLE_QUEUED)
		kept_resume(p);
}

static void
on_peer_down(struct peer *p)
{
	if (p->role != ROLE_QUEUED)
		return;
	if (is_local())
		mailbox_queued_lost();
	else
		route_queued_lost();
}

static void
on_start(void)
{
	io_setup(proc_base());
	if (is_local())
		mailbox_setup();
	else
		route_setup();
	proc_ready();
}

static void
on_stopped(void)
{
	struct peer	*queued = proc_peer(ROLE_QUEUED);

	if (queued != NULL)
		peer_drain(queued, LAST_WORDS_MS);
	proc_exit(EX_OK);
}

static void
on_stop_late(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what, (void)arg;
	if (is_local())
		mailbox_abort();
	else
		route_abort();
	on_stopped();
}

/* What is under way is finished, what waits goes back. */
static void
on_retire(void)
{
	if (is_local())
		mailbox_stop(on_stopped);
	else
		route_stop(on_stopped);
}

static void
on_stop(void)
{
	const struct timeval	 tv = { STOP_ABORT_MS / 1000, 0 };

	/* it may end at once, inside */
	event_base_once(proc_base(), -1, EV_TIMEOUT, on_stop_late, NULL, &tv);
	on_retire();
}

/* What resolverd said of hosts was judged by the old configuration. */
static void
on_commit(void)
{
	if (!is_local())
		route_forget_hosts();
}

const struct proc_ops	deliverd_ops = {
	.program = "deliverd",
	.roles = DELIVERD_OUT | DELIVERD_LOCAL,
	.handlers = &handlers,
	.commit = on_commit,
	.peer_up = on_peer_up,
	.peer_down = on_peer_down,
	.start = on_start,
	.stop = on_stop,
	.retire = on_retire,
};
