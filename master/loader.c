/*
 * The load role as seen by master.  Its process lives for one configuration.
 */
#include "loader.h"

#include <sys/wait.h>

#include <event2/event.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "dirs.h"
#include "log.h"
#include "log_out.h"
#include "peer.h"
#include "plan.h"
#include "regular.h"
#include "secrets.h"
#include "spawn.h"

#define REAP_MS		200	/* from its channel's end to its own */

static struct {
	const struct load_request *request;
	struct loaded	*loaded;
	void		(*done)(int);
	struct peer	*peer;
	struct event	*deadline;
	pid_t		 pid;		/* 0: has been waited for */
	int		 status;
	char		 root[DIRS_EMPTY_MAX];	/* nothing is ever in it */
	bool		 ended, ok, bad;
} job;

void
loaded_init(struct loaded *l)
{
	l->memory = NULL;
	l->conf_fd = -1;
	memset(l->tables, 0xff, sizeof(l->tables));		/* all -1 */
	memset(l->keys, 0xff, sizeof(l->keys));
	memset(l->credentials, 0xff, sizeof(l->credentials));
}

static void
close_all(const int *fds, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (fds[i] != -1)
			close(fds[i]);
}

void
loaded_free(struct loaded *l)
{
	conf_free(l->memory);
	if (l->conf_fd != -1)
		close(l->conf_fd);
	close_all(l->tables, TABLES_MAX);
	close_all(l->keys, CERTIFICATES_MAX);
	close_all(l->credentials, CREDENTIALS_MAX);
	loaded_init(l);
}

/* ---- what it asks and says --------------------------------------------- */

