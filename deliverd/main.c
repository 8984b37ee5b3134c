/*
 * deliverd -r out, deliverd -r local.
 */
#include "deliverd.h"

int
main(int argc, char **argv)
{
	return proc_main(argc, argv, &deliverd_ops);
}
