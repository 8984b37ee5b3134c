/*
 * Looks at every layer of every role's jail by itself.  The filter of system
 * calls would hide that another layer is missing (jail_probe.c sees what all
 * of them hold together); so a jailed process is looked at from outside, in
 * /proc, and tries Landlock from within prepare(), before the filter is on.
 *
 *	this program - parent - jailed child
 *
 * Needs root, and says that it was skipped where it has not got it.
 */
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "confine.h"
#include "log.h"

#include "config.h"

#define ROLE_UID	64001
#define PATIENCE_MS	20000
#define PATH_LEN	64
#define ABI_TCP		4	/* Landlock's first that refuses ports */
#define ABI_SCOPE	6	/* ... signals and abstract sockets */

/* What a child finds before its filter is on: errnos, 0 where it could. */
struct report {
	struct jail	 jail;		/* its root is a pointer of the child */
	int		 file, tcp, signal, abstract;
	pid_t		 pid;
};

static char		 directory[] = "/tmp/jail_layers.XXXXXX";
static struct report	 report;
static pid_t		 sibling;	/* of the same uid, in no jail */
static struct sockaddr_in tcp_target;
static struct sockaddr_un abstract_target;
static bool		 files;		/* of the role being looked at */
static unsigned		 passed, failed;

static void
must(bool ok, const char *what)
{
	if (ok)
		return;
	printf("jail_layers: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void
check(enum role role, const char *what, bool ok)
{
	if (ok) {
		passed++;
		return;
	}
	failed++;
	printf("not ok - %s %s\n", role_name(role), what);
}

/* ---- inside, before the filter ----------------------------------------- */

static int
connects(int family, const void *to, socklen_t len)
{
	int	 r, error, fd = socket(family, SOCK_STREAM, 0);

	r = connect(fd, to, len);
	error = r == -1 ? errno : 0;
	close(fd);
	return error;
}

/* A fifo is nothing that a spool needs; others may not even look at ".". */
static int
reaches_file(void)
{
	int	 r;

	if (files)
		r = mkfifoat(AT_FDCWD, "fifo", 0600);
	else
		r = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return r == -1 ? errno : 0;
}

static void
try_landlock(void)
{
	report.file = reaches_file();
	report.tcp = connects(AF_INET, &tcp_target, sizeof(tcp_target));
	report.abstract = connects(AF_UNIX, &abstract_target,
	    sizeof(abstract_target));
	report.signal = kill(sibling, 0) == -1 ? errno : 0;
}

/* Stays until its parent is no more. */
static void
be_jailed(enum role role, int out, int forever)
{
	struct confine	 m = { .uid = ROLE_UID, .gid = ROLE_UID,
			    .root = str_of(directory), .files = 64,
			    .file_size = 1000000 };
	char		 c;

	report.pid = getpid();
	confine_enter(role, &m, try_landlock, &report.jail);
	if (write(out, &report, sizeof(report)) != sizeof(report))
		_exit(1);
	while (read(forever, &c, 1) == -1)
		;
	_exit(0);
}

/* ---- outside ----------------------------------------------------------- */

static bool
same_link(pid_t pid, const char *name, const char *wanted)
{
	char	 path[PATH_LEN], link[256];
	ssize_t	 n;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	n = readlink(path, link, sizeof(link) - 1);
	link[n > 0 ? n : 0] = '\0';
	return strcmp(link, wanted) == 0;
}

static bool
same_namespace(pid_t pid, const char *name)
{
	char	 path[PATH_LEN], own[256];
	ssize_t	 n;

	snprintf(path, sizeof(path), "/proc/self/%s", name);
	n = readlink(path, own, sizeof(own) - 1);
	own[n > 0 ? n : 0] = '\0';
	return same_link(pid, name, own);
}

/* Whether a line of the file begins so; blanks are as the kernel has them. */
static bool
has_line(pid_t pid, const char *name, const char *begin)
{
	char	 path[PATH_LEN], line[256];
	bool	 found = false;
	FILE	*f;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	if ((f = fopen(path, "r")) == NULL)
		return false;
	while (!found && fgets(line, sizeof(line), f) != NULL)
		found = strncmp(line, begin, strlen(begin)) == 0;
	fclose(f);
	return found;
}

static bool
is_roots(pid_t pid)
{
	char		 path[PATH_LEN];
	struct stat	 st;

	snprintf(path, sizeof(path), "/proc/%d/environ", (int)pid);
	return stat(path, &st) == 0 && st.st_uid == 0;
}

static void
look_at_process(enum role role, const struct jail_type *t, pid_t pid)
{
	static const struct {
		const char	*what, *file, *begin;
	} lines[] = {
		{ "uid", "status", "Uid:\t64001\t64001\t64001\t64001\n" },
		{ "gid", "status", "Gid:\t64001\t64001\t64001\t64001\n" },
		{ "groups", "status", "Groups:\t \n" },
		{ "umask", "status", "Umask:\t0077\n" },
		{ "permitted", "status", "CapPrm:\t0000000000000000\n" },
		{ "effective", "status", "CapEff:\t0000000000000000\n" },
		{ "no-new-privs", "status", "NoNewPrivs:\t1\n" },
		{ "filter", "status", "Seccomp:\t2\n" },
		{ "processes", "limits",
		    "Max processes             0                    0 " },
		{ "core", "limits",
		    "Max core file size        0                    0 " },
		{ "file-size", "limits",
		    "Max file size             1000000              1000000 " },
		{ "files", "limits",
		    "Max open files            64                   64 " },
	};

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		check(role, lines[i].what,
		    has_line(pid, lines[i].file, lines[i].begin));
	check(role, "network", same_namespace(pid, "ns/net") != t->netns);
	check(role, "ipc", !same_namespace(pid, "ns/ipc"));
	check(role, "uts", !same_namespace(pid, "ns/uts"));
	check(role, "root", same_link(pid, "root",
	    t->chroot ? directory : "/"));
	check(role, "directory", !files || same_link(pid, "cwd", directory));
	/* the kernel gives the files of what may not be dumped to root */
	check(role, "undumpable", is_roots(pid));
}

static void
look_at_report(enum role role)
{
	unsigned	 abi = report.jail.landlock;

	if (abi != 0)
		check(role, "landlock-files", report.file == EACCES);
	if (abi >= ABI_TCP)
		check(role, "landlock-tcp", report.tcp == EACCES);
	if (abi < ABI_SCOPE)
		return;
	check(role, "landlock-signal", report.signal == EPERM);
	check(role, "landlock-abstract", report.abstract != 0);
}

/* The child holds the other end as long as it lives. */
static bool
is_gone(int alive)
{
	struct pollfd	 pfd = { .fd = alive, .events = POLLIN };

	return poll(&pfd, 1, PATIENCE_MS) == 1 && (pfd.revents & POLLHUP);
}

static pid_t
start(enum role role, int out, int forever)
{
	pid_t	 parent;

	fflush(stdout);
	if ((parent = fork()) != 0)
		return parent;
	if (fork() == 0)
		be_jailed(role, out, forever);
	close(out);
	for (;;)
		pause();
}

static void
look_at(enum role role)
{
	const struct jail_type	*t = jail_type(role);
	unsigned		 before = failed;
	int			 out[2], forever[2];
	pid_t			 parent;

	if (t == NULL)
		return;
	files = (t->rights & (MAY_SPOOL | MAY_MAILBOX)) != 0;
	must(pipe(out) == 0 && pipe(forever) == 0, "pipe");
	parent = start(role, out[1], forever[0]);
	must(parent != -1, "fork");
	close(out[1]);
	must(read(out[0], &report, sizeof(report)) == sizeof(report),
	    role_name(role));
	look_at_process(role, t, report.pid);
	look_at_report(role);
	kill(parent, SIGKILL);
	check(role, "dies-with-parent", is_gone(out[0]));
	kill(report.pid, SIGKILL);
	waitpid(parent, NULL, 0);
	waitpid(report.pid, NULL, 0);
	close(out[0]);
	close(forever[0]);
	close(forever[1]);
	printf("%s - %s\n", before == failed ? "ok" : "not ok",
	    role_name(role));
}

/* ---- what there is to be reached --------------------------------------- */

static int
listen_on(void *address, socklen_t len)
{
	struct sockaddr	*sa = address;
	int		 fd = socket(sa->sa_family, SOCK_STREAM, 0);

	must(fd != -1 && bind(fd, sa, len) == 0 && listen(fd, 64) == 0 &&
	    getsockname(fd, sa, &len) == 0, "listen");
	return fd;
}

static void
set_up(void)
{
	static const gid_t	 groups[] = { 1, 2, 3 };

	/* orphans come to us, so that their pids stay theirs */
	must(prctl(PR_SET_CHILD_SUBREAPER, 1) == 0, "subreaper");
	must(mkdtemp(directory) != NULL &&
	    chown(directory, ROLE_UID, ROLE_UID) == 0 &&
	    setgroups(3, groups) == 0, directory);
	tcp_target.sin_family = AF_INET;
	tcp_target.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	(void)listen_on(&tcp_target, sizeof(tcp_target));
	abstract_target.sun_family = AF_UNIX;
	snprintf(abstract_target.sun_path + 1, PATH_LEN, "jail_layers.%d",
	    (int)getpid());
	(void)listen_on(&abstract_target, sizeof(abstract_target));
	if ((sibling = fork()) == 0) {
		must(setresuid(ROLE_UID, ROLE_UID, ROLE_UID) == 0, "setuid");
		for (;;)
			pause();
	}
	must(sibling != -1, "fork");
}

int
main(void)
{
	if (geteuid() != 0 || POSTERN_TESTING) {
		printf("jail_layers: skipped, %s\n"
		    "0 passed, 0 failed, 1 skipped\n", geteuid() != 0 ?
		    "needs root" : "a test build allows more");
		return 0;
	}
	log_set_name("jail_layers");
	set_up();
	for (enum role r = 0; r < ROLE_N; r++)
		look_at(r);
	kill(sibling, SIGKILL);
	waitpid(sibling, NULL, 0);
	rmdir(directory);
	printf("%u passed, %u failed\n", passed, failed);
	return failed != 0;
}
