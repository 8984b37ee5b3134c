/*
 * What the roles of deliverd hear from other processes, and the end of the
 * process.  Jobs go to the routes (role out) or the mailboxes (local); their
 * results are kept here until queued has them on disk.
 */
#include "deliverd.h"

#include <event2/event.h>

#include <sysexits.h>

#include "box.h"
#include "connect_service.h"
#include "io.h"
#include "kept.h"
#include "log.h"
#include "login.h"
#include "mailbox.h"
#include "peer.h"
#include "question.h"
#include "route.h"
#include "service.h"
#include "task.h"
#include "trust.h"

/* When transactions that do not end are cut off; before PROC_STOP_MS. */
#define STOP_ABORT_MS	8000
#define LAST_WORDS_MS	1000	/* for results on their way to queued */

static bool
is_local(void)
{
	return proc_role() == ROLE_DELIVERD_LOCAL;
}

/* To mail hosts, to a host by its name, or to a service. */
static bool
is_remote(const struct route_wake *m)
{
	return m->transport == TRANSPORT_SMTP ||
	    (m->transport == TRANSPORT_LMTP && m->via);
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
	else if (!is_local() && is_remote(m))
		route_wake(m);
	else
		peer_send(p, ROUTE_DOWN, 0, &down);
}

static void
on_verify_ask(struct peer *p, uint32_t id, const struct verify_ask *m)
{
	const struct verified	 untried = { .status = RCPT_RETURNED };

	if (is_remote(&m->route))
		question_ask(p, id, m);
	else
		peer_send(p, VERIFIED, id, &untried);
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

static void
on_service_opened(struct peer *p, void *asker, const struct service_opened *m)
{
	service_on_opened(p, asker, m);
}

static void
on_ca_bundle(struct peer *p, uint32_t id, const struct nothing *m)
{
	(void)id, (void)m;
	trust_bundle(peer_take_fd(p));
}

static void
on_cred(struct peer *p, void *asker, const struct cred *m)
{
	(void)p;
	login_on_cred(asker, m);
}

static const struct handlers	handlers = {
	.CA_BUNDLE = on_ca_bundle,
	.CRED = on_cred,
	.ROUTE_WAKE = on_route_wake,
	.JOB = on_job,
	.JOB_KEPT = on_job_kept,
	.VERIFY_ASK = on_verify_ask,
	.HOSTS = on_hosts,
	.MAILBOX_OPENED = box_on_opened,
	.SERVICE_OPEN = service_on_open,
	.SERVICE_OPENED = on_service_opened,
};

static void
on_peer_up(struct peer *p)
{
	switch (p->role) {
	case ROLE_QUEUED:
		kept_resume(p);
		break;
	case ROLE_RESOLVERD:
		route_resolver_up();
		break;
	case ROLE_DELIVERD_CONNECT:
		service_opener_up();
		break;
	default:
		break;
	}
}

static void
on_queued_down(struct peer *p)
{
	if (is_local()) {
		mailbox_queued_lost();
		return;
	}
	question_peer_lost(p);
	route_queued_lost();
}

static void
on_peer_down(struct peer *p)
{
	if (proc_role() == ROLE_DELIVERD_CONNECT)
		service_peer_lost(p);
	else if (p->role == ROLE_QUEUED)
		on_queued_down(p);
}

static void
on_start(void)
{
	io_setup(proc_base());
	if (is_local())
		mailbox_setup();
	else if (proc_role() == ROLE_DELIVERD_OUT)
		route_setup();
	proc_ready();
}

static void
on_stopped(void)
{
	for (struct peer *p = proc_peers(); p != NULL; p = p->next)
		peer_drain(p, LAST_WORDS_MS);
	proc_exit(EX_OK);
}

static void
on_stop_late(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what, (void)arg;
	switch (proc_role()) {
	case ROLE_DELIVERD_LOCAL:
		mailbox_abort();
		break;
	case ROLE_DELIVERD_CONNECT:
		service_abort();
		break;
	default:
		route_abort();
		break;
	}
	on_stopped();
}

/* What is under way is finished, what waits goes back. */
static void
on_retire(void)
{
	switch (proc_role()) {
	case ROLE_DELIVERD_LOCAL:
		mailbox_stop(on_stopped);
		break;
	case ROLE_DELIVERD_CONNECT:
		service_stop(on_stopped);
		break;
	default:
		route_stop(on_stopped);
		break;
	}
}

static void
on_stop(void)
{
	const struct timeval	 tv = { STOP_ABORT_MS / 1000, 0 };

	/* it may end at once, inside */
	event_base_once(proc_base(), -1, EV_TIMEOUT, on_stop_late, NULL, &tv);
	on_retire();
}

static int
on_configure(const struct conf *conf, char *why, size_t size)
{
	(void)why, (void)size;
	if (proc_role() == ROLE_DELIVERD_CONNECT)
		service_configure(conf);
	return 0;
}

/* What resolverd said of hosts was judged by the old configuration. */
static void
on_commit(void)
{
	if (proc_role() == ROLE_DELIVERD_CONNECT)
		service_commit();
	if (proc_role() != ROLE_DELIVERD_OUT)
		return;
	trust_commit();
	route_reconfigure();
}

static void
on_drop(void)
{
	service_drop();
	trust_drop();
}

/* OpenSSL is for the one role that has connections. */
static void
on_prepare(void)
{
	if (proc_role() == ROLE_DELIVERD_OUT)
		trust_setup();
}

const struct proc_ops	deliverd_ops = {
	.program = "deliverd",
	.roles = DELIVERD_OUT | DELIVERD_LOCAL | DELIVERD_CONNECT,
	.handlers = &handlers,
	.prepare = on_prepare,
	.configure = on_configure,
	.commit = on_commit,
	.drop = on_drop,
	.peer_up = on_peer_up,
	.peer_down = on_peer_down,
	.start = on_start,
	.stop = on_stop,
	.retire = on_retire,
};
