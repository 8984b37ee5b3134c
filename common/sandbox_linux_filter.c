/*
 * Linux: the filter of system calls, as tables.  calls[] lists what may be
 * used with any arguments, narrow[] what only with some; a row counts when
 * the role has its right.  All else kills the process.  libseccomp makes the
 * program of it for the architecture at hand; a call that it does not have
 * (epoll_wait on arm64) is left out.
 *
 * No list holds listen, sendmmsg, clone, execve, kill, or any call that
 * makes code executable.
 */
#include "sandbox.h"

#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include <seccomp.h>

#include "config.h"
#include "confine.h"
#include "log.h"

/* beside enum jail_right, for rows of this file alone */
#define ALL		0u		/* every role */
#define THREADS		(1u << 30)	/* roles that start some */
#define TESTING		(1u << 31)	/* test builds */

#define FILES		(MAY_SPOOL | MAY_MAILBOX)
#define SOCKETS		(MAY_CONNECT | MAY_RESOLVE)

#define CALL(rights, name)	{ (rights), SCMP_SYS(name), #name }

struct call {
	unsigned	 rights;	/* one of them is enough */
	int		 number;
	const char	*name;
};

static const struct call calls[] = {
	/* the loop, and the channels to other processes */
	CALL(ALL, epoll_wait), CALL(ALL, epoll_pwait), CALL(ALL, epoll_ctl),
	CALL(ALL, poll), CALL(ALL, ppoll),
	CALL(ALL, read), CALL(ALL, readv), CALL(ALL, write),
	CALL(ALL, writev), CALL(ALL, recvfrom), CALL(ALL, recvmsg),
	CALL(ALL, close), CALL(ALL, lseek),
	CALL(ALL, fstat), CALL(ALL, getsockopt), CALL(ALL, getsockname),
	CALL(ALL, getpeername),
	/* files passed to us are read where we say */
	CALL(ALL, pread64), CALL(ALL, preadv), CALL(ALL, preadv2),
	/* memory; mmap and mprotect are below */
	CALL(ALL, brk), CALL(ALL, munmap), CALL(ALL, mremap),
	CALL(ALL, madvise), CALL(ALL, mlock), CALL(ALL, munlock),
	/* time, chance, who we are; nothing changes by these */
	CALL(ALL, clock_gettime), CALL(ALL, gettimeofday), CALL(ALL, time),
	CALL(ALL, clock_nanosleep), CALL(ALL, getrandom),
	CALL(ALL, getpid), CALL(ALL, gettid), CALL(ALL, getuid),
	CALL(ALL, sysinfo),	/* qsort(3) asks how much memory there is */
	CALL(ALL, geteuid), CALL(ALL, getgid), CALL(ALL, getegid),
	CALL(ALL, getrusage), CALL(ALL, sched_getaffinity),
	/* the C library's own needs */
	CALL(ALL, futex), CALL(ALL, sched_yield), CALL(ALL, rt_sigprocmask),
	CALL(ALL, rt_sigreturn), CALL(ALL, restart_syscall),
	CALL(ALL, exit), CALL(ALL, exit_group),

	/* the first steps of a thread may come after the filter */
	CALL(THREADS, rseq), CALL(THREADS, set_robust_list),

	CALL(MAY_ACCEPT, accept4),
	CALL(MAY_MEMFD, memfd_create), CALL(MAY_MEMFD, ftruncate),

	/* their directories; what is outside is for chroot and Landlock */
	CALL(FILES, openat), CALL(FILES, newfstatat), CALL(FILES, statx),
	CALL(FILES, getdents64), CALL(FILES, mkdirat), CALL(FILES, linkat),
	CALL(FILES, renameat), CALL(FILES, renameat2), CALL(FILES, unlinkat),
	CALL(FILES, ftruncate), CALL(FILES, fsync), CALL(FILES, fdatasync),
	CALL(FILES, flock), CALL(FILES, fstatfs), CALL(FILES, statfs),
	CALL(FILES, pwrite64), CALL(FILES, pwritev), CALL(FILES, fadvise64),
	CALL(MAY_MAILBOX, openat2),
	CALL(MAY_SPOOL, pwritev2), CALL(MAY_SPOOL, fallocate),
	CALL(MAY_SPOOL, sync_file_range), CALL(MAY_SPOOL, copy_file_range),

	CALL(SOCKETS | MAY_CONNECT_UNIX, connect),
	/* the source address; listen is in no list */
	CALL(SOCKETS, bind),

	/* sanitizers, coverage, slowed-down syncs; printed at the start */
	CALL(TESTING, nanosleep), CALL(TESTING, sigaltstack),
	CALL(TESTING, rt_sigaction), CALL(TESTING, openat),
	CALL(TESTING, readlink), CALL(TESTING, readlinkat),
	CALL(TESTING, newfstatat), CALL(TESTING, mkdir),
	CALL(TESTING, ftruncate), CALL(TESTING, fcntl),
	CALL(TESTING, prctl), CALL(TESTING, prlimit64),
	CALL(TESTING, getrlimit), CALL(TESTING, uname),
	CALL(TESTING, getppid),
	CALL(TESTING, tgkill), CALL(TESTING, ioctl), CALL(TESTING, open),
	CALL(TESTING, access), CALL(TESTING, faccessat),
};

