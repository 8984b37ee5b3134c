/*
 * Looks for a way out of every role's jail, from inside.  For each role and
 * each action a child enters the jail just as a process does, tries the
 * action, and the outcome is compared with the table: allowed (it must
 * work), refused (it fails and the process lives) or killed.
 *
 * Needs root, and says that it was skipped where it has not got it.  All it
 * makes is below one temporary directory and on the loopback address.
 */
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <linux/capability.h>

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "confine.h"
#include "log.h"

#include "config.h"
#include "jail_probe.h"

#define ROLE_UID	64001
#define REACHED_FD_MAX	64

/* exit statuses of a child that could try */
enum { TRIED_ALLOWED = 10, TRIED_REFUSED, TRIED_WRONG_JAIL };

/* ---- the table --------------------------------------------------------- */

/* the columns, as in the strings below */
static const enum role	 columns[] = {
	ROLE_LOAD, ROLE_LOG, ROLE_SMTPD_MX, ROLE_SMTPD_MSA, ROLE_SMTPD_API,
	ROLE_QUEUED, ROLE_STATE, ROLE_RESOLVERD, ROLE_DELIVERD_OUT,
	ROLE_DELIVERD_LOCAL, ROLE_DELIVERD_CONNECT, ROLE_DELIVERD_STS,
	ROLE_KEYD_SIGN, ROLE_KEYD_AUTH, ROLE_KEYD_CRED, ROLE_MAILBOX,
};

#define N_COLUMNS	(sizeof(columns) / sizeof(columns[0]))
#define NONE		"KKKKKKKKKKKKKKKK"

/* A allowed, R refused, K killed */
static const struct action {
	const char	*name;
	int		(*try)(void);
	char		 verdicts[N_COLUMNS + 1];
} actions[] = {
	/*				 l  mma qs rolc sksak m */
	{ "live",		live,		"AAAAAAAAAAAAAAAA" },
	{ "call-minus-one",	no_call,	"AAAAAAAAAAAAAAAA" },

	{ "create-inside",	create_inside,	"KKKKKAAKKKKKKKKA" },
	{ "create-outside",	create_outside,	"KKKKKRRKKKKKKKKR" },
	{ "read-outside",	read_outside,	"KKKKKRRKKKKKKKKR" },
	{ "read-passwd",	read_passwd,	"KKKKKRRKKKKKKKKR" },
	{ "read-above",		read_above,	"KKKKKRRKKKKKKKKR" },
	{ "symlink",		symlink_inside,	NONE },
	{ "device",		make_device,	NONE },
	{ "file-too-large",	write_too_much,	"KKKKKRRKKKKKKKKR" },

	{ "socket-tcp",		tcp_socket,	"KKKKKKKAAKAAKKKK" },
	{ "socket-udp",		udp_socket,	"KKKKKKKAKKKKKKKK" },
	{ "socket-mptcp",	mptcp_socket,	NONE },
	{ "socket-sctp",	sctp_socket,	NONE },
	{ "socket-raw",		raw_socket,	NONE },
	{ "socket-netlink",	netlink_socket,	NONE },
	{ "socket-unix-dgram",	unix_datagram_socket, NONE },
	{ "connect-allowed",	connect_allowed, "KKKKKKKAAKAAKKKK" },
	{ "connect-source",	connect_from_address, "KKKKKKKAAKAAKKKK" },
	{ "connect-other",	connect_other,	"KKKKKKKRRKRRKKKK" },
	{ "connect-inherited",	connect_inherited, "KKKKKKKRRKRRKKKK" },
	{ "connect-unix",	connect_unix,	"KKKKKKKKKKAKKKKK" },
	{ "bind-port",		bind_a_port,	"KKKKKKKRRKRRKKKK" },
	{ "listen",		become_server,	NONE },
	{ "accept",		accept_client,	"KKAAAAKKKKKKKKKK" },
	{ "send-to-address",	send_to_address, NONE },
	{ "shutdown-both",	shut_down_listener, NONE },
	{ "tfo-sendto",		fast_open_sendto, NONE },
	{ "tfo-sendmsg",	fast_open_sendmsg, NONE },
	{ "tfo-sendmmsg",	fast_open_sendmmsg, NONE },
	{ "pass-fd",		pass_descriptor, "AKAKKAKKKAAKKKKK" },

	{ "memfd",		make_memory,	"AKKKKAKKKKKKKKKK" },
	{ "mmap-exec",		map_executable,	NONE },
	{ "mmap-memfd-exec",	map_memory_executable, NONE },
	{ "mprotect-exec",	make_executable, NONE },
	{ "execve",		execute,	NONE },
	{ "execve-memfd",	execute_memory,	NONE },
	{ "fork",		fork_child,	NONE },
	{ "thread",		start_thread,	NONE },
	{ "kill-parent",	kill_parent,	NONE },
	{ "signal-itself",	signal_itself,	NONE },
	{ "setuid",		become_root,	NONE },
	{ "unshare-user",	new_user_namespace, NONE },
	{ "chroot",		leave_root_directory, NONE },
	{ "dumpable",		allow_dumps,	NONE },
	{ "raise-limit",	raise_limit,	NONE },
	{ "kernel-tls",		use_kernel_tls,	NONE },
	{ "setown",		take_signals,	NONE },
	{ "tiocsti",		inject_on_terminal, NONE },
};

