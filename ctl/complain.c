/*
 * Results to words.
 */
#include "complain.h"

#include <err.h>
#include <sysexits.h>

int
complain(enum show_result result, const char *what)
{
	switch (result) {
	case SHOW_OK:
		return EX_OK;
	case SHOW_NONE:
		warnx("%s: no such message", what);
		return EX_DATAERR;
	case SHOW_AMBIGUOUS:
		warnx("%s: several messages begin so", what);
		return EX_DATAERR;
	case SHOW_DENIED:
		warnx("only root may do this");
		return EX_NOPERM;
	case SHOW_UNREADABLE:
		warnx("%s: cannot be read from the spool, see the log", what);
		return EX_IOERR;
	case SHOW_REFUSED:
		warnx("%s: refused", what);
		return EX_DATAERR;
	case SHOW_NOT_KEPT:
		warnx("done, but not all of it could be written to the "
		    "spool: a restart will not know of it");
		return EX_IOERR;
	case SHOW_RESULT_N:
		break;
	}
	return EX_PROTOCOL;
}

struct str
id_argument(int argc, char **argv)
{
	struct str	 id;

	if (argc != 2)
		errx(EX_USAGE, "%s takes the id of one message", argv[0]);
	id = str_of(argv[1]);
	if (id.n == 0 || id.n > MSGID_TEXT_LEN)
		errx(EX_USAGE, "%s: an id has %d characters", argv[1],
		    MSGID_TEXT_LEN);
	return id;
}
