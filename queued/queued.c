/*
 * Puts the parts together: the spool below, the schedule in the middle,
 * smtpd, deliverd and posternctl around it.  Decides nothing itself but the
 * order of start and stop.
 */
#include "queued.h"

#include <event2/event.h>

#include <malloc.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#include "clock.h"
#include "log.h"

#include "control.h"
#include "dispatch.h"
#include "intake.h"
#include "mail.h"
#include "outcome.h"
#include "pause.h"
#include "router.h"
#include "spool.h"
#include "submit.h"
#include "task.h"
#include "trace.h"
#include "verify.h"
#include "verify_check.h"

#define STOP_WAIT_MS	4000	/* for what is in flight; below PROC_STOP_MS
				 * by enough for the spool's last flush */
#define STOP_LOOK_MS	20

/* An allocation so large goes back to the system when it is freed. */
#define LARGE_MEMORY	(1 << 20)

static struct router	*new_router;	/* checked, not yet in force */
static bool		 running;	/* start has been */
static struct event	*stop_timer;
static uint64_t		 stop_by_ms;

static const struct handlers	 queued_handlers = {
	.RCPT_CHECK = on_rcpt_check,
	.LARGE_OPEN = on_large_open,
	.LARGE_DROP = on_large_drop,
	.MAIL_SUBMIT = on_mail_submit,
	.MAIL_ASK = on_mail_ask,
	.JOB_RESUME = on_job_resume,
	.JOB_RESUMED = on_job_resumed,
	.ROUTE_WINDOW = on_route_window,
	.ROUTE_DOWN = on_route_down,
	.VERIFIED = on_verified,
	.JOB_RESULT = on_job_result,
	.QUEUE_LIST = on_queue_list,
	.MAIL_SHOW = on_mail_show,
	.QUEUE_CHANGE = on_queue_change,
	.QUEUE_COUNT = on_queue_count,
	.MAIL_READ = on_mail_read,
	.ROUTES_ASK = on_routes_ask,
	.PAUSE = on_pause,
	.TRACE_ASK = on_trace_ask,
	.STATUS_ASK = on_status_ask,
	.PROCESSES = on_processes,
	.GUESSES_ASK = on_guesses_ask,
	.GUESSES_SEEN = on_guesses_seen,
	.RELOAD = on_reload,
	.CONF_RELOADED = on_conf_reloaded,
};

static int
queued_configure(const struct conf *conf, char *why, size_t size)
{
	router_free(new_router);
	new_router = router_new(conf, why, size);
	return new_router != NULL ? 0 : -1;
}

static void
queued_commit(void)
{
	router_use(new_router);
	new_router = NULL;
	if (!running)
		return;
	trace_use(proc_conf());
	dispatch_attend_all();
}

static void
queued_drop(void)
{
	router_free(new_router);
	new_router = NULL;
}

static void
queued_listener(unsigned listener, int fd)
{
	if (listener == CONTROL_LISTENER)
		control_listen(fd, &queued_handlers);
	else
		close(fd);
}

static void
queued_peer_up(struct peer *p)
{
	if (1u << p->role & SMTPD_ANY)
		submit_peer_up(p);
	else if (1u << p->role & DELIVERD_ANY)
		dispatch_peer_up(p);
}

static void
queued_peer_down(struct peer *p)
{
	if (p->data == NULL)
		return;
	if (1u << p->role & SMTPD_ANY)
		submit_peer_down(p);
	else if (1u << p->role & DELIVERD_ANY)
		dispatch_peer_down(p);
}

static void
queued_peer_leaving(struct peer *p)
{
	if (p->data != NULL && 1u << p->role & DELIVERD_ANY)
		dispatch_peer_leaving(p);
}

/* The cleaner has copied a message. */
static void
on_move(const struct msgid *id, struct spool_place place)
{
	struct mail	*m = mail_find(id);

	if (m != NULL)
		m->place = place;
}

/*
 * For the cleaner.  A message without parts has had its end appended (see
 * record() in outcome.c: the last part goes in the same turn), one that is
 * being stored has no place yet.
 */
static bool
lives(const struct msgid *id, const struct spool_place *place)
{
	const struct mail	*m = mail_find(id);

	return m != NULL && m->parts != NULL &&
	    !(m->flags & MAIL_STORING) && (place == NULL ||
	    (m->place.segment == place->segment &&
	    m->place.offset == place->offset));
}

static void
queued_start(void)
{
	const struct conf	*conf = proc_conf();
	struct spool_limits	 limits = { conf->segment_size,
	    conf->spool_reserve };
	uint64_t		 began = clock_ms();
	struct mail_totals	 t;
	char			 why[TEXT_MAX];

	dispatch_init();
	spool_on_move(on_move);
	spool_on_clean(lives);
	if (spool_open(proc_base(), &limits, intake_found, why,
	    sizeof(why)) == -1)
		fatal("spool: %s", why);
	t = mail_totals();
	log_info("spool messages=%llu recipients=%llu read_ms=%llu",
	    (unsigned long long)t.messages, (unsigned long long)t.recipients,
	    (unsigned long long)(clock_ms() - began));
	running = true;
	trace_use(conf);
	pause_start();
	dispatch_start();
	proc_ready();
}

/* ---- the end ----------------------------------------------------------- */

static void
on_trace_stopped(void)
{
	proc_exit(EX_OK);
}

static void
on_spool_stopped(void)
{
	trace_stop(on_trace_stopped);
}

/* What is still out when the time is over, its worker resumes later. */
static void
on_stop_look(evutil_socket_t fd, short what, void *arg)
{
	static const struct timeval	 again = { 0, STOP_LOOK_MS * 1000 };

	(void)fd, (void)what, (void)arg;
	if (clock_ms() < stop_by_ms &&
	    (task_open() != 0 || outcome_open() != 0 || intake_open() != 0)) {
		evtimer_add(stop_timer, &again);
		return;
	}
	spool_stop(on_spool_stopped);
}

static void
queued_stop(void)
{
	dispatch_stop();
	stop_by_ms = clock_ms() + STOP_WAIT_MS;
	stop_timer = evtimer_new(proc_base(), on_stop_look, NULL);
	if (stop_timer == NULL)
		fatal("stop: no memory for a timer");
	on_stop_look(-1, 0, NULL);
}

/*
 * malloc would learn from the first large buffer that is freed, an index or
 * a table that has grown, to keep those that follow, in each thread.
 */
static void
queued_prepare(void)
{
	mallopt(M_MMAP_THRESHOLD, LARGE_MEMORY);
	spool_threads();
}

const struct proc_ops	 queued_ops = {
	.program = "queued",
	.roles = QUEUED,
	.handlers = &queued_handlers,
	.prepare = queued_prepare,
	.configure = queued_configure,
	.commit = queued_commit,
	.drop = queued_drop,
	.listener = queued_listener,
	.peer_up = queued_peer_up,
	.peer_down = queued_peer_down,
	.peer_leaving = queued_peer_leaving,
	.start = queued_start,
	.stop = queued_stop,
};
