/*
 * route: waiting mail another way than the tables say, or as they say again.
 */
#include <err.h>
#include <stdio.h>
#include <sysexits.h>

#include "log.h"
#include "nexthop.h"

#include "commands.h"
#include "complain.h"
#include "filter.h"
#include "link.h"
#include "show.h"

/* What can be no next hop is said before anything is asked. */
static struct str
via_option(const struct options *o)
{
	struct nexthop	 hop;

	if ((o->via != NULL) == o->normal)
		errx(EX_USAGE, "route wants --via=NEXTHOP, or --normal");
	if (o->normal)
		return STR_NONE;
	if (nexthop_parse(&hop, str_of(o->via)) == -1)
		errx(EX_USAGE, "--via=%s: a next hop is "
		    "[smtp[s]://]HOST[:PORT], lmtp:unix:PATH or "
		    "lmtp:HOST:PORT", o->via);
	return str_of(o->via);
}

static int
refused(const struct options *o, const struct queue_changed *m)
{
	warnx("--via=%s: %s", o->via, log_text(m->why));
	return EX_DATAERR;
}

/* Each message that fits as it is now; what follows says how many change. */
static void
list_would(const struct options *o, const struct queue_filter *f)
{
	if (!o->json)
		show_queue_head();
	list_queue(o, f, UINT64_MAX);
}

int
cmd_override(const struct options *o, int argc, char **argv)
{
	struct queue_change		 m = { .action = QUEUE_ROUTE,
	    .dry_run = o->dry_run, .via = via_option(o) };
	const struct queue_changed	*answer;
	int				 status;

	if (filter_parse(&m.filter, argv + 1, argc - 1) == 0)
		errx(EX_USAGE, "route which? give a filter, or \"all\"");
	if (!change_is_meant(o, &m, argv[0]))
		return EX_OK;
	if (o->dry_run)
		list_would(o, &m.filter);
	answer = link_queue_change(&m);
	if (answer->result == SHOW_REFUSED)
		return refused(o, answer);
	if ((status = complain(answer->result, argv[1])) != EX_OK)
		return status;
	show_changed(argv[0], answer, o->dry_run, o->json);
	if (answer->refused == 0)
		return EX_OK;
	warnx("%llu recipients stay as they are: %s",
	    (unsigned long long)answer->refused, log_text(answer->why));
	return EX_DATAERR;
}
