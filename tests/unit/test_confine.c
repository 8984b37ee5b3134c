/*
 * The jails as far as they go without root: the table against the messages,
 * and each role's jail entered in a child of our own.  What the jails hold
 * is tests/system/jail_probe.c.
 */
#include "confine.h"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#include <cmocka.h>

#include "log.h"
#include "sandbox.h"

#define NOBODY	65534
#define PATIENCE_S	60	/* then a child that the filter should have
				 * killed is killed by a signal of its own */

static char	 directory[] = "/tmp/test_confine.XXXXXX";

/* ---- the table --------------------------------------------------------- */

static void
test_every_role(void **state)
{
	(void)state;
	for (enum role r = 0; r < ROLE_N; r++) {
		const struct jail_type	*t = jail_type(r);

		print_message("%s\n", role_name(r));
		assert_int_equal(t != NULL, (CHILD_ANY & 1u << r) != 0);
		if (t == NULL)
			continue;
		assert_int_equal(t->role, r);
		/* a network is of no use, or it has none */
		assert_int_equal(!t->netns, r == ROLE_MAILBOX ||
		    (t->rights & (MAY_CONNECT | MAY_RESOLVE)) != 0);
		/* who reaches the network holds no files */
		assert_true(t->netns || !(t->rights & MAY_SPOOL));
		assert_true(!(t->rights & MAY_CONNECT) ||
		    !(t->rights & (MAY_SPOOL | MAY_MAILBOX | MAY_ACCEPT)));
	}
}

/* Exactly those roles pass descriptors that have a message with one. */
static void
test_who_passes(void **state)
{
	unsigned	 senders = 0;

	(void)state;
	for (unsigned m = 0; m < MSG_N; m++)
		if (message_rule(m)->fd != NO_FD)
			senders |= message_rule(m)->senders;
	for (enum role r = 0; r < ROLE_N; r++) {
		const struct jail_type	*t = jail_type(r);

		if (t == NULL)
			continue;
		print_message("%s\n", role_name(r));
		assert_int_equal((t->rights & MAY_PASS_FDS) != 0,
		    (senders & 1u << r) != 0);
	}
}

/* ---- entering ---------------------------------------------------------- */

static struct confine
message(void)
{
	return (struct confine){ .uid = NOBODY, .gid = NOBODY,
	    .root = str_of(directory), .files = 64, .file_size = 1000000,
	    .memory = 1ULL << 40 };
}

static void
become_nobody(void)
{
	if (geteuid() == 0 && (setresgid(NOBODY, NOBODY, NOBODY) == -1 ||
	    setresuid(NOBODY, NOBODY, NOBODY) == -1))
		_exit(EX_UNAVAILABLE);
	prctl(PR_SET_DUMPABLE, 1);	/* as after exec, for mailbox */
}

