/*
 * The commands of posternctl: one table, from which the help comes too.
 */
#ifndef COMMANDS_H
#define COMMANDS_H

#include <stdbool.h>
#include <stdio.h>

struct options {
	bool	 json;
	bool	 dry_run;
	bool	 yes;		/* do not ask */
};

/*
 * Runs the command argv[0] with its arguments; the exit status.  An
 * unambiguous beginning of a command's name will do.
 */
int	 command_run(const struct options *, int argc, char **argv);
/* Whether there is such a command; before anything is connected. */
bool	 command_exists(const char *name);
void	 command_help(FILE *);

#endif
