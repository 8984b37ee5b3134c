/*
 * What all child processes have in common: their start, their jail, their
 * peers and their end.  Owns the loop and the list of peers; the log is in
 * proc_log.c, the configuration in proc_conf.c, and the work in the
 * program's struct proc_ops.
 */
#include "proc.h"

#include <sys/socket.h>

#include <event2/event.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "clock.h"
#include "confine.h"
#include "log.h"
#include "proc_conf.h"
#include "proc_log.h"

#define EARLY_LISTENERS_MAX	(LISTENERS_MAX * BINDS_MAX)

static const struct proc_ops	*ops;
static enum role		 role = ROLE_N;
static uint16_t			 own_index;
static struct event_base	*base;
static struct peer		*master, *peers;
static struct handlers		 handlers;
static struct jail		 jail;
static struct event		*stop_timer, *retire_timer;
static bool			 confined, started, ready, retiring, stopping;

/* sockets that came before the first commit */
static struct {
	unsigned	 listener;
	int		 fd;
} early[EARLY_LISTENERS_MAX];
static size_t			 n_early;

enum role
proc_role(void)
{
	return role;
}

uint16_t
proc_index(void)
{
	return own_index;
}

struct event_base *
proc_base(void)
{
	return base;
}

struct peer *
proc_master(void)
{
	return master;
}

struct peer *
proc_peers(void)
{
	return peers;
}

struct peer *
proc_peer(enum role wanted)
{
	struct peer	*leaving = NULL;

	for (struct peer *p = peers; p != NULL; p = p->next) {
		if (p->role != wanted || p->down)
			continue;
		if (!p->leaving)
			return p;
		leaving = p;
	}
	return leaving;
}

bool
proc_stopping(void)
{
	return stopping;
}

void
proc_exit(int status)
{
	exit(status);
}

void
proc_ready(void)
{
	struct ready	 m = { jail };

	if (ready)
		return;
	ready = true;
	peer_send(master, READY, 0, &m);
}

/* ---- peers ------------------------------------------------------------- */

/* Mostly it has died, and master knows; if not, it can connect us again. */
static void
say_lost(struct peer *p)
{
	const struct peer_is	 m = { p->role, p->index, p->generation,
	    p->pair };

	peer_send(master, PEER_LOST, 0, &m);
}

static void
on_peer_lost(struct peer *p)
{
	struct peer	**at;

	for (at = &peers; *at != NULL && *at != p; at = &(*at)->next)
		;
	if (*at == p)
		*at = p->next;
	if (p->pair != 0 && !stopping)
		say_lost(p);
	if (p->role == ROLE_LOG)
		proc_log_to(NULL);
	else if (started && ops->peer_down != NULL)
		ops->peer_down(p);
}

static void
on_master_lost(struct peer *p)
{
	(void)p;
	exit(EX_OK);	/* end of file on descriptor 3 means leave */
}

static void
on_leaving(struct peer *p, uint32_t id, const struct nothing *m)
{
	(void)id, (void)m;
	if (p->leaving)
		return;
	p->leaving = true;
	if (ops->peer_leaving != NULL)
		ops->peer_leaving(p);
}

/* Tells it that we retire. */
static void
say_leaving(struct peer *p)
{
	const struct nothing	 nothing = { };

	if (message_rule(MSG_LEAVING)->receivers & 1u << p->role)
		peer_send(p, LEAVING, 0, &nothing);
}

static void
on_peer(struct peer *from, uint32_t id, const struct peer_is *m)
{
	struct peer	*p, *next;

	(void)id;
	for (p = peers; p != NULL; p = next) {
		next = p->next;
		if (p->role != m->role || p->index != m->index)
			continue;
		p->pair = 0;
		peer_hear_out(p);	/* this one takes its place */
	}
	p = peer_new(peer_take_fd(from), m->role, m->index, m->generation,
	    &handlers, on_peer_lost);
	p->pair = m->pair;
	p->next = peers;
	peers = p;
	if (retiring)
		say_leaving(p);
	if (p->role == ROLE_LOG)
		proc_log_to(p);
	else if (!started)
		event_del(p->readable);	/* it is heard once we can answer */
	else if (ops->peer_up != NULL)
		ops->peer_up(p);
}

static void
report_fault(struct peer *p, const char *what)
{
	struct peer_fault	 m = { p->role, p->index, p->generation,
	    str_of(what) };

	if (p != master && p->role != ROLE_CTL)
		peer_send(master, PEER_FAULT, 0, &m);
}

/* ---- the beginning ------------------------------------------------------ */

void
proc_begin(void)
{
	if (started)
		return;
	started = true;
	for (size_t i = 0; i < n_early; i++)
		if (ops->listener != NULL)
			ops->listener(early[i].listener, early[i].fd);
		else
			close(early[i].fd);
	n_early = 0;
	for (struct peer *p = peers; p != NULL; p = p->next) {
		if (p->role == ROLE_LOG)
			continue;
		event_add(p->readable, NULL);
		if (ops->peer_up != NULL)
			ops->peer_up(p);
	}
	if (ops->start != NULL)
		ops->start();
	else
		proc_ready();
}

