/*
 * A run of postern from its configuration to its last child's end.
 */
#include "master.h"

#include <sys/resource.h>

#include <event2/event.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "builtin.h"
#include "confine.h"
#include "dirs.h"
#include "log.h"
#include "plan.h"
#include "supervise.h"
#include "trial.h"

/* descriptors that a child may be given; see plan.c */
#define FILES_MAX	20480
/* for an address that is in use at a start, asked for so often */
#define BIND_PATIENCE_MS	3000
#define BIND_PAUSE_MS		50

struct master	 master = { .loaded = LOADED_NONE, .log_sink = -1 };

/* Children may have no more than we have. */
static void
raise_limits(void)
{
	struct rlimit	 rl;

	if (getrlimit(RLIMIT_NOFILE, &rl) == -1)
		return;
	if (rl.rlim_max < FILES_MAX && geteuid() == 0)
		rl.rlim_max = FILES_MAX;
	rl.rlim_cur = rl.rlim_max;
	setrlimit(RLIMIT_NOFILE, &rl);
}

static void
set_up(void)
{
	signal(SIGPIPE, SIG_IGN);
	raise_limits();
	confine_master();
	if ((master.base = event_base_new()) == NULL)
		fatal("cannot make an event loop");
	peer_setup(master.base, ROLE_MASTER, 0, 0);
}

/* Where the file's relative names begin. */
static void
directory_of(const char *file, char dir[FILE_NAME_MAX + 1])
{
	const char	*slash = strrchr(file, '/');

	if (slash == NULL)
		snprintf(dir, FILE_NAME_MAX + 1, ".");
	else
		snprintf(dir, FILE_NAME_MAX + 1, "%.*s",
		    slash == file ? 1 : (int)(slash - file), file);
}

/* The request stays for every reload. */
static int
load(const struct options *o)
{
	static char		 dir[FILE_NAME_MAX + 1];
	static struct buf	 text = BUF_INIT(BUILTIN_MAX);
	struct load_request	*r = &master.request;
	int			 code = EX_OK;

	r->mode = o->print ? LOAD_PRINT : LOAD_RUN;
	if (o->run_dir != NULL) {
		code = builtin_prepare(o->run_dir, o->programs, o->debug,
		    &text);
		r->name = "built-in";
		r->dir = builtin_dir();
		r->text = buf_str(&text);
		master.announce = builtin_announce;
	} else {
		directory_of(o->conf_file, dir);
		r->name = o->conf_file;
		r->dir = dir;
	}
	if (code == EX_OK)
		code = loader_run(master.base, r, &master.loaded);
	if (code == EX_OK && o->check && !trial_run(master.base,
	    &master.loaded, loader_say))
		code = EX_CONFIG;
	return code;
}

int
master_open_log(const struct conf *conf)
{
	char	 path[FILE_NAME_MAX + 1];

	snprintf(path, sizeof(path), "%.*s", STR_FMT(conf->log_file));
	if (*path == '\0')
		return fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	return open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC |
	    O_NOFOLLOW | O_NOCTTY, 0640);
}

void
master_log_level(void)
{
	log_set_level(master.debug ? LEVEL_DEBUG :
	    (enum log_level)master.loaded.memory->conf.log_level);
}

/*
 * Of a postern that was killed just before, somebody may still hold the
 * sockets: a thread in a sync of the disk ends when that does.
 */
static int
bind_all(const struct conf *conf)
{
	const struct sockets	 none = { 0 };
	char			 why[TEXT_MAX];
	int			 code;

	for (uint64_t ms = 0;; ms += BIND_PAUSE_MS) {
		code = sockets_bind(conf, &none, &master.sockets, why,
		    sizeof(why));
		if (code == EX_OK || errno != EADDRINUSE ||
		    ms >= BIND_PATIENCE_MS)
			break;
		if (ms == 0)
			log_warn("%s; waiting", why);
		sockets_abort(&master.sockets);
		poll(NULL, 0, BIND_PAUSE_MS);
	}
	if (code != EX_OK)
		log_error("%s", why);
	return code;
}

static int
prepare(const struct conf *conf)
{
	int	 code = dirs_make(conf);

	if (code != EX_OK)
		return code;
	if ((master.log_sink = master_open_log(conf)) == -1) {
		log_error("cannot open the log %.*s: %s",
		    STR_FMT(conf->log_file), strerror(errno));
		return EX_CANTCREAT;
	}
	return bind_all(conf);
}

int
master_main(const struct options *o)
{
	int	 code;

	if (!o->check && geteuid() != 0) {
		log_error("postern must be started as root: it gives each of "
		    "its processes a uid and a jail of its own");
		return EX_NOPERM;
	}
	set_up();
	loaded_init(&master.loaded);
	if ((code = load(o)) != EX_OK || o->check) {
		loaded_free(&master.loaded);
		return code;
	}
	master.debug = o->debug;
	master_log_level();
	if ((code = prepare(&master.loaded.memory->conf)) == EX_OK) {
		supervise_start();
		event_base_dispatch(master.base);
		code = master.status;
	}
	sockets_close(&master.sockets);
	loaded_free(&master.loaded);
	return code;
}
