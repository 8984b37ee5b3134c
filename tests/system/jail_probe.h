/*
 * What jail_probe tries from inside a jail, and what there is to be reached:
 * each function tries one thing and gives 0 when it has got what it wanted,
 * else -1.  Included by jail_probe.c alone, which has the table of them.
 */
#ifndef JAIL_PROBE_H
#define JAIL_PROBE_H

#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <sys/un.h>

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define FSIZE		1000000		/* octets of a file, at most */
#define TOO_LARGE	2000000

/* made once, before any jail, as master would have them */
static char	 directory[] = "/tmp/jail_probe.XXXXXX";
static char	 outside[64];		/* a file of root's beside the root */
static char	 unix_path[64];
static int	 listener = -1;		/* a client waits on it */
static int	 unix_listener = -1;
static int	 unconnected = -1;	/* TCP, made in the host's network */
static int	 channel[2] = { -1, -1 };
static int	 memory = -1;		/* an executable in memory */
static uint16_t	 port_allowed, port_other;
static int	 target = -1;		/* what nobody may reach */

/* ---- actions ----------------------------------------------------------- */

static int
read_outside(void)
{
	return openat(AT_FDCWD, outside, O_RDONLY);
}

static int
read_passwd(void)
{
	return openat(AT_FDCWD, "/etc/passwd", O_RDONLY);
}

static int
read_above(void)
{
	return openat(AT_FDCWD, "../../../../../../etc/passwd", O_RDONLY);
}

static int
create_inside(void)
{
	int	 fd;

	fd = openat(AT_FDCWD, "file", O_CREAT | O_RDWR | O_CLOEXEC, 0600);
	if (fd == -1 || write(fd, "x", 1) != 1 || fdatasync(fd) == -1)
		return -1;
	close(fd);
	return renameat(AT_FDCWD, "file", AT_FDCWD, "file2") == -1 ||
	    unlinkat(AT_FDCWD, "file2", 0) == -1 ? -1 : 0;
}

static int
create_outside(void)
{
	return openat(AT_FDCWD, "/tmp/jail_probe.out", O_CREAT | O_WRONLY,
	    0600);
}

static int
make_device(void)
{
	return mknodat(AT_FDCWD, "null", S_IFCHR | 0666, makedev(1, 3));
}

static int
symlink_inside(void)
{
	return symlinkat("/etc/passwd", AT_FDCWD, "link");
}

/* The first is cut short, the second an error. */
static int
write_too_much(void)
{
	static const char	 zeros[TOO_LARGE];
	int			 fd;

	fd = openat(AT_FDCWD, "large", O_CREAT | O_RDWR | O_TRUNC, 0600);
	if (fd == -1)
		return -1;
	unlinkat(AT_FDCWD, "large", 0);
	return write(fd, zeros, sizeof(zeros)) == FSIZE &&
	    write(fd, zeros, 1) == -1 && errno == EFBIG ? -1 : 0;
}

static int
tcp_socket(void)
{
	return socket(AF_INET6, SOCK_STREAM | SOCK_NONBLOCK, 0);
}

static int
udp_socket(void)
{
	return socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
}

static int
mptcp_socket(void)
{
	return socket(AF_INET, SOCK_STREAM, IPPROTO_MPTCP);
}

static int
sctp_socket(void)
{
	return socket(AF_INET, SOCK_STREAM, IPPROTO_SCTP);
}

static int
raw_socket(void)
{
	return socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
}

static int
netlink_socket(void)
{
	return socket(AF_NETLINK, SOCK_RAW, 0);
}

static int
unix_datagram_socket(void)
{
	return socket(AF_UNIX, SOCK_DGRAM, 0);
}

static struct sockaddr_in
loopback(uint16_t port)
{
	struct sockaddr_in	 sin = { .sin_family = AF_INET };

	sin.sin_port = htons(port);
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return sin;
}

static int
connect_to(int fd, uint16_t port)
{
	struct sockaddr_in	 sin = loopback(port);

	return fd == -1 ? -1 :
	    connect(fd, (struct sockaddr *)&sin, sizeof(sin));
}

static int
connect_allowed(void)
{
	return connect_to(socket(AF_INET, SOCK_STREAM, 0), port_allowed);
}

static int
connect_from_address(void)
{
	struct sockaddr_in	 sin = loopback(0);
	int			 fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd == -1 || bind(fd, (struct sockaddr *)&sin, sizeof(sin)) == -1)
		return -1;
	return connect_to(fd, port_allowed);
}

static int
connect_other(void)
{
	return connect_to(socket(AF_INET, SOCK_STREAM, 0), port_other);
}

static int
connect_inherited(void)
{
	return connect_to(unconnected, port_other);
}

static int
connect_unix(void)
{
	struct sockaddr_un	 sun = { .sun_family = AF_UNIX };
	int			 fd = socket(AF_UNIX, SOCK_STREAM, 0);

	strcpy(sun.sun_path, unix_path);
	return fd == -1 ? -1 :
	    connect(fd, (struct sockaddr *)&sun, sizeof(sun));
}

static int
bind_a_port(void)
{
	struct sockaddr_in	 sin = loopback(2525);
	int			 fd = socket(AF_INET, SOCK_STREAM, 0);

	return fd == -1 ? -1 : bind(fd, (struct sockaddr *)&sin, sizeof(sin));
}

static int
become_server(void)
{
	return listen(unconnected, 5);
}

