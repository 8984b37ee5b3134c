/*
 * The table of commands, and what all of them have in common: names that may
 * be cut short, and which options each takes.
 */
#include "commands.h"

#include <err.h>
#include <string.h>
#include <sysexits.h>

#include "password.h"

/* options that not all take; --json is for all */
#define DRY_RUN		0x01
#define YES		0x02
#define BY		0x04
#define SORT		0x08
#define LIMIT		0x10
#define UNTIL		0x20
#define REASON		0x40
#define VIA		0x80

static int	 do_password(const struct options *, int, char **);

static const struct command {
	const char	*name, *arguments, *what;
	unsigned	 takes;
	int		 (*run)(const struct options *, int, char **);
} commands[] = {
	{ "queue", "[filter ...]", "list or count what waits",
	    BY | SORT | LIMIT, cmd_queue },
	{ "show", "ID", "one message: envelope, state, header, attempts", 0,
	    cmd_show },
	{ "cat", "ID", "one message as it will be sent", 0, cmd_cat },
	{ "trace", "ID", "what happened to a message, also one that has gone",
	    0, cmd_trace },
	{ "retry", "filter ...", "try again now", DRY_RUN | YES,
	    cmd_change },
	{ "remove", "filter ...", "delete, without a report", DRY_RUN | YES,
	    cmd_change },
	{ "hold", "filter ...", "keep, do not deliver", DRY_RUN | YES,
	    cmd_change },
	{ "release", "filter ...", "end the hold", DRY_RUN | YES,
	    cmd_change },
	{ "route", "filter ...", "send another way than the tables say",
	    DRY_RUN | YES | VIA, cmd_override },
	{ "pause", "route=NAME | domain=NAME | all",
	    "send nothing more there", UNTIL | REASON, cmd_pause },
	{ "resume", "route=NAME | domain=NAME | all", "end the pause", 0,
	    cmd_pause },
	{ "routes", "", "where mail goes next, and how that goes", 0,
	    cmd_routes },
	{ "status", "", "the processes, their jails, the queue", 0,
	    cmd_status },
	{ "check", "", "read the configuration, say what is wrong", 0,
	    cmd_reload },
	{ "reload", "", "the same, and let it take effect", DRY_RUN,
	    cmd_reload },
	{ "guesses", "[who]", "who said too many wrong passwords", 0,
	    cmd_guesses },
	{ "forgive", "who", "an account or address may try again at once", 0,
	    cmd_forgive },
	{ "password", "USER", "a line for a table of passwords", 0,
	    do_password },
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

bool
command_is_linked(const char *name)
{
	return find(name)->run != do_password;
}

static void
check_options(const struct command *c, const struct options *o)
{
	const struct {
		unsigned	 bit;
		bool		 given;
		const char	*name;
	} all[] = {
		{ DRY_RUN, o->dry_run, "dry-run" },
		{ YES, o->yes, "yes" },
		{ BY, o->by != NULL, "by" },
		{ SORT, o->sort != NULL, "sort" },
		{ LIMIT, o->limit != NULL, "limit" },
		{ UNTIL, o->until != NULL, "until" },
		{ REASON, o->reason != NULL, "reason" },
		{ VIA, o->via != NULL, "via" },
		{ VIA, o->normal, "normal" },
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (all[i].given && (c->takes & all[i].bit) == 0)
			errx(EX_USAGE, "%s takes no --%s", c->name,
			    all[i].name);
}

int
command_run(const struct options *o, int argc, char **argv)
{
	const struct command	*c = find(argv[0]);
	char			*full[64];

	if (c == NULL || argc > 64)
		return EX_USAGE;
	check_options(c, o);
	memcpy(full, argv, (size_t)argc * sizeof(full[0]));
	full[0] = (char *)(uintptr_t)c->name;
	return c->run(o, argc, full);
}

void
command_help(FILE *f)
{
	fprintf(f, "usage: posternctl [-s socket] [--json] command "
	    "[argument ...] [option ...]\n\n");
	for (size_t i = 0; i < N_COMMANDS; i++)
		fprintf(f, "  %-8s %-30s %s\n", commands[i].name,
		    commands[i].arguments, commands[i].what);
	fprintf(f, "\n"
	    "options: --json --dry-run --yes --by=COLUMN --sort=KEY "
	    "--limit=N --until=TIME --reason=TEXT --via=NEXTHOP --normal\n"
	    "filters: from= to= domain= route= state= age> age< "
	    "size> size< reply~ ID all\n");
}

static int
do_password(const struct options *o, int argc, char **argv)
{
	if (argc != 2)
		errx(EX_USAGE, "password takes the name of one user");
	return password_command(argv[1], o->json);
}