static int
open_named(struct str name)
{
	char	 path[2 * FILE_NAME_MAX];
	int	 n;

	if (name.n == 0 || memchr(name.p, '\0', name.n) != NULL) {
		errno = EINVAL;
		return -1;
	}
	if (name.p[0] == '/')
		n = snprintf(path, sizeof(path), "%.*s", STR_FMT(name));
	else
		n = snprintf(path, sizeof(path), "%s/%.*s", job.request->dir,
		    STR_FMT(name));
	if (n < 0 || (size_t)n >= sizeof(path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	return regular_open(path);
}

static void
on_load_open(struct peer *p, uint32_t id, const struct load_open *m)
{
	int			 fd = open_named(m->name);
	struct load_opened	 answer = { fd == -1 ? (uint32_t)errno : 0 };

	peer_send_fd(p, LOAD_OPENED, id, fd, &answer);
}

/* As given, but for what could steer a terminal. */
static void
print_line(bool warning, struct str text)
{
	for (size_t i = 0; i < text.n; i++) {
		unsigned char	 c = (unsigned char)text.p[i];

		fputc(c < 0x20 || c == 0x7f ? '?' : c, stderr);
	}
	fputs(warning ? " (warning)\n" : "\n", stderr);
}

void
loader_say(bool warning, struct str text)
{
	if (job.request->report != NULL)
		job.request->report(warning, text);
	else
		print_line(warning, text);
}

static void
on_load_error(struct peer *p, uint32_t id, const struct load_error *m)
{
	(void)p, (void)id;
	loader_say(m->warning, m->text);
}

static void
on_load_text(struct peer *p, uint32_t id, const struct load_text *m)
{
	(void)p, (void)id;
	fwrite(m->text.p, 1, m->text.n, stdout);
}

static void
on_load_conf(struct peer *p, uint32_t id, const struct nothing *m)
{
	(void)id, (void)m;
	if (job.loaded->conf_fd != -1) {
		job.bad = true;
		return;
	}
	job.loaded->conf_fd = peer_take_fd(p);
	job.loaded->memory = conf_open(job.loaded->conf_fd);
}

static void
on_load_table(struct peer *p, uint32_t id, const struct table *m)
{
	(void)id;
	if (m->table >= TABLES_MAX || job.loaded->tables[m->table] != -1)
		job.bad = true;
	else
		job.loaded->tables[m->table] = peer_take_fd(p);
}

static void
on_load_end(struct peer *p, uint32_t id, const struct load_end *m)
{
	(void)id;
	job.ended = true;
	job.ok = m->ok;
	peer_close(p);
}

static void
on_log_line(struct peer *p, uint32_t id, const struct log_line *m)
{
	(void)id;
	log_out_relay(p, m);
}

static void
on_ready(struct peer *p, uint32_t id, const struct ready *m)
{
	(void)id, (void)m;
	p->phase = RUN;
}

static const struct handlers handlers = {
	.LOAD_OPEN = on_load_open,
	.LOAD_ERROR = on_load_error,
	.LOAD_TEXT = on_load_text,
	.LOAD_CONF = on_load_conf,
	.LOAD_TABLE = on_load_table,
	.LOAD_END = on_load_end,
	.LOG_LINE = on_log_line,
	.READY = on_ready,
};

/* ---- its life ---------------------------------------------------------- */

/* Everything that a configuration is made of has come, and is sealed. */
static bool
is_complete(const struct loaded *l)
{
	if (l->memory == NULL ||
	    l->memory->conf.number != job.request->number)
		return false;
	for (size_t i = 0; i < l->memory->conf.n_tables; i++)
		if (l->tables[i] == -1)
			return false;
	return true;
}

static int
outcome(int wait_status)
{
	if (!job.ended || job.bad) {
		log_error("%s: the configuration could not be read: the load "
		    "role ended with %s", job.request->name,
		    spawn_end_text(wait_status));
		return EX_SOFTWARE;
	}
	if (!job.ok)
		return EX_CONFIG;
	if (!is_complete(job.loaded)) {
		log_error("%s: the load role gave an incomplete configuration",
		    job.request->name);
		return EX_SOFTWARE;
	}
	return EX_OK;
}

/* How it ended: by itself, if it does so at once, else by us. */
static int
reap(void)
{
	const struct timespec	 nap = { 0, 1000000 };

	for (int ms = 0; job.pid != 0 && !job.ended && ms < REAP_MS; ms++) {
		if (waitpid(job.pid, &job.status, WNOHANG) != 0)
			job.pid = 0;
		nanosleep(&nap, NULL);
	}
	if (job.pid != 0) {
		kill(job.pid, SIGKILL);
		waitpid(job.pid, &job.status, 0);
	}
	job.pid = 0;
	return job.status;
}

bool
loader_died(pid_t pid, int wait_status)
{
	if (pid != job.pid)
		return false;
	job.pid = 0;
	job.status = wait_status;
	return true;
}

void
loader_cancel(void)
{
	if (job.pid != 0)
		kill(job.pid, SIGKILL);
}

static void
on_lost(struct peer *p)
{
	int	 code;

	(void)p;
	job.peer = NULL;
	event_free(job.deadline);
	code = outcome(reap());
	dirs_empty_remove(job.root);
	if (code == EX_OK && secrets_open(job.loaded, loader_say) == -1)
		code = EX_CONFIG;
	if (code != EX_OK)
		loaded_free(job.loaded);
	job.done(code);
}

static void
on_deadline(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what, (void)arg;
	log_error("%s: the load role took longer than %d s",
	    job.request->name, LOADER_MS / 1000);
	loader_cancel();
}

static void
fail_later(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	job.done((int)(intptr_t)arg);
}

/* done is never called before loader_start has returned. */
static void
fail(struct event_base *base, int code)
{
	const struct timeval	 now = { 0, 0 };

	event_base_once(base, -1, EV_TIMEOUT, fail_later,
	    (void *)(intptr_t)code, &now);
}

static void
begin(struct event_base *base, int channel, int conf_file)
{
	const struct timeval	 tv = { LOADER_MS / 1000, 0 };
	struct load_start	 m = { job.request->mode, job.request->number,
	    str_of(job.request->name), job.request->text };
	struct confine		 confine;

	job.peer = peer_new(channel, ROLE_LOAD, 0, 0, &handlers, on_lost);
	job.deadline = evtimer_new(base, on_deadline, NULL);
	if (job.deadline == NULL)
		fatal("out of memory for events");
	evtimer_add(job.deadline, &tv);
	plan_confine_load(job.root, &confine);
	peer_send(job.peer, CONFINE, 0, &confine);
	peer_send_fd(job.peer, LOAD_START, 0, conf_file, &m);
}

void
loader_start(struct event_base *base, const struct load_request *request,
    struct loaded *loaded, void (*done)(int))
{
	const struct spawn	 s = { .role = ROLE_LOAD };
	int			 conf_file = -1, fd;

	loaded_init(loaded);
	job.request = request;
	job.loaded = loaded;
	job.done = done;
	job.ended = job.ok = job.bad = false;
	job.pid = 0;
	job.status = 0;
	/* opened here: it may be readable by root alone */
	if (request->text.n == 0 &&
	    (conf_file = regular_open(request->name)) == -1) {
		log_error("%s: %s", request->name, strerror(errno));
		fail(base, EX_NOINPUT);
		return;
	}
	if (dirs_empty_make(job.root) == -1 ||
	    (fd = spawn(&s, &job.pid)) == -1) {
		log_error("%s: the load role cannot be started",
		    request->name);
		job.pid = 0;
		dirs_empty_remove(job.root);
		if (conf_file != -1)
			close(conf_file);
		fail(base, EX_OSERR);
		return;
	}
	begin(base, fd, conf_file);
}

static int	 result;
static bool	 finished;

static void
on_done(int code)
{
	result = code;
	finished = true;
}

int
loader_run(struct event_base *base, const struct load_request *request,
    struct loaded *loaded)
{
	finished = false;
	loader_start(base, request, loaded, on_done);
	while (!finished)
		event_base_loop(base, EVLOOP_ONCE);
	fflush(stdout);
	return result;
}
