/*
 * retry, remove, hold, release: by the filters, with a question first where
 * it is about many.
 */
#include <err.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "commands.h"
#include "complain.h"
#include "filter.h"
#include "link.h"
#include "show.h"

#define ASK_ABOVE	10	/* a change of more messages asks first */

static enum queue_action
action_of(const char *name)
{
	static const char *const names[QUEUE_ACTION_N] = {
		[QUEUE_RETRY] = "retry", [QUEUE_REMOVE] = "remove",
		[QUEUE_HOLD] = "hold", [QUEUE_RELEASE] = "release",
		[QUEUE_ROUTE] = "route",
	};
	enum queue_action	 a = QUEUE_RETRY;

	while (a < QUEUE_ACTION_N - 1 && strcmp(names[a], name) != 0)
		a++;
	return a;
}

/* A change of many is asked about, where there is somebody to ask. */
bool
change_is_meant(const struct options *o, struct queue_change *m,
    const char *name)
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

int
cmd_change(const struct options *o, int argc, char **argv)
{
	struct queue_change		 m = { .dry_run = o->dry_run };
	const struct queue_changed	*answer;
	int				 status;

	if (filter_parse(&m.filter, argv + 1, argc - 1) == 0)
		errx(EX_USAGE, "%s which? give a filter, or \"all\"",
		    argv[0]);
	m.action = action_of(argv[0]);
	if (!change_is_meant(o, &m, argv[0]))
		return EX_OK;
	answer = link_queue_change(&m);
	if ((status = complain(answer->result, argv[1])) == EX_OK)
		show_changed(argv[0], answer, o->dry_run, o->json);
	return status;
}