/* Calls that no role makes; arguments do not matter. */
#define FORBIDDEN(name)	{ #name, SYS_##name }
static const struct {
	const char	*name;
	long		 number;
} forbidden[] = {
	FORBIDDEN(io_uring_setup), FORBIDDEN(ptrace),
	FORBIDDEN(process_vm_readv), FORBIDDEN(pidfd_open),
	FORBIDDEN(pidfd_getfd), FORBIDDEN(bpf), FORBIDDEN(perf_event_open),
	FORBIDDEN(userfaultfd), FORBIDDEN(keyctl), FORBIDDEN(add_key),
	FORBIDDEN(mount), FORBIDDEN(setns), FORBIDDEN(open_by_handle_at),
	FORBIDDEN(init_module), FORBIDDEN(personality),
	FORBIDDEN(pkey_mprotect), FORBIDDEN(shmat), FORBIDDEN(splice),
	FORBIDDEN(setresuid), FORBIDDEN(capset), FORBIDDEN(rt_sigaction),
	FORBIDDEN(seccomp), FORBIDDEN(reboot), FORBIDDEN(socketpair),
};

/* ---- one try ----------------------------------------------------------- */

static unsigned	 passed, failed;

static int
jail_is_right(const struct jail_type *t, const struct jail *j)
{
	struct str	 root = str_of(t->chroot ? directory : "/");

	return j->uid == ROLE_UID && j->filter && j->netns == t->netns &&
	    str_equal(j->root, root);
}

static void
try_in_jail(enum role role, int (*try)(void), long number)
{
	const struct port	 ports[] = { { port_allowed } };
	struct confine		 m = { .uid = ROLE_UID, .gid = ROLE_UID,
				    .root = str_of(directory),
				    .files = REACHED_FD_MAX,
				    .file_size = FSIZE, .ports = ports,
				    .n_ports = 1 };
	struct jail		 reached;
	int			 r;

	confine_enter(role, &m, NULL, &reached);
	if (!jail_is_right(jail_type(role), &reached))
		_exit(TRIED_WRONG_JAIL);
	r = try != NULL ? try() : (int)syscall(number, 0, 0, 0, 0, 0, 0);
	_exit(r == -1 ? TRIED_REFUSED : TRIED_ALLOWED);
}

static char
outcome(int status)
{
	if (WIFSIGNALED(status))
		return WTERMSIG(status) == SIGSYS ? 'K' : '?';
	if (WEXITSTATUS(status) == TRIED_ALLOWED)
		return 'A';
	return WEXITSTATUS(status) == TRIED_REFUSED ? 'R' : '?';
}

static char
probe(enum role role, int (*try)(void), long number)
{
	pid_t	 pid;
	int	 status;

	fflush(stdout);
	if ((pid = fork()) == 0)
		try_in_jail(role, try, number);
	if (pid == -1 || waitpid(pid, &status, 0) != pid) {
		perror("jail_probe");
		exit(1);
	}
	return outcome(status);
}

static void
count(bool ok)
{
	if (ok)
		passed++;
	else
		failed++;
}

static void
expect(enum role role, const char *name, char wanted, char got)
{
	count(got == wanted);
	if (got != wanted)
		printf("not ok - %s %s: wanted %c, got %c\n", role_name(role),
		    name, wanted, got);
}

/* ---- what there is to be reached --------------------------------------- */

