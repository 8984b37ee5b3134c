/*
 * posternctl's commands.  Each asks queued, shows the answer and returns the
 * exit status.
 */
#include "commands.h"

#include <err.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "filter.h"
#include "link.h"
#include "show.h"

#define ASK_ABOVE	10	/* a change of more messages asks first */

static int	 do_queue(const struct options *, int, char **);
static int	 do_show(const struct options *, int, char **);
static int	 do_status(const struct options *, int, char **);
static int	 do_change(const struct options *, int, char **);
static int	 do_reload(const struct options *, int, char **);

static const struct command {
	const char	*name, *arguments, *what;
	int		 (*run)(const struct options *, int, char **);
} commands[] = {
	{ "queue", "[filter ...]", "list what waits", do_queue },
	{ "show", "ID", "one message: envelope, state and header", do_show },
	{ "status", "", "the processes, their jails, the queue", do_status },
	{ "retry", "filter ...", "try again now", do_change },
	{ "remove", "filter ...", "delete, without a report", do_change },
	{ "hold", "filter ...", "keep, do not deliver", do_change },
	{ "release", "filter ...", "end the hold", do_change },
	{ "check", "", "read the configuration, say what is wrong",
	    do_reload },
	{ "reload", "", "the same, and let it take effect", do_reload },
};
#define N_COMMANDS	(sizeof(commands) / sizeof(commands[0]))

/* The command of that name, or the only one that begins so. */
static const struct command *
find(const char *name)
{
	const struct command	*found = NULL;

	for (size_t i = 0; i < N_COMMANDS; i++) {
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
		if (strncmp(commands[i].name, name, strlen(name)) != 0)
			continue;
		if (found != NULL)
			return NULL;
		found = &commands[i];
	}
	return found;
}

bool
command_exists(const char *name)
{
	return find(name) != NULL;
}

int
command_run(const struct options *o, int argc, char **argv)
{
	const struct command	*c = find(argv[0]);
	char			*full[64];

	if (c == NULL || argc > 64)
		return EX_USAGE;
	memcpy(full, argv, (size_t)argc * sizeof(full[0]));
	full[0] = (char *)(uintptr_t)c->name;
	return c->run(o, argc, full);
}

void
command_help(FILE *f)
{
	fprintf(f, "usage: posternctl [-s socket] [--json] [--dry-run] "
	    "[--yes] command [argument ...]\n\n");
	for (size_t i = 0; i < N_COMMANDS; i++)
		fprintf(f, "  %-8s %-14s %s\n", commands[i].name,
		    commands[i].arguments, commands[i].what);
	fprintf(f, "\nfilters: from= to= domain= route= state= age> age< "
	    "size> size< reply~ ID all\n");
}

static int
do_queue(const struct options *o, int argc, char **argv)
{
	struct queue_list	 m = { 0 };
	const struct queue_rows	*rows;

	filter_parse(&m.filter, argv + 1, argc - 1);
	if (!o->json)
		show_queue_head();
	do {
		rows = link_queue_list(&m);
		for (size_t i = 0; i < rows->n_rows; i++)
			show_queue_row(&rows->rows[i], o->json);
		m.cursor = rows->cursor;
	} while (rows->more);
	return EX_OK;
}

/* What is wrong with an answer; EX_OK when nothing is. */
static int
complain(enum show_result result, const char *what)
{
	switch (result) {
	case SHOW_OK:
		return EX_OK;
	case SHOW_NONE:
		warnx("%s: no such message in the queue", what);
		return EX_DATAERR;
	case SHOW_AMBIGUOUS:
		warnx("%s: several messages begin so", what);
		return EX_DATAERR;
	case SHOW_DENIED:
		warnx("only root may do this");
		return EX_NOPERM;
	case SHOW_RESULT_N:
		break;
	}
	return EX_PROTOCOL;
}

static int
do_show(const struct options *o, int argc, char **argv)
{
	const struct mail_shown	*m;
	struct mail_show	 ask;
	int			 status;

	if (argc != 2)
		errx(EX_USAGE, "show takes the id of one message");
	ask.id = str_of(argv[1]);
	if (ask.id.n > MSGID_TEXT_LEN)
		errx(EX_USAGE, "%s: an id has %d characters", argv[1],
		    MSGID_TEXT_LEN);
	m = link_mail_show(&ask);
	if ((status = complain(m->result, argv[1])) == EX_OK)
		show_mail(m, o->json);
	return status;
}

static int
do_status(const struct options *o, int argc, char **argv)
{
	(void)argv;
	if (argc != 1)
		errx(EX_USAGE, "status takes no arguments");
	show_status(link_status(), o->json);
	return EX_OK;
}

static enum queue_action
action_of(const char *name)
{
	static const char *const names[QUEUE_ACTION_N] = {
		[QUEUE_RETRY] = "retry", [QUEUE_REMOVE] = "remove",
		[QUEUE_HOLD] = "hold", [QUEUE_RELEASE] = "release",
	};
	enum queue_action	 a = QUEUE_RETRY;

	while (a < QUEUE_ACTION_N - 1 && strcmp(names[a], name) != 0)
		a++;
	return a;
}

/* A change of many is asked about, where there is somebody to ask. */
static bool
is_meant(const struct options *o, struct queue_change *m, const char *name)
{
	const struct queue_changed	*would;
	char				 line[16];

	if (o->yes || o->dry_run || !isatty(STDIN_FILENO))
		return true;
	m->dry_run = true;
	would = link_queue_change(m);
	m->dry_run = false;
	if (would->result != SHOW_OK || would->messages <= ASK_ABOVE)
		return true;
	fprintf(stderr, "%s %llu messages? [y/N] ", name,
	    (unsigned long long)would->messages);
	return fgets(line, sizeof(line), stdin) != NULL &&
	    (line[0] == 'y' || line[0] == 'Y');
}

static int
do_change(const struct options *o, int argc, char **argv)
{
	struct queue_change		 m = { .dry_run = o->dry_run };
	const struct queue_changed	*answer;
	int				 status;

	if (filter_parse(&m.filter, argv + 1, argc - 1) == 0)
		errx(EX_USAGE, "%s which? give a filter, or \"all\"",
		    argv[0]);
	m.action = action_of(argv[0]);
	if (!is_meant(o, &m, argv[0]))
		return EX_OK;
	answer = link_queue_change(&m);
	if ((status = complain(answer->result, argv[1])) == EX_OK)
		show_changed(argv[0], answer, o->dry_run, o->json);
	return status;
}

static int
reload_status(enum reload_result result)
{
	switch (result) {
	case RELOAD_DONE:
		return EX_OK;
	case RELOAD_REFUSED:
		return EX_CONFIG;
	case RELOAD_BUSY:
		warnx("another reload is under way, or postern is not ready");
		return EX_TEMPFAIL;
	case RELOAD_DENIED:
		return complain(SHOW_DENIED, "");
	case RELOAD_RESULT_N:
		break;
	}
	return EX_PROTOCOL;
}

static int
do_reload(const struct options *o, int argc, char **argv)
{
	struct reload		 m = { .check = o->dry_run };
	const struct reloaded	*answer;

	if (argc != 1)
		errx(EX_USAGE, "%s takes no arguments", argv[0]);
	m.check |= strcmp(argv[0], "check") == 0;
	answer = link_reload(&m);
	show_reloaded(answer, m.check, o->json);
	return reload_status(answer->result);
}
