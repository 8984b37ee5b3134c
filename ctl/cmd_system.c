/*
 * status, check, reload.
 */
#include <err.h>
#include <string.h>
#include <sysexits.h>

#include "commands.h"
#include "complain.h"
#include "link.h"
#include "show.h"

int
cmd_status(const struct options *o, int argc, char **argv)
{
	(void)argv;
	if (argc != 1)
		errx(EX_USAGE, "status takes no arguments");
	show_status(link_status(), o->json);
	return EX_OK;
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

int
cmd_reload(const struct options *o, int argc, char **argv)
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
