/*
 * posternctl: looks at and changes the queue through the control socket.
 */
#include <err.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "config.h"

#include "commands.h"
#include "link.h"

/* those that have no letter */
enum { OPTION_BY = 256, OPTION_SORT, OPTION_LIMIT, OPTION_UNTIL,
    OPTION_REASON, OPTION_VIA, OPTION_NORMAL };

static const struct option	 long_options[] = {
	{ "json", no_argument, NULL, 'j' },
	{ "dry-run", no_argument, NULL, 'n' },
	{ "yes", no_argument, NULL, 'y' },
	{ "by", required_argument, NULL, OPTION_BY },
	{ "sort", required_argument, NULL, OPTION_SORT },
	{ "limit", required_argument, NULL, OPTION_LIMIT },
	{ "until", required_argument, NULL, OPTION_UNTIL },
	{ "reason", required_argument, NULL, OPTION_REASON },
	{ "via", required_argument, NULL, OPTION_VIA },
	{ "normal", no_argument, NULL, OPTION_NORMAL },
	{ "socket", required_argument, NULL, 's' },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ NULL, 0, NULL, 0 },
};

/* An option that has no letter: its text is kept as it is. */
static bool
take_text(struct options *o, int ch)
{
	const struct {
		int		 option;
		const char	**to;
	} texts[] = {
		{ OPTION_BY, &o->by }, { OPTION_SORT, &o->sort },
		{ OPTION_LIMIT, &o->limit }, { OPTION_UNTIL, &o->until },
		{ OPTION_REASON, &o->reason }, { OPTION_VIA, &o->via },
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (texts[i].option == ch) {
			*texts[i].to = optarg;
			return true;
		}
	return false;
}

int
main(int argc, char **argv)
{
	const char	*path = getenv("POSTERN_SOCKET");
	struct options	 o = { .json = false };
	int		 ch;

	while ((ch = getopt_long(argc, argv, "s:jnyhV", long_options, NULL)) !=
	    -1) {
		switch (ch) {
		case 's':
			path = optarg;
			break;
		case 'j':
			o.json = true;
			break;
		case 'n':
			o.dry_run = true;
			break;
		case 'y':
			o.yes = true;
			break;
		case OPTION_NORMAL:
			o.normal = true;
			break;
		case 'h':
			command_help(stdout);
			return EX_OK;
		case 'V':
			printf("posternctl %s\n", POSTERN_VERSION);
			return EX_OK;
		default:
			if (take_text(&o, ch))
				break;
			command_help(stderr);
			return EX_USAGE;
		}
	}
	if (optind == argc) {
		command_help(stderr);
		return EX_USAGE;
	}
	if (!command_exists(argv[optind]))
		errx(EX_USAGE, "%s: unknown command; see posternctl --help",
		    argv[optind]);
	if (command_is_linked(argv[optind]))
		link_open(path != NULL ? path : POSTERN_CONTROL);
	return command_run(&o, argc - optind, argv + optind);
}
