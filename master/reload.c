/*
 * The steps of a reload.  There is one at a time, in job.
 */
#include "reload.h"

#include <event2/event.h>

#include <errno.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "ballot.h"
#include "launch.h"
#include "log.h"
#include "master.h"
#include "notice.h"
#include "staff.h"
#include "trial.h"

enum step { IDLE, LOADING, TRYING, CHECKING, COMMITTING_SERVERS, COMMITTING,
    ENDING };

/* who is spoken to by the numbers of a configuration */
#define SERVERS	(QUEUED | STATE | KEYD_SIGN | KEYD_AUTH | KEYD_CRED | \
	    DELIVERD_CONNECT)

static struct {
	enum step	 step;
	bool		 check;		/* and change nothing */
	bool		 again;		/* SIGHUP came meanwhile */
	bool		 stopped;
	struct loaded	 next;
	struct sockets	 sockets;	/* its */
	int		 log_sink;	/* its, or -1 */
	struct event	*deadline;	/* of the step */
} job = { .next = LOADED_NONE, .log_sink = -1 };

static uint32_t	 number;	/* of the last configuration asked for */

static void	 begin(bool check);
static void	 advance(void);

static void
answered(struct child *c)
{
	if (ballot_take(c) && ballot_open() == NULL)
		advance();
}

static void
set_deadline(void)
{
	const struct timeval	 tv = { RELOAD_STEP_MS / 1000, 0 };

	event_add(job.deadline, &tv);
}

static bool
is_possible(void)
{
	return job.step == IDLE && master.serving && !job.stopped;
}

static void
once_more(void)
{
	if (!job.again || !is_possible())
		return;
	job.again = false;
	notice_by_signal();
	begin(false);
}

/* ---- the end ----------------------------------------------------------- */

static void
end(enum reload_result result)
{
	job.step = IDLE;
	event_del(job.deadline);
	ballot_clear();
	notice_end(result);
	once_more();
}

/* What was handed in or begun is taken back. */
static void
undo(void)
{
	ballot_drop();
	staff_undo();
	sockets_abort(&job.sockets);
	if (job.log_sink != -1)
		close(job.log_sink);
	job.log_sink = -1;
	loaded_free(&job.next);
}

/* The report says why. */
static void
refuse(void)
{
	/* the ends of those who are dismissed do not matter any more */
	job.step = ENDING;
	undo();
	end(RELOAD_REFUSED);
}

/* ---- all have said yes ------------------------------------------------- */

static void
use_log(void)
{
	struct child	*log = staff_find(ROLE_LOG, 0);

	close(master.log_sink);
	master.log_sink = job.log_sink;
	job.log_sink = -1;
	if (log != NULL && log->peer != NULL)
		launch_sink(log);
	master_log_level();
}

static void
commit(void)
{
	loaded_free(&master.loaded);
	master.loaded = job.next;
	loaded_init(&job.next);
	sockets_commit(&master.sockets, &job.sockets);
	use_log();
	job.step = COMMITTING_SERVERS;
	set_deadline();
	ballot_tell_candidates(SERVERS);
	ballot_tell_all(SERVERS);
	if (ballot_open() == NULL)
		advance();
}

/* Those who leave finish what they have. */
static void
let_go(unsigned roles)
{
	for (size_t i = 0; i < master.n_children; i++)
		if (master.children[i].leaves &&
		    1u << master.children[i].role & roles)
			staff_dismiss(&master.children[i], LIFE_RETIRE);
}

static void
commit_rest(void)
{
	job.step = COMMITTING;
	set_deadline();
	ballot_tell_candidates(CHILD_ANY);
	/* its jail is not made for new sessions of the new configuration:
	 * they wait in their sockets for its successor */
	let_go(SMTPD_ANY);
	ballot_tell_all(CHILD_ANY);
	if (ballot_open() == NULL)
		advance();
}

static void
advance(void)
{
	switch (job.step) {
	case CHECKING:
		commit();
		break;
	case COMMITTING_SERVERS:
		commit_rest();
		break;
	case COMMITTING:
		/* the successors of all are READY, or as good as they get */
		job.step = ENDING;
		let_go(CHILD_ANY);
		end(RELOAD_DONE);
		break;
	default:
		break;
	}
}

/* ---- asking ------------------------------------------------------------ */

static int
open_log(const struct conf *conf)
{
	job.log_sink = master_open_log(conf);
	if (job.log_sink != -1)
		return 0;
	notice_error("cannot open the log %.*s: %s", STR_FMT(conf->log_file),
	    strerror(errno));
	return -1;
}

/* All that can fail in master alone. */
static int
prepare(const struct conf *conf)
{
	char	 why[TEXT_MAX];

	if (open_log(conf) == -1)
		return -1;
	if (sockets_bind(conf, &master.sockets, &job.sockets, why,
	    sizeof(why)) == 0 && staff_change(&master.loaded.memory->conf,
	    conf, why, sizeof(why)) == 0)
		return 0;
	notice_error("%s", why);
	return -1;
}

static int
ask_all(void)
{
	const struct child	*c = ballot_ask(&job.next);

	if (c == NULL)
		return 0;
	notice_error("role=%s index=%u cannot be asked", role_name(c->role),
	    c->index);
	return -1;
}

