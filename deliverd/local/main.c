/*
 * postern-local.
 */
#include "local.h"

int
main(int argc, char **argv)
{
	return proc_main(argc, argv, &local_ops);
}