/* Runs f in a child that is not root; gives what waitpid says. */
static int
in_child(int (*f)(enum role), enum role role)
{
	pid_t	 pid;
	int	 status;

	fflush(NULL);
	if ((pid = fork()) == 0) {
		alarm(PATIENCE_S);
		become_nobody();
		_exit(f(role));
	}
	assert_int_not_equal(pid, -1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

/* 0 when all is as it should be, else the number of what is not. */
static int
enter(enum role role)
{
	struct confine	 m = message();
	struct jail	 reached;
	uid_t		 uid = geteuid();

	confine_enter(role, &m, NULL, &reached);
	if (reached.uid != uid || !reached.filter || reached.netns ||
	    !str_equal(reached.root, str_of("/")))
		return 1;
	if (write(-1, "", 0) != -1 || errno != EBADF)
		return 2;
	return 0;
}

static int
enter_then_socket(enum role role)
{
	int	 r = enter(role);

	(void)socket(AF_NETLINK, SOCK_RAW, 0);
	return r != 0 ? r : 100;
}

static void
test_enter(void **state)
{
	(void)state;
	for (enum role r = 0; r < ROLE_N; r++) {
		int	 status;

		if (jail_type(r) == NULL)
			continue;
		print_message("%s\n", role_name(r));
		status = in_child(enter, r);
		assert_true(WIFEXITED(status));
		assert_int_equal(WEXITSTATUS(status), 0);
		status = in_child(enter_then_socket, r);
		assert_true(WIFSIGNALED(status));
		assert_int_equal(WTERMSIG(status), SIGSYS);
	}
}

/* ---- limits ------------------------------------------------------------ */

static struct rlimit	 limits[3];
static int		 dumpable, death_signal;

static void
look_at_limits(void)
{
	getrlimit(RLIMIT_NOFILE, &limits[0]);
	getrlimit(RLIMIT_CORE, &limits[1]);
	getrlimit(RLIMIT_FSIZE, &limits[2]);
	dumpable = prctl(PR_GET_DUMPABLE);
	prctl(PR_GET_PDEATHSIG, &death_signal);
}

static int
enter_limited(enum role role)
{
	struct confine	 m = message();
	struct jail	 reached;

	confine_enter(role, &m, look_at_limits, &reached);
	if (death_signal != SIGKILL ||
	    (dumpable != 0 && !sandbox_is_sanitized()))
		return 2;
	return !(limits[0].rlim_cur == 64 && limits[0].rlim_max == 64 &&
	    limits[1].rlim_max == 0 && limits[2].rlim_max == 1000000);
}

static void
test_limits(void **state)
{
	(void)state;
	assert_int_equal(in_child(enter_limited, ROLE_SMTPD_MX), 0);
}

/* ---- threads ----------------------------------------------------------- */

static int	 gate[2];

static void *
wait_and_break_out(void *arg)
{
	char	 c;

	if (read(gate[0], &c, 1) == 1)
		(void)socket(AF_NETLINK, SOCK_RAW, 0);
	return arg;
}

static void
start_thread(void)
{
	pthread_t	 thread;

	if (pipe(gate) == -1 ||
	    pthread_create(&thread, NULL, wait_and_break_out, NULL) != 0)
		_exit(EX_UNAVAILABLE);
}

static int
enter_with_thread(enum role role)
{
	struct confine	 m = message();
	struct jail	 reached;
	char		 c = 'x';

	confine_enter(role, &m, start_thread, &reached);
	if (write(gate[1], &c, 1) != 1)
		return EX_UNAVAILABLE;
	for (;;)
		if (read(-1, &c, 1) == 0)	/* until it has happened */
			return 1;
}

/* A thread that was there before the filter has it as well. */
static void
test_threads(void **state)
{
	int	 status = in_child(enter_with_thread, ROLE_QUEUED);

	(void)state;
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGSYS);
}

/* ---- files ------------------------------------------------------------- */

/* Only where the kernel has Landlock is it that which refuses. */
static int
enter_and_write(enum role role)
{
	struct confine	 m = message();
	struct jail	 reached;
	char		 path[64];
	int		 fd;

	snprintf(path, sizeof(path), "%s/absolute", directory);
	confine_enter(role, &m, NULL, &reached);
	if ((fd = openat(AT_FDCWD, "file", O_CREAT | O_WRONLY, 0600)) == -1 ||
	    write(fd, "x", 1) != 1 || fdatasync(fd) == -1)
		return 1;
	if (mkdirat(AT_FDCWD, "new", 0700) == -1 ||
	    linkat(AT_FDCWD, "file", AT_FDCWD, "new/file", 0) == -1)
		return 2;
	if (unlinkat(AT_FDCWD, "file", 0) == -1 ||
	    unlinkat(AT_FDCWD, "new/file", 0) == -1 ||
	    unlinkat(AT_FDCWD, "new", AT_REMOVEDIR) == -1)
		return 3;
	if (reached.landlock == 0)
		return 0;
	if (openat(AT_FDCWD, "/etc/passwd", O_RDONLY) != -1 ||
	    errno != EACCES)
		return 4;
	if (openat(AT_FDCWD, "../escaped", O_CREAT | O_WRONLY, 0600) != -1 ||
	    errno != EACCES)
		return 5;
	return 0;
}

static void
test_files(void **state)
{
	(void)state;
	assert_int_equal(in_child(enter_and_write, ROLE_MAILBOX), 0);
	assert_int_equal(in_child(enter_and_write, ROLE_QUEUED), 0);
}

/* ---- what cannot be entered -------------------------------------------- */

static char	 logged[256];

static void
keep_line(enum log_level level, const char *line, size_t n)
{
	(void)level;
	snprintf(logged, sizeof(logged), "%.*s", (int)n, line);
}

static void
at_exit(void)
{
	_exit(strstr(logged, "step=") != NULL ? EX_CONFIG : EX_SOFTWARE);
}

static int
enter_nowhere(enum role role)
{
	struct confine	 m = message();
	struct jail	 reached;

	log_set_sink(keep_line);
	atexit(at_exit);
	m.root = str_of("/nonexistent");
	confine_enter(role, &m, NULL, &reached);
	return 0;
}

static int
enter_without_root(enum role role)
{
	struct confine	 m = message();
	struct jail	 reached;

	log_set_sink(keep_line);
	atexit(at_exit);
	m.root = STR_NONE;
	confine_enter(role, &m, NULL, &reached);
	return 0;
}

static void
test_cannot_enter(void **state)
{
	static const struct {
		int		(*f)(enum role);
		enum role	 role;
		int		 status;
	} cases[] = {
		{ enter_nowhere, ROLE_QUEUED, EX_CONFIG },
		{ enter_without_root, ROLE_MAILBOX, EX_CONFIG },
		{ enter_nowhere, ROLE_MASTER, EX_SOFTWARE },
		{ enter_nowhere, ROLE_CTL, EX_SOFTWARE },
	};
	int	 status;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		status = in_child(cases[i].f, cases[i].role);
		assert_true(WIFEXITED(status));
		assert_int_equal(WEXITSTATUS(status), cases[i].status);
	}
}

static int
set_up(void **state)
{
	(void)state;
	if (mkdtemp(directory) == NULL || chmod(directory, 0777) == -1)
		return -1;
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	return rmdir(directory);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(test_every_role),
		cmocka_unit_test(test_who_passes),
		cmocka_unit_test(test_enter),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_threads),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_cannot_enter),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
