/*
 * resolverd asks name servers for the others.
 */
#include "resolverd.h"

int
main(int argc, char **argv)
{
	return proc_main(argc, argv, &resolverd_ops);
}