static void
on_listener(struct peer *p, uint32_t id, const struct listener *m)
{
	(void)id;
	if (started && ops->listener != NULL)
		ops->listener(m->listener, peer_take_fd(p));
	else if (!started && n_early < EARLY_LISTENERS_MAX) {
		early[n_early].listener = m->listener;
		early[n_early++].fd = peer_take_fd(p);
	}
}

/* ---- life -------------------------------------------------------------- */

static void
on_confine(struct peer *p, uint32_t id, const struct confine *m)
{
	(void)p, (void)id;
	if (confined)
		return;
	own_index = m->index;
	confine_enter(role, m, ops->prepare, &jail);
	confined = true;
	peer_setup(base, role, m->index, m->generation);
}

static void
on_ping(struct peer *p, uint32_t id, const struct nothing *m)
{
	peer_send(p, PONG, id, m);
}

static void
on_stop_time(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what, (void)arg;
	log_warn("stop unfinished after_ms=%d", PROC_STOP_MS);
	proc_exit(EX_OK);
}

static void
on_stop(struct peer *p, uint32_t id, const struct nothing *m)
{
	const struct timeval	 tv = { PROC_STOP_MS / 1000, 0 };

	(void)p, (void)id, (void)m;
	if (stop_timer != NULL)
		return;
	stopping = true;
	if ((stop_timer = evtimer_new(base, on_stop_time, NULL)) == NULL)
		fatal("out of memory for events");
	evtimer_add(stop_timer, &tv);
	if (started && ops->stop != NULL)
		ops->stop();
	else
		proc_exit(EX_OK);
}

static void
on_retire_time(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what, (void)arg;
	if (stopping)
		return;
	stopping = true;
	if (ops->retire != NULL)
		ops->retire();
	else
		ops->stop();
}

/* Like a stop, but in its own time, and by name: peers turn to others. */
static void
on_retire(struct peer *p, uint32_t id, const struct nothing *m)
{
	const struct timeval	 tv = { PROC_LEAVE_MS / 1000, 0 };

	(void)p, (void)id, (void)m;
	if (retiring || stopping)
		return;
	if (!started || (ops->retire == NULL && ops->stop == NULL))
		proc_exit(EX_OK);
	retiring = true;
	if (ops->leave != NULL)
		ops->leave();
	for (struct peer *o = peers; o != NULL; o = o->next)
		say_leaving(o);
	retire_timer = evtimer_new(base, on_retire_time, NULL);
	if (retire_timer == NULL)
		fatal("out of memory for events");
	evtimer_add(retire_timer, &tv);
}

/* The program's handlers, and ours for what master says to everyone. */
static void
set_handlers(void)
{
	if (ops->handlers != NULL)
		handlers = *ops->handlers;
	proc_conf_setup(ops, &handlers);
	handlers.CONFINE = on_confine;
	handlers.LISTENER = on_listener;
	handlers.PEER = on_peer;
	handlers.PING = on_ping;
	handlers.STOP = on_stop;
	handlers.RETIRE = on_retire;
	handlers.LEAVING = on_leaving;
}

/* The role that the arguments name, or the only one there is. */
static enum role
role_of(int argc, char **argv)
{
	enum role	 r = ROLE_N, only = ROLE_N;
	unsigned	 n = 0;

	for (enum role i = 0; i < ROLE_N; i++)
		if (ops->roles & 1u << i) {
			only = i;
			n++;
		}
	if (argc == 3 && strcmp(argv[1], "-r") == 0)
		r = role_find(ops->program, argv[2]);
	else if (argc == 1 && n == 1)
		r = only;
	return r != ROLE_N && ops->roles & 1u << r ? r : ROLE_N;
}

static bool
is_socket(int fd)
{
	int		 type;
	socklen_t	 len = sizeof(type);

	return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == 0;
}

/* Only master acts on signals; a terminal sends them to all of us. */
static void
ignore_signals(void)
{
	static const int	 ignored[] = { SIGPIPE, SIGINT, SIGTERM,
	    SIGHUP, SIGUSR1, SIGUSR2 };

	for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
		signal(ignored[i], SIG_IGN);
}

int
proc_main(int argc, char **argv, const struct proc_ops *o)
{
	ops = o;
	log_set_name(ops->program);
	role = role_of(argc, argv);
	if (role == ROLE_N || !is_socket(PROC_FD)) {
		fprintf(stderr, "%s: started by postern(8), not by hand\n",
		    ops->program);
		return EX_USAGE;
	}
	ignore_signals();
	if ((base = event_base_new()) == NULL)
		fatal("cannot make an event loop");
	set_handlers();
	peer_setup(base, role, 0, 0);
	peer_on_fault(report_fault);
	master = peer_new(PROC_FD, ROLE_MASTER, 0, 0, &handlers,
	    on_master_lost);
	proc_log_start(master);
	while (!confined)
		if (peer_wait(master, PROC_START_MS) == -1)
			fatal("no jail was given: a process does not run "
			    "without");
	event_base_dispatch(base);
	fatal("the event loop ended");
}
