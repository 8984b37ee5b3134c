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

static const struct option	 long_options[] = {
	{ "json", no_argument, NULL, 'j' },
	{ "dry-run", no_argument, NULL, 'n' },
	{ "yes", no_argument, NULL, 'y' },
	{ "socket", required_argument, NULL, 's' },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ NULL, 0, NULL, 0 },
};

int
main(int argc, char **argv)
{
	const char	*path = getenv("POSTERN_SOCKET");
	struct options	 o = { false, false, false };
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
		case 'h':
			command_help(stdout);
			return EX_OK;
		case 'V':
			printf("posternctl %s\n", POSTERN_VERSION);
			return EX_OK;
		default:
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
	link_open(path != NULL ? path : POSTERN_CONTROL);
	return command_run(&o, argc - optind, argv + optind);
}
