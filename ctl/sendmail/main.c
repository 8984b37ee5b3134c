/*
 * sendmail: hands mail of this host's programs to postern.  Has no rights
 * but those of its caller; who that is, the server asks the kernel.
 */
#include "modes.h"
#include "options.h"

int
main(int argc, char **argv)
{
	struct options	 o;
	int		 code = options_parse(&o, argc, argv);

	return code != 0 ? code : mode_run(&o);
}