static void
must(bool ok, const char *what)
{
	if (ok)
		return;
	printf("jail_probe: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int
listen_on(uint16_t *port)
{
	struct sockaddr_in	 sin = loopback(0);
	socklen_t		 len = sizeof(sin);
	int			 fd, queue = 16;

	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	must(fd != -1 && bind(fd, (struct sockaddr *)&sin, len) == 0 &&
	    listen(fd, 1000) == 0 &&
	    getsockname(fd, (struct sockaddr *)&sin, &len) == 0, "listen");
	(void)setsockopt(fd, IPPROTO_TCP, TCP_FASTOPEN, &queue,
	    sizeof(queue));
	*port = ntohs(sin.sin_port);
	return fd;
}

static void
make_files(void)
{
	int	 fd;

	must(mkdtemp(directory) != NULL &&
	    chown(directory, ROLE_UID, ROLE_UID) == 0, directory);
	snprintf(outside, sizeof(outside), "%s.out", directory);
	fd = open(outside, O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
	must(fd != -1, outside);
	close(fd);
	snprintf(unix_path, sizeof(unix_path), "%s.sock", directory);
	memory = memfd_create("x", MFD_CLOEXEC);
	must(memory != -1 && ftruncate(memory, 4096) == 0, "memfd_create");
}

static void
make_sockets(void)
{
	struct sockaddr_un	 sun = { .sun_family = AF_UNIX };

	strcpy(sun.sun_path, unix_path);
	unix_listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	must(unix_listener != -1 &&
	    bind(unix_listener, (struct sockaddr *)&sun, sizeof(sun)) == 0 &&
	    chmod(unix_path, 0666) == 0 && listen(unix_listener, 100) == 0,
	    "socket");
	unconnected = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	target = listen_on(&port_other);
	must(unconnected != -1 && fcntl(target, F_SETFL, O_NONBLOCK) == 0 &&
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, channel) == 0,
	    "socketpair");
}

/* Fresh for each role, with a client that waits to be accepted. */
static void
make_listener(void)
{
	static int	 client = -1;

	if (listener != -1)
		close(listener);
	if (client != -1)
		close(client);
	listener = listen_on(&port_allowed);
	client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	must(connect_to(client, port_allowed) == 0, "connect");
}

static void
clean_up(void)
{
	unlink(unix_path);
	unlink(outside);
	rmdir(directory);
}

static bool
target_was_reached(void)
{
	int	 fd;

	usleep(20000);			/* a connection takes no longer here */
	if ((fd = accept(target, NULL, NULL)) == -1)
		return false;
	close(fd);
	return true;
}

/* ---- all of it --------------------------------------------------------- */

static void
probe_role(size_t column)
{
	enum role	 role = columns[column];
	unsigned	 before = failed;

	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
		make_listener();
		expect(role, actions[i].name, actions[i].verdicts[column],
		    probe(role, actions[i].try, 0));
	}
	for (size_t i = 0; i < sizeof(forbidden) / sizeof(forbidden[0]); i++)
		expect(role, forbidden[i].name, 'K',
		    probe(role, NULL, forbidden[i].number));
	printf("%s - %s\n", failed == before ? "ok" : "not ok",
	    role_name(role));
}

/*
 * Whether Fast Open leads out at all here, from an empty network and without
 * the filter; if it does not, that the jails hold says little.
 */
static bool
fast_open_leads_out(void)
{
	pid_t	 pid;
	int	 status;

	make_listener();
	fflush(stdout);
	if ((pid = fork()) == 0) {
		must(unshare(CLONE_NEWNET) == 0, "unshare");
		_exit(fast_open_sendto() == -1);
	}
	must(waitpid(pid, &status, 0) == pid, "waitpid");
	return target_was_reached();
}

/* The escape itself, with the target looked at, in the roles that accept. */
static void
tfo_escape(void)
{
	static int	 (*const ways[])(void) = { fast_open_sendto,
			    fast_open_sendmsg };
	bool		 reached;

	printf("# tfo_escape: without a jail, %s\n", fast_open_leads_out() ?
	    "it works" : "it does not work here either");
	for (size_t c = 0; c < N_COLUMNS; c++) {
		if (!(jail_type(columns[c])->rights & MAY_ACCEPT))
			continue;
		for (size_t i = 0; i < 2; i++) {
			make_listener();
			(void)probe(columns[c], ways[i], 0);
			reached = target_was_reached();
			count(!reached);
			if (reached)
				printf("not ok - %s tfo_escape %zu\n",
				    role_name(columns[c]), i);
		}
	}
}

/*
 * Master keeps root, and not all that root may.  All the jails are entered
 * with what it keeps.
 */
static void
probe_master(void)
{
	confine_master();
	count(prctl(PR_CAPBSET_READ, CAP_SYS_PTRACE) == 0);
	count(prctl(PR_CAPBSET_READ, CAP_SYS_ADMIN) == 1);
	count(make_device() == -1 && errno == EPERM);
	printf("%s - master\n", failed == 0 ? "ok" : "not ok");
}

int
main(void)
{
	if (geteuid() != 0 || POSTERN_TESTING) {
		printf("jail_probe: skipped, %s\n"
		    "0 passed, 0 failed, 1 skipped\n", geteuid() != 0 ?
		    "needs root" : "a test build allows more");
		return 0;
	}
	log_set_name("jail_probe");
	make_files();
	make_sockets();
	probe_master();
	for (size_t c = 0; c < N_COLUMNS; c++)
		probe_role(c);
	tfo_escape();
	clean_up();
	printf("%u passed, %u failed\n", passed, failed);
	return failed != 0;
}
