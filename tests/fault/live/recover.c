/*
 * A start of the spool and an orderly stop, on a real disk and in a process
 * of its own: what queued does before anybody can ask it for anything.
 *
 * usage: recover DIRECTORY SEGMENT_SIZE
 *
 * As whoever the directory belongs to.  A line of "found ID" for each message
 * that lives.  Ends with 1 where the spool does not start.
 */
#include <sys/stat.h>

#include <err.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#include <event2/event.h>

#include "spool.h"

static struct event_base	*base;

static void
on_found(const struct spool_message *m)
{
	printf("found %s\n", msgid_text(&m->envelope->id));
}

static void
on_stopped(void)
{
	event_base_loopbreak(base);
}

static void
enter(const char *path)
{
	struct stat	 st;

	if (chdir(path) == -1 || stat(".", &st) == -1)
		err(EX_NOINPUT, "%s", path);
	if (geteuid() == 0 && (setgroups(0, NULL) == -1 ||
	    setgid(st.st_gid) == -1 || setuid(st.st_uid) == -1))
		err(EX_OSERR, "cannot become its owner");
}

int
main(int argc, char **argv)
{
	struct spool_limits	 limits = { .reserve = 0 };
	char			 why[256];

	if (argc != 3)
		errx(EX_USAGE, "usage: recover DIRECTORY SEGMENT_SIZE");
	limits.segment_size = strtoull(argv[2], NULL, 10);
	enter(argv[1]);
	if ((base = event_base_new()) == NULL)
		errx(EX_OSERR, "no event loop");
	spool_threads();
	if (spool_open(base, &limits, on_found, why, sizeof(why)) == -1)
		errx(1, "%s", why);
	spool_stop(on_stopped);
	event_base_dispatch(base);
	spool_close();
	event_base_free(base);
	return 0;
}
