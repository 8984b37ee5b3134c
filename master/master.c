/*
 * A run of postern from its configuration to its last child's end.
 */
#include "master.h"

#include <sys/resource.h>

#include <event2/event.h>

#include <errno.h>
#include <fcntl.h>
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

/* descriptors that a child may be given; see plan.c */
#define FILES_MAX	20480

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

static int
load(const struct options *o)
{
	char			 dir[FILE_NAME_MAX + 1];
	struct buf		 text = BUF_INIT(BUILTIN_MAX);
	struct load_request	 request = { .mode = LOAD_RUN };
	int			 code = EX_OK;

	if (o->check)
		request.mode = o->print ? LOAD_PRINT : LOAD_CHECK;
	if (o->run_dir != NULL) {
		code = builtin_prepare(o->run_dir, o->programs, o->debug,
		    &text);
		request.name = "built-in";
		request.dir = builtin_dir();
		request.text = buf_str(&text);
		master.announce = builtin_announce;
	} else {
		directory_of(o->conf_file, dir);
		request.name = o->conf_file;
		request.dir = dir;
	}
	if (code == EX_OK)
		code = loader_run(master.base, &request, &master.loaded);
	buf_clear(&text);
	return code;
}

static int
open_log(const struct conf *conf)
{
	char	 path[FILE_NAME_MAX + 1];

	snprintf(path, sizeof(path), "%.*s", STR_FMT(conf->log_file));
	if (*path == '\0')
		master.log_sink = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	else
		master.log_sink = open(path, O_WRONLY | O_APPEND | O_CREAT |
		    O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, 0640);
	if (master.log_sink != -1)
		return EX_OK;
	log_error("cannot open the log %s: %s", path, strerror(errno));
	return EX_CANTCREAT;
}

static int
prepare(const struct conf *conf)
{
	int	 code = dirs_make(conf);

	if (code == EX_OK)
		code = open_log(conf);
	if (code == EX_OK)
		code = listen_all(conf, &master.sockets);
	return code;
}

int
master_main(const struct options *o)
{
	const struct conf	*conf;
	int			 code;

	if (!o->check && geteuid() != 0) {
		log_error("postern must be started as root: it gives each of "
		    "its processes a uid and a jail of its own");
		return EX_NOPERM;
	}
	set_up();
	if ((code = load(o)) != EX_OK || o->check) {
		loaded_free(&master.loaded);
		return code;
	}
	conf = &master.loaded.memory->conf;
	log_set_level(o->debug ? LEVEL_DEBUG :
	    (enum log_level)conf->log_level);
	if ((code = prepare(conf)) == EX_OK) {
		supervise_start();
		event_base_dispatch(master.base);
		code = master.status;
	}
	listen_close(conf, &master.sockets);
	loaded_free(&master.loaded);
	return code;
}