static int
accept_client(void)
{
	return accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

/* A listener that was shut down connects by Fast Open, past everything. */
static int
fast_open_sendto(void)
{
	struct sockaddr_in	 sin = loopback(port_other);

	shutdown(listener, SHUT_RDWR);
	return sendto(listener, "out", 3, MSG_FASTOPEN | MSG_NOSIGNAL,
	    (struct sockaddr *)&sin, sizeof(sin)) == 3 ? 0 : -1;
}

/* The same without what the filter takes away first. */
static int
send_to_address(void)
{
	struct sockaddr_in	 sin = loopback(port_other);

	return sendto(channel[0], "out", 3, MSG_NOSIGNAL,
	    (struct sockaddr *)&sin, sizeof(sin)) == 3 ? 0 : -1;
}

static int
shut_down_listener(void)
{
	return shutdown(unconnected, SHUT_RDWR);
}

static int
fast_open_sendmsg(void)
{
	struct sockaddr_in	 sin = loopback(port_other);
	struct iovec		 iov = { (char[]){ "out" }, 3 };
	struct msghdr		 msg = { .msg_iov = &iov, .msg_iovlen = 1,
				    .msg_name = &sin,
				    .msg_namelen = sizeof(sin) };

	shutdown(listener, SHUT_RDWR);
	return sendmsg(listener, &msg, MSG_FASTOPEN | MSG_NOSIGNAL) == 3 ?
	    0 : -1;
}

static int
fast_open_sendmmsg(void)
{
	struct mmsghdr	 msg = { 0 };

	return sendmmsg(listener, &msg, 1, MSG_FASTOPEN);
}

static int
pass_descriptor(void)
{
	union {
		struct cmsghdr	 head;
		char		 space[CMSG_SPACE(sizeof(int))];
	}		 control = { .head = { CMSG_LEN(sizeof(int)),
			    SOL_SOCKET, SCM_RIGHTS } };
	struct iovec	 iov = { (char[]){ "x" }, 1 };
	struct msghdr	 msg = { .msg_iov = &iov, .msg_iovlen = 1,
			    .msg_control = &control,
			    .msg_controllen = sizeof(control) };

	memcpy(CMSG_DATA(&control.head), &channel[1], sizeof(int));
	return sendmsg(channel[0], &msg, MSG_NOSIGNAL) == 1 ? 0 : -1;
}

/* What every process does all the time, in whatever jail. */
static int
live(void)
{
	struct timespec	 ts = { 0, 1000 };
	struct pollfd	 pfd = { .fd = channel[0], .events = POLLOUT };
	struct stat	 st;
	char		*p, c;
	int		 n, on = 1;

	if (send(channel[0], "x", 1, MSG_NOSIGNAL) != 1 ||
	    read(channel[1], &c, 1) != 1 || poll(&pfd, 1, 0) != 1 ||
	    ioctl(channel[1], FIONREAD, &n) == -1)
		return -1;
	if (fcntl(channel[0], F_SETFL, O_NONBLOCK) == -1 ||
	    fstat(channel[0], &st) == -1 ||
	    setsockopt(unconnected, IPPROTO_TCP, TCP_NODELAY, &on,
	    sizeof(on)) == -1)
		return -1;
	clock_nanosleep(CLOCK_MONOTONIC, 0, &ts, NULL);
	if ((p = malloc(10 << 20)) == NULL)
		return -1;
	memset(p, 1, 10 << 20);
	free(p);
	return 0;
}

static int
make_memory(void)
{
	int	 fd = memfd_create("x", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd == -1 || ftruncate(fd, 4096) == -1)
		return -1;
	return fcntl(fd, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SEAL);
}

static int
map_executable(void)
{
	void	*p = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? -1 : 0;
}

static int
map_memory_executable(void)
{
	void	*p = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE,
		    memory, 0);

	return p == MAP_FAILED ? -1 : 0;
}

static int
make_executable(void)
{
	void	*p = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? -1 : mprotect(p, 4096, PROT_READ | PROT_EXEC);
}

static int
execute(void)
{
	return execl("/bin/true", "true", (char *)NULL);
}

static int
execute_memory(void)
{
	char	*argv[] = { (char[]){ "x" }, NULL };

	return fexecve(memory, argv, argv + 1);
}

static int
fork_child(void)
{
	pid_t	 pid = fork();

	if (pid == 0)
		_exit(0);
	return pid == -1 ? -1 : 0;
}

static void *
nothing(void *arg)
{
	return arg;
}

static int
start_thread(void)
{
	pthread_t	 t;

	return pthread_create(&t, NULL, nothing, NULL) == 0 ? 0 : -1;
}

static int
kill_parent(void)
{
	return kill(getppid(), 0);
}

static int
signal_itself(void)
{
	return (int)syscall(SYS_tgkill, getpid(), gettid(), SIGUSR1);
}

static int
become_root(void)
{
	return setuid(0);
}

static int
new_user_namespace(void)
{
	return unshare(CLONE_NEWUSER);
}

static int
leave_root_directory(void)
{
	return chroot("..");
}

static int
allow_dumps(void)
{
	return prctl(PR_SET_DUMPABLE, 1);
}

static int
raise_limit(void)
{
	struct rlimit	 rl = { 1, 1 };

	return setrlimit(RLIMIT_NPROC, &rl);
}

static int
use_kernel_tls(void)
{
	return setsockopt(unconnected, IPPROTO_TCP, TCP_ULP, "tls", 3);
}

static int
take_signals(void)
{
	return fcntl(channel[0], F_SETOWN, getpid());
}

static int
inject_on_terminal(void)
{
	return ioctl(channel[0], TIOCSTI, "x");
}

/* What a debugger sets to make a call fail; it does fail, no more. */
static int
no_call(void)
{
	return syscall(-1) == -1 && errno == ENOSYS ? 0 : -1;
}

#endif
