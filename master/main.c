/*
 * postern: starts as whichever of its roles the arguments name.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "config.h"
#include "load.h"
#include "log.h"
#include "logger.h"
#include "master.h"
#include "spawn.h"

static void
usage(void)
{
	fprintf(stderr, "usage: postern [-dn] [-v] [-f FILE | -b DIRECTORY] "
	    "[-x PROGRAMS]\n");
	exit(EX_USAGE);
}

/* A file must not become standard error by chance. */
static void
open_standard(void)
{
	int	 fd;

	do {
		fd = open("/dev/null", O_RDWR);
	} while (fd != -1 && fd <= STDERR_FILENO);
	if (fd != -1)
		close(fd);
}

static void
parse(int argc, char **argv, struct options *o)
{
	int	 ch;

	while ((ch = getopt(argc, argv, "b:df:nvx:")) != -1)
		switch (ch) {
		case 'b':
			o->run_dir = optarg;
			break;
		case 'd':
			o->debug = true;
			break;
		case 'f':
			o->conf_file = optarg;
			break;
		case 'n':
			o->check = true;
			break;
		case 'v':
			o->print = true;
			break;
		case 'x':
			o->programs = optarg;
			break;
		default:
			usage();
		}
	if (argc != optind || (o->print && !o->check))
		usage();
}

/* Its children are run by this name long after. */
static void
find_programs(struct options *o)
{
	char	*real = realpath(o->programs, NULL);

	if (real != NULL) {
		o->programs = real;
		spawn_setup(real);
	} else if (!o->check) {
		log_error("the programs' directory %s: %s", o->programs,
		    strerror(errno));
		exit(EX_UNAVAILABLE);
	}
}

int
main(int argc, char **argv)
{
	struct options	 o = { .conf_file = POSTERN_CONF,
	    .programs = POSTERN_LIBEXEC };

	if (argc == 3 && strcmp(argv[1], "-r") == 0) {
		if (strcmp(argv[2], role_name(ROLE_LOAD)) == 0)
			return load_main(argc, argv);
		return logger_main(argc, argv);
	}
	open_standard();
	parse(argc, argv, &o);
	find_programs(&o);
	return master_main(&o);
}
