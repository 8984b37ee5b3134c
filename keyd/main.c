/*
 * keyd keeps secrets and uses them for others.
 */
#include "keyd.h"

int
main(int argc, char **argv)
{
	return proc_main(argc, argv, &keyd_ops);
}