/* what only a sanitizer's look for leaks needs: it traces its own process */
static const struct call sanitizer_calls[] = {
	CALL(TESTING, clone), CALL(TESTING, ptrace), CALL(TESTING, wait4),
	CALL(TESTING, getdents), CALL(TESTING, getdents64),
	CALL(TESTING, stat), CALL(TESTING, lstat), CALL(TESTING, kill),
	CALL(TESTING, pipe), CALL(TESTING, pipe2),
	CALL(TESTING, process_vm_readv),
};

/*
 * An argument is compared in all its 64 bits, so that nothing in the half
 * the kernel does not look at slips by; what was called with odd bits there
 * dies, and no compiler makes such calls.
 */
#define IS(arg, value)		{ (arg), SCMP_CMP_EQ, (value), 0 }
#define HAS_NONE(arg, bits)	{ (arg), SCMP_CMP_MASKED_EQ, (bits), 0 }
#define MASKED(arg, mask, value) { (arg), SCMP_CMP_MASKED_EQ, (mask), (value) }

#define NARROW(rights, name, ...)					\
	{ (rights), SCMP_SYS(name), #name, { __VA_ARGS__ } }
#define NARROW_ARGS_MAX		3

struct narrow {
	unsigned		 rights;
	int			 number;
	const char		*name;
	struct scmp_arg_cmp	 args[NARROW_ARGS_MAX];	/* all must fit;
							 * op 0: no more */
};

/* of the type of a socket; the rest is SOCK_NONBLOCK and SOCK_CLOEXEC */
#define TYPE_MASK	0xfu

/* a protocol other than TCP (SCTP, MPTCP) would pass by Landlock's ports */
#define SOCKET(rights, family, type, protocol)				\
	NARROW(rights, socket, IS(0, family),				\
	    MASKED(1, TYPE_MASK, type), IS(2, protocol))
/* level by level, as TCP_ULP and others open wide parts of the kernel */
#define SOCKOPT(rights, level, option)					\
	NARROW(rights, setsockopt, IS(1, level), IS(2, option))

static const struct narrow narrow[] = {
	/*
	 * A listener that was shut down can be connected by TCP Fast Open,
	 * which neither Landlock nor a network namespace sees: sending is to
	 * no address, and sendmsg without the flag.
	 */
	/* our own side only: a listener shut for reading is shut for all
	 * who hold it */
	NARROW(ALL, shutdown, IS(1, SHUT_WR)),
	NARROW(ALL, sendto, IS(4, 0)),
	NARROW(MAY_PASS_FDS, sendmsg, HAS_NONE(2, MSG_FASTOPEN)),

	/* how the C library does fstat */
	NARROW(ALL, newfstatat, IS(3, AT_EMPTY_PATH)),

	NARROW(ALL, mmap, HAS_NONE(2, PROT_EXEC)),
	NARROW(ALL, mprotect, HAS_NONE(2, PROT_EXEC)),

	NARROW(ALL, fcntl, IS(1, F_GETFL)),
	NARROW(ALL, fcntl, IS(1, F_SETFL)),
	NARROW(ALL, fcntl, IS(1, F_GETFD)),
	NARROW(ALL, fcntl, IS(1, F_SETFD)),
	NARROW(ALL, fcntl, IS(1, F_DUPFD_CLOEXEC)),
	NARROW(ALL, fcntl, IS(1, F_GET_SEALS)),
	NARROW(MAY_MEMFD, fcntl, IS(1, F_ADD_SEALS)),
	NARROW(ALL, ioctl, IS(1, FIONREAD)),
	NARROW(ALL, ioctl, IS(1, FIONBIO)),

	SOCKOPT(ALL, SOL_SOCKET, SO_KEEPALIVE),
	SOCKOPT(ALL, SOL_SOCKET, SO_LINGER),
	SOCKOPT(ALL, SOL_SOCKET, SO_RCVBUF),
	SOCKOPT(ALL, SOL_SOCKET, SO_SNDBUF),
	SOCKOPT(ALL, IPPROTO_TCP, TCP_NODELAY),
	SOCKOPT(ALL, IPPROTO_TCP, TCP_CORK),
	SOCKOPT(ALL, IPPROTO_TCP, TCP_USER_TIMEOUT),
	SOCKOPT(SOCKETS, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT),
	/* answers that were cut into fragments can be forged */
	SOCKOPT(MAY_RESOLVE, IPPROTO_IP, IP_MTU_DISCOVER),
	SOCKOPT(MAY_RESOLVE, IPPROTO_IPV6, IPV6_MTU_DISCOVER),

	SOCKET(SOCKETS, AF_INET, SOCK_STREAM, 0),
	SOCKET(SOCKETS, AF_INET, SOCK_STREAM, IPPROTO_TCP),
	SOCKET(SOCKETS, AF_INET6, SOCK_STREAM, 0),
	SOCKET(SOCKETS, AF_INET6, SOCK_STREAM, IPPROTO_TCP),
	SOCKET(MAY_RESOLVE, AF_INET, SOCK_DGRAM, 0),
	SOCKET(MAY_RESOLVE, AF_INET, SOCK_DGRAM, IPPROTO_UDP),
	SOCKET(MAY_RESOLVE, AF_INET6, SOCK_DGRAM, 0),
	SOCKET(MAY_RESOLVE, AF_INET6, SOCK_DGRAM, IPPROTO_UDP),
	SOCKET(MAY_CONNECT_UNIX, AF_UNIX, SOCK_STREAM, 0),
};

#define N(array)	(sizeof(array) / sizeof((array)[0]))

/* libseccomp gives a negative errno */
static int
checked(int r)
{
	if (r >= 0)
		return 0;
	errno = -r;
	return -1;
}

static bool
counts(unsigned row, unsigned rights)
{
	return row == ALL || (row & rights) != 0;
}

static int
add_call(scmp_filter_ctx ctx, const struct call *c, unsigned rights)
{
	if (!counts(c->rights, rights))
		return 0;
	return checked(seccomp_rule_add(ctx, SCMP_ACT_ALLOW, c->number, 0));
}

static int
add_narrow(scmp_filter_ctx ctx, const struct narrow *w, unsigned rights)
{
	unsigned	 n = 0;

	if (!counts(w->rights, rights))
		return 0;
	while (n < NARROW_ARGS_MAX && w->args[n].op != 0)
		n++;
	return checked(seccomp_rule_add_array(ctx, SCMP_ACT_ALLOW, w->number,
	    n, w->args));
}

/* abort() ends in this; to ourselves, and no other signal */
static int
add_abort(scmp_filter_ctx ctx)
{
	const struct scmp_arg_cmp	 args[] = {
		IS(0, (scmp_datum_t)getpid()), IS(2, SIGABRT)
	};

	return checked(seccomp_rule_add_array(ctx, SCMP_ACT_ALLOW,
	    SCMP_SYS(tgkill), N(args), args));
}

static int
add_calls(scmp_filter_ctx ctx, const struct call *c, size_t n, unsigned rights)
{
	for (size_t i = 0; i < n; i++)
		if (add_call(ctx, &c[i], rights) == -1)
			return -1;
	return 0;
}

/*
 * Call number -1 does nothing but fail; a debugger sets it to inject errors.
 * All threads get the filter.
 */
static int
add_rules(scmp_filter_ctx ctx, unsigned rights)
{
	if (checked(seccomp_attr_set(ctx, SCMP_FLTATR_API_TSKIP, 1)) == -1 ||
	    checked(seccomp_attr_set(ctx, SCMP_FLTATR_CTL_TSYNC, 1)) == -1 ||
	    checked(seccomp_rule_add(ctx, SCMP_ACT_ALLOW, -1, 0)) == -1 ||
	    add_calls(ctx, calls, N(calls), rights) == -1 ||
	    add_abort(ctx) == -1)
		return -1;
	for (size_t i = 0; i < N(narrow); i++)
		if (add_narrow(ctx, &narrow[i], rights) == -1)
			return -1;
	if (!sandbox_is_sanitized())
		return 0;
	return add_calls(ctx, sanitizer_calls, N(sanitizer_calls), rights);
}

/* What a test build allows beyond the others is said, not hidden. */
static void
print_test_calls(void)
{
	char	 text[LOG_LINE_MAX / 2];
	size_t	 len = 0;

	for (size_t i = 0; i < N(calls); i++) {
		if (calls[i].rights != TESTING)
			continue;
		len += (size_t)snprintf(text + len, sizeof(text) - len,
		    " %s", calls[i].name);
	}
	log_debug("jail test build, also allowed:%s", text);
}

static int
load(unsigned rights)
{
	scmp_filter_ctx	 ctx;
	int		 r;

	if ((ctx = seccomp_init(SCMP_ACT_KILL_PROCESS)) == NULL) {
		errno = ENOMEM;
		return -1;
	}
	/* made for each message, and never known to be good by number alone */
	(void)seccomp_syscall_priority(ctx, SCMP_SYS(sendto), 255);
	r = add_rules(ctx, rights);
	if (r == 0)
		r = checked(seccomp_load(ctx));
	seccomp_release(ctx);
	return r;
}

int
sandbox_filter(unsigned rights, bool threads, bool *on)
{
	if (threads)
		rights |= THREADS;
	if (POSTERN_TESTING) {
		rights |= TESTING;
		print_test_calls();
	}
	*on = load(rights) == 0;
	if (*on)
		return 0;
	if (!POSTERN_TESTING)
		return -1;
	log_warn("jail test build, filter=none error=%d", errno);
	return 0;
}