/* A start that fails at once refuses it all, and ends this. */
static void
start_candidates(void)
{
	for (size_t i = 0; i < master.n_children; i++)
		if (master.children[i].candidate)
			ballot_await(&master.children[i], AWAIT_CHECKED);
	for (size_t i = 0; i < master.n_children; i++)
		if (master.children[i].candidate && job.step == CHECKING)
			child_event(&master.children[i], LIFE_START);
}

static const struct child *
first_starting(void)
{
	for (size_t i = 0; i < master.n_children; i++)
		if (master.children[i].state == CHILD_STARTING)
			return &master.children[i];
	return NULL;
}

static void
check(void)
{
	const struct child	*busy = first_starting();

	if (busy != NULL)
		notice_error("role=%s index=%u is being started: try again",
		    role_name(busy->role), busy->index);
	job.step = CHECKING;
	set_deadline();
	if (busy != NULL || prepare(&job.next.memory->conf) == -1 ||
	    ask_all() == -1) {
		refuse();
		return;
	}
	start_candidates();
	if (job.step == CHECKING && ballot_open() == NULL)
		advance();	/* nobody runs at this moment */
}

/* A check ends here: it has seen what there is to see. */
static void
on_tried(bool good)
{
	if (!good || job.stopped) {
		refuse();
		return;
	}
	loaded_free(&job.next);
	end(RELOAD_DONE);
}

static void
on_loaded(int code)
{
	if (code != EX_OK && !notice_has_error())
		notice_error("%s: it cannot be read, see the log",
		    master.request.name);
	if (code != EX_OK || job.stopped ||
	    !notice_may_change(&master.loaded.memory->conf,
	    &job.next.memory->conf)) {
		refuse();
	} else if (job.check) {
		job.step = TRYING;
		trial_start(master.base, &job.next, notice_line, on_tried);
	} else
		check();
}

static void
on_deadline(evutil_socket_t fd, short what, void *arg)
{
	const struct child	*c = ballot_open();

	(void)fd, (void)what, (void)arg;
	if (job.step == CHECKING) {
		notice_error("role=%s index=%u does not answer within %d s",
		    role_name(c->role), c->index, RELOAD_STEP_MS / 1000);
		refuse();
		return;
	}
	/* it is in force, or will be when that one is started again */
	log_warn("reload role=%s index=%u late=%ds", role_name(c->role),
	    c->index, RELOAD_STEP_MS / 1000);
	ballot_clear();
	advance();
}

/* ---- what children do meanwhile ---------------------------------------- */

const struct loaded *
reload_loaded_for(const struct child *c)
{
	return c->candidate ? &job.next : &master.loaded;
}

bool
reload_checked(struct child *c, const struct conf_checked *m)
{
	if (job.step != CHECKING || c->awaited != AWAIT_CHECKED)
		return false;
	if (m->ok) {
		answered(c);
		return true;
	}
	notice_error("role=%s refuses it: %s", role_name(c->role),
	    log_text(m->why));
	refuse();
	return true;
}

void
reload_committed(struct child *c)
{
	if (c->awaited == AWAIT_COMMITTED)
		answered(c);
}

/* Who finishes its work may end while we ask; nobody else. */
static bool
is_upset(const struct child *c, enum child_state from)
{
	if (c->state == CHILD_DOWN)
		return from == CHILD_STARTING || from == CHILD_READY;
	return c->state == CHILD_STARTING && !c->candidate;
}

void
reload_changed(struct child *c, enum child_state from)
{
	if (job.step == CHECKING && is_upset(c, from)) {
		notice_error("role=%s index=%u %s meanwhile: try again",
		    role_name(c->role), c->index,
		    c->state == CHILD_DOWN ? "ended" : "was started");
		refuse();
		return;
	}
	if (c->awaited != AWAIT_NOTHING && (c->state == CHILD_DOWN ||
	    (c->awaited == AWAIT_READY && c->state == CHILD_READY)))
		answered(c);
	once_more();		/* the first time that all serve */
}

/* ---- the beginning ----------------------------------------------------- */

static void
begin(bool check)
{
	job.step = LOADING;
	job.check = check;
	master.request.number = ++number;
	master.request.report = notice_line;
	loader_start(master.base, &master.request, &job.next, on_loaded);
}

void
reload_signal(void)
{
	job.again = true;
	once_more();
}

void
reload_ask(struct peer *p, uint32_t id, const struct reload *m)
{
	const struct reloaded	 busy = { .result = RELOAD_BUSY };

	if (!is_possible()) {
		peer_send(p, CONF_RELOADED, id, &busy);
		return;
	}
	notice_by_peer(p, id, m);
	begin(m->check);
}

void
reload_stop(void)
{
	job.stopped = true;
	if (job.step == LOADING)
		loader_cancel();
	else if (job.step == TRYING)
		trial_cancel();
	else if (job.step == CHECKING) {
		notice_error("postern is being stopped");
		refuse();
	}
}

void
reload_setup(void)
{
	job.deadline = evtimer_new(master.base, on_deadline, NULL);
	if (job.deadline == NULL)
		fatal("out of memory for events");
}
