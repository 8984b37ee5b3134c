/*
 * queued runs in one of two roles that share nothing but the program: the
 * queue itself, and `-r state`, the counters.
 */
#include <string.h>

#include "proc.h"

#include "queued.h"
#include "state.h"

int
main(int argc, char **argv)
{
	const struct proc_ops	*ops = &queued_ops;

	for (int i = 1; i + 1 < argc; i++)
		if (strcmp(argv[i], "-r") == 0 &&
		    strcmp(argv[i + 1], role_name(ROLE_STATE)) == 0)
			ops = &state_ops;
	return proc_main(argc, argv, ops);
}
