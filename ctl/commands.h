/*
 * The commands of posternctl: one table, from which the help comes too.
 */
#ifndef COMMANDS_H
#define COMMANDS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct options {
	bool		 json;
	bool		 dry_run;
	bool		 yes;		/* do not ask */
	const char	*by;		/* a column; NULL: not given */
	const char	*sort;		/* the same */
	const char	*limit;		/* the same: a number of messages */
	const char	*until;		/* the same: a time */
	const char	*reason;	/* the same */
	const char	*via;		/* the same: a next hop */
	bool		 normal;	/* none of that any more */
};

/*
 * Runs the command argv[0] with its arguments; the exit status.  An
 * unambiguous beginning of a command's name will do.
 */
int	 command_run(const struct options *, int argc, char **argv);
/* Whether there is such a command; before anything is connected. */
bool	 command_exists(const char *name);
/* Whether it speaks to a running postern; of one that exists. */
bool	 command_is_linked(const char *name);
void	 command_help(FILE *);

/* --- the commands, in files of their own; argv[0] is the full name --- */

int	 cmd_queue(const struct options *, int argc, char **argv);
int	 cmd_show(const struct options *, int argc, char **argv);
int	 cmd_cat(const struct options *, int argc, char **argv);
int	 cmd_trace(const struct options *, int argc, char **argv);
int	 cmd_change(const struct options *, int argc, char **argv);
int	 cmd_override(const struct options *, int argc, char **argv);
int	 cmd_pause(const struct options *, int argc, char **argv);
int	 cmd_routes(const struct options *, int argc, char **argv);
int	 cmd_status(const struct options *, int argc, char **argv);
int	 cmd_reload(const struct options *, int argc, char **argv);
int	 cmd_guesses(const struct options *, int argc, char **argv);
int	 cmd_forgive(const struct options *, int argc, char **argv);

/* --- what two of them do --- */

struct queue_change;
struct queue_filter;

/* Lists what fits the filter, at most so many messages. */
void	 list_queue(const struct options *, const struct queue_filter *,
	    uint64_t limit);
/* False: there are many, somebody was asked, and did not say yes. */
bool	 change_is_meant(const struct options *, struct queue_change *,
	    const char *name);

#endif
