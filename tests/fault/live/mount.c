/*
 * The disk of cutfs that forgets, as a file system: whatever runs on it may
 * be cut from the power at every place of its journal.  All of it lies in
 * memory, and goes when it is unmounted.
 *
 * usage: cutfs_mount MOUNTPOINT [MICROSECONDS]
 *
 * In the foreground, until it is unmounted.  Each sync takes so long, by
 * default 0.  control.h tells how to mark promises and to cut.
 */
#define FUSE_USE_VERSION 31

#include <fuse_lowlevel.h>

#include <err.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sysexits.h>

#include "requests.h"
#include "slow.h"
#include "tree.h"

#define SLOW_MAX_US	1000000

static void
serve(struct fuse_session *s)
{
	struct fuse_buf	 buf = { .mem = NULL };
	struct pollfd	 fd = { .fd = fuse_session_fd(s), .events = POLLIN };
	int		 n;

	while (!fuse_session_exited(s)) {
		n = poll(&fd, 1, slow_go_on());
		if (n == 0 || (n == -1 && errno == EINTR))
			continue;
		n = fuse_session_receive_buf(s, &buf);
		if (n == -EINTR)
			continue;
		if (n <= 0)
			break;
		fuse_session_process_buf(s, &buf);
	}
	free(buf.mem);
}

int
main(int argc, char **argv)
{
	char			*options[] = { argv[0], (char *)"-o",
	    (char *)"allow_other,default_permissions,fsname=cutfs" };
	struct fuse_args	 args = FUSE_ARGS_INIT(3, options);
	struct fuse_session	*s;
	unsigned long		 us = 0;

	if (argc != 2 && argc != 3)
		errx(EX_USAGE, "usage: cutfs_mount MOUNTPOINT [MICROSECONDS]");
	if (argc == 3 && (us = strtoul(argv[2], NULL, 10)) > SLOW_MAX_US)
		errx(EX_USAGE, "a sync takes at most %d us", SLOW_MAX_US);
	tree_init();
	slow_init((unsigned)us);
	s = fuse_session_new(&args, &requests, sizeof(requests), NULL);
	if (s == NULL || fuse_session_mount(s, argv[1]) != 0)
		errx(EX_OSERR, "cannot mount on %s", argv[1]);
	serve(s);
	fuse_session_unmount(s);
	fuse_session_destroy(s);
	fuse_opt_free_args(&args);
	return 0;
}
