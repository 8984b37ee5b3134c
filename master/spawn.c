/*
 * fork and exec.  Between the two only what is safe there: system calls.
 */
#include "spawn.h"

#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config.h"
#include "bounds.h"
#include "log.h"

#define CHILD_FD	3	/* as PROC_FD of every program */
#define ENV_MAX		16

/* what a testing build hands down to its children; else nothing */
static const char *const testing_env[] = { "LD_PRELOAD", "SLOWSYNC_US",
    "ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS", "LLVM_PROFILE_FILE",
    "GCOV_PREFIX", "GCOV_PREFIX_STRIP" };

static const char	*libexec = POSTERN_LIBEXEC;

void
spawn_setup(const char *dir)
{
	libexec = dir;
}

static int
program_path(enum role role, char *path, size_t size)
{
	struct stat	 st;
	int		 n;

	if (strcmp(role_program(role), role_program(ROLE_MASTER)) == 0)
		n = snprintf(path, size, "/proc/self/exe");
	else
		n = snprintf(path, size, "%s/%s", libexec,
		    role_program(role));
	if (n < 0 || (size_t)n >= size) {
		errno = ENAMETOOLONG;
		return -1;
	}
	if (access(path, X_OK) == -1 || stat(path, &st) == -1)
		return -1;
	errno = EISDIR;
	return S_ISDIR(st.st_mode) ? -1 : 0;
}

/* Fills in "NAME=value" pointers of our own environment. */
static void
make_env(char *env[ENV_MAX])
{
	const size_t	 n = sizeof(testing_env) / sizeof(testing_env[0]);
	size_t		 n_env = 0;

	for (size_t i = 0; POSTERN_TESTING && i < n; i++) {
		const char	*value = getenv(testing_env[i]);
		size_t		 len = strlen(testing_env[i]);

		/* the string in environ begins with the name and its '=' */
		if (value != NULL)
			env[n_env++] = (char *)(uintptr_t)(value - len - 1);
	}
	env[n_env] = NULL;
}

static int
become_user(const struct spawn *s)
{
	if (unshare(CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS) == -1 ||
	    setgroups(1, &s->gid) == -1 ||
	    setresgid(s->gid, s->gid, s->gid) == -1 ||
	    setresuid(s->uid, s->uid, s->uid) == -1)
		return -1;
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

/* The socket on 3, nothing on 0 to 2, all else closed. */
static int
set_descriptors(int fd)
{
	int	 null = open("/dev/null", O_RDWR);

	if (null == -1 || dup2(null, 0) == -1 || dup2(null, 1) == -1)
		return -1;
	/* sanitizers write there */
	if (!POSTERN_TESTING && dup2(null, 2) == -1)
		return -1;
	if (fd == CHILD_FD) {
		if (fcntl(fd, F_SETFD, 0) == -1)
			return -1;
	} else if (dup2(fd, CHILD_FD) == -1)
		return -1;
	return close_range(CHILD_FD + 1, ~0U, 0);
}

/* A handler of ours must not run here: it would write into master's pipe. */
static void
reset_signals(void)
{
	sigset_t	 none;

	for (int i = 1; i < NSIG; i++)
		signal(i, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static void
run(const struct spawn *s, const char *path, char *const env[], int fd)
{
	char	*argv[] = { (char *)(uintptr_t)role_program(s->role),
	    (char *)(uintptr_t)"-r", (char *)(uintptr_t)role_name(s->role),
	    NULL };

	reset_signals();
	setsid();
	umask(077);
	if (set_descriptors(fd) == 0 && (!s->as_user || become_user(s) == 0))
		execve(path, argv, env);
	_exit(SPAWN_EXIT);
}

static pid_t
fork_blocked(const struct spawn *s, const char *path, char *const env[],
    int fd)
{
	sigset_t	 all, before;
	pid_t		 pid;
	int		 saved;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	if ((pid = fork()) == 0)
		run(s, path, env, fd);
	saved = errno;
	sigprocmask(SIG_SETMASK, &before, NULL);
	errno = saved;
	return pid;
}

int
spawn(const struct spawn *s, pid_t *pid)
{
	char	 path[FILE_NAME_MAX], *env[ENV_MAX];
	int	 fds[2];

	if (program_path(s->role, path, sizeof(path)) == -1 ||
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0,
	    fds) == -1) {
		log_error("cannot start role=%s: %s: %s", role_name(s->role),
		    path, strerror(errno));
		return -1;
	}
	make_env(env);
	if ((*pid = fork_blocked(s, path, env, fds[1])) == -1) {
		log_error("cannot start role=%s: fork: %s",
		    role_name(s->role), strerror(errno));
		close(fds[0]);
		fds[0] = -1;
	}
	close(fds[1]);
	return fds[0];
}

bool
spawn_has_ended(pid_t pid)
{
	siginfo_t	 info = { .si_pid = 0 };

	return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG |
	    WNOWAIT) == 0 && info.si_pid == pid;
}

const char *
spawn_end_text(int status)
{
	static char	 text[32];

	if (WIFSIGNALED(status))
		snprintf(text, sizeof(text), "signal=%d", WTERMSIG(status));
	else
		snprintf(text, sizeof(text), "exit=%d", WEXITSTATUS(status));
	return text;
}
