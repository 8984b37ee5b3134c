/*
 * queued runs in one of two roles that share nothing but the program: the
 * queue itself, and `-r state`, the counters.  By hand it checks a spool.
 */
#include <string.h>

#include "proc.h"

#include "check.h"
#include "queued.h"

int
main(int argc, char **argv)
{
	const struct proc_ops	*ops = &queued_ops;

	if (argc == 3 && strcmp(argv[1], "-C") == 0)
		return check_spool(argv[2]);
	for (int i = 1; i + 1 < argc; i++)
		if (strcmp(argv[i], "-r") == 0 &&
		    strcmp(argv[i + 1], role_name(ROLE_STATE)) == 0)
			ops = &state_ops;
	return proc_main(argc, argv, ops);
}
