/*
 * One keyd for each of its roles that has something to look at.
 */
#include "trial.h"

#include <event2/event.h>

#include <stdarg.h>
#include <stdio.h>

#include "dirs.h"
#include "hand.h"
#include "log.h"
#include "peer.h"
#include "plan.h"
#include "spawn.h"

static const enum role	 roles[] = { ROLE_KEYD_SIGN, ROLE_KEYD_AUTH,
    ROLE_KEYD_CRED };
#define N_ROLES		(sizeof(roles) / sizeof(roles[0]))

static struct {
	const struct loaded *loaded;
	void		(*say)(bool, struct str);
	void		(*done)(bool);
	struct peer	*peers[N_ROLES];
	unsigned	 open;		/* peers that are there */
	bool		 answered[N_ROLES], bad;
	struct event	*deadline;	/* and the end of one that has none */
	char		 root[DIRS_EMPTY_MAX];
} job;

static void say(bool warning, const char *, ...)
    __attribute__((format(printf, 2, 3)));

static void
say(bool warning, const char *fmt, ...)
{
	char	 line[TEXT_MAX];
	va_list	 ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	job.say(warning, str_of(line));
}

/* Later: the caller of what has led here may not be called back yet. */
static void
end_soon(void)
{
	if (job.open == 0)
		event_active(job.deadline, EV_READ, 0);
}

/* ---- what they say ----------------------------------------------------- */

static void
on_conf_checked(struct peer *p, void *asker, const struct conf_checked *m)
{
	*(bool *)asker = true;
	if (!m->ok) {
		job.bad = true;
		job.say(false, m->why);
	}
	peer_close(p);		/* which is its end */
}

static void
on_log_line(struct peer *p, uint32_t id, const struct log_line *m)
{
	(void)p, (void)id;
	if (m->level <= LEVEL_WARN)
		job.say(true, m->text);
}

static void
on_ready(struct peer *p, uint32_t id, const struct ready *m)
{
	(void)id, (void)m;
	p->phase = RUN;
}

static void
check_lost(void *asker, enum lost_why why)
{
	(void)asker, (void)why;		/* on_lost sees it */
}

static void
on_lost(struct peer *p)
{
	size_t	 i = 0;

	while (job.peers[i] != p)
		i++;
	job.peers[i] = NULL;
	job.open--;
	if (!job.answered[i]) {
		job.bad = true;
		say(false, "role=%s has ended without an answer",
		    role_name(roles[i]));
	}
	end_soon();
}

static const struct handlers	 handlers = {
	.CONF_CHECKED = on_conf_checked,
	.LOG_LINE = on_log_line,
	.READY = on_ready,
};

/* ---- their lives ------------------------------------------------------- */

/* Files to look at; what keyd makes itself needs no trial. */
static bool
is_wanted(const struct loaded *l, enum role role)
{
	const struct conf	*conf = &l->memory->conf;

	if (role_wanted(conf, role) == 0)
		return false;
	/* one that could not be opened has been told */
	for (size_t i = 0; role == ROLE_KEYD_CRED &&
	    i < conf->n_credentials; i++)
		if (l->credentials[i] == -1)
			return false;
	if (role != ROLE_KEYD_SIGN)
		return true;
	for (size_t i = 0; i < conf->n_certificates; i++)
		if (!conf->certificates[i].self_signed && l->keys[i] == -1)
			return false;
	return conf->n_certificates > 1 || !conf->certificates[0].self_signed;
}

static void
begin(size_t i, int channel)
{
	const struct nothing	 nothing = { };
	struct plan_room	 room;
	struct confine		 confine;
	struct peer		*p;

	p = peer_new(channel, roles[i], 0, 0, &handlers, on_lost);
	job.peers[i] = p;
	job.open++;
	if (plan_confine(&job.loaded->memory->conf, roles[i], &confine,
	    &room) == -1) {
		peer_close(p);
		return;
	}
	confine.root = str_of(job.root);
	peer_send(p, CONFINE, 0, &confine);
	hand_conf(p, job.loaded);
	peer_ask(p, CONF_CHECK, &nothing, check_lost, &job.answered[i], 0);
}

static void
start_one(size_t i)
{
	const struct spawn	 s = { .role = roles[i] };
	pid_t			 pid;
	int			 fd;

	if (!is_wanted(job.loaded, roles[i]))
		return;
	if ((fd = spawn(&s, &pid)) != -1)
		begin(i, fd);
	else
		say(true, "role=%s cannot be started, so its part is not "
		    "checked", role_name(roles[i]));
}

static void
on_event(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)arg;
	if (what & EV_TIMEOUT)
		trial_cancel();		/* each is told by on_lost */
	if (job.open != 0)
		return;
	event_free(job.deadline);
	dirs_empty_remove(job.root);
	job.done(!job.bad);
}

void
trial_cancel(void)
{
	for (size_t i = 0; i < N_ROLES; i++)
		if (job.peers[i] != NULL)
			peer_close(job.peers[i]);
}

void
trial_start(struct event_base *base, const struct loaded *loaded,
    void (*tell)(bool, struct str), void (*done)(bool))
{
	const struct timeval	 tv = { TRIAL_MS / 1000, 0 };

	job.loaded = loaded;
	job.say = tell;
	job.done = done;
	job.bad = false;
	job.open = 0;
	job.deadline = event_new(base, -1, 0, on_event, NULL);
	if (job.deadline == NULL)
		fatal("out of memory for events");
	event_add(job.deadline, &tv);
	if (dirs_empty_make(job.root) == -1)
		say(true, "keyd cannot be started, so keys and passwords are "
		    "not checked");
	for (size_t i = 0; i < N_ROLES; i++) {
		job.answered[i] = false;
		job.peers[i] = NULL;
		if (*job.root != '\0')
			start_one(i);
	}
	end_soon();
}

static bool	 result, finished;

static void
on_done(bool good)
{
	result = good;
	finished = true;
}

bool
trial_run(struct event_base *base, const struct loaded *loaded,
    void (*tell)(bool, struct str))
{
	finished = false;
	trial_start(base, loaded, tell, on_done);
	while (!finished)
		event_base_loop(base, EVLOOP_ONCE);
	return result;
}
