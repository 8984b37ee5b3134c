/*
 * Linux: namespaces, process attributes, Landlock and capabilities; the
 * filter of system calls is in sandbox_linux_filter.c.  The definitions of
 * Landlock are our own, as the headers of a distribution are older than the
 * kernels it runs on; rights that the running kernel does not know are left
 * out, by its version.
 */
#include "sandbox.h"

#include <sys/prctl.h>
#include <sys/syscall.h>

#include <linux/capability.h>

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "config.h"

int
sandbox_namespaces(bool net)
{
	return unshare(CLONE_NEWIPC | CLONE_NEWUTS | (net ? CLONE_NEWNET : 0));
}

int
sandbox_no_new_privs(void)
{
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

int
sandbox_undumpable(void)
{
	return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

int
sandbox_die_with_parent(void)
{
	return prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
}

/* a sanitizer's own entry, where one is linked in */
extern void	 __asan_init(void) __attribute__((weak));

bool
sandbox_is_sanitized(void)
{
	return POSTERN_TESTING && __asan_init != NULL;
}

/*
 * Asked by the sanitizer at the end: without /proc it cannot look for leaks,
 * and would fail.
 */
int	 __lsan_is_turned_off(void);

int
__lsan_is_turned_off(void)
{
	return access("/proc/self/task", R_OK) == -1;
}

/* ---- Landlock ---------------------------------------------------------- */

#ifndef SYS_landlock_create_ruleset	/* the same on all architectures */
#define SYS_landlock_create_ruleset	444
#define SYS_landlock_add_rule		445
#define SYS_landlock_restrict_self	446
#endif

#define RULESET_VERSION		1u	/* flag: only tell the version */
#define RULE_PATH		1
#define RULE_PORT		2

#define FS_EXECUTE		(1ULL << 0)
#define FS_WRITE_FILE		(1ULL << 1)
#define FS_READ_FILE		(1ULL << 2)
#define FS_READ_DIR		(1ULL << 3)
#define FS_REMOVE_DIR		(1ULL << 4)
#define FS_REMOVE_FILE		(1ULL << 5)
#define FS_MAKE_DIR		(1ULL << 7)
#define FS_MAKE_REG		(1ULL << 8)
#define FS_REFER		(1ULL << 13)	/* link between directories */
#define FS_TRUNCATE		(1ULL << 14)
#define FS_ALL			((1ULL << 16) - 1)

/* what a spool and a mailbox need: no links, sockets or devices are made */
#define FS_STORE	(FS_WRITE_FILE | FS_READ_FILE | FS_READ_DIR |	\
			 FS_REMOVE_DIR | FS_REMOVE_FILE | FS_MAKE_DIR |	\
			 FS_MAKE_REG | FS_REFER | FS_TRUNCATE)

#define NET_BIND_TCP		(1ULL << 0)
#define NET_CONNECT_TCP		(1ULL << 1)
#define SCOPE_ALL		3ULL	/* abstract UNIX sockets, signals */

/* version 1 cannot allow a link from one directory into another */
#define ABI_MIN			2

struct ruleset {
	uint64_t	 fs, net, scoped;
};

struct path_rule {
	uint64_t	 allowed;
	int32_t		 fd;
} __attribute__((packed));

struct port_rule {
	uint64_t	 allowed;
	uint64_t	 port;
};

/* all that version abi can refuse, refused */
static struct ruleset
refuse_all(unsigned abi)
{
	struct ruleset	 r = { FS_ALL, 0, 0 };

	if (abi < 5)
		r.fs &= ~(1ULL << 15);		/* ioctl on devices */
	if (abi < 3)
		r.fs &= ~FS_TRUNCATE;
	if (abi >= 4)
		r.net = NET_BIND_TCP | NET_CONNECT_TCP;
	if (abi >= 6)
		r.scoped = SCOPE_ALL;
	return r;
}

static int
allow_directory(int ruleset, const char *directory, uint64_t rights)
{
	struct path_rule	 rule = { .allowed = rights };
	long			 r;

	rule.fd = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (rule.fd == -1)
		return -1;
	r = syscall(SYS_landlock_add_rule, ruleset, RULE_PATH, &rule, 0);
	close(rule.fd);
	return (int)r;
}

static int
allow_port(int ruleset, uint64_t right, uint16_t port)
{
	struct port_rule	 rule = { right, port };

	return (int)syscall(SYS_landlock_add_rule, ruleset, RULE_PORT, &rule,
	    0);
}

static int
allow_ports(int ruleset, const struct sandbox_reach *reach)
{
	for (size_t i = 0; i < reach->n_ports; i++)
		if (allow_port(ruleset, NET_CONNECT_TCP,
		    reach->ports[i].port) == -1)
			return -1;
	/* port 0: one that the kernel chooses, as for any connection */
	return reach->source ? allow_port(ruleset, NET_BIND_TCP, 0) : 0;
}

/*
 * A test build writes coverage counts, to where its run says, and looks at
 * itself for leaks; neither is there in an empty root.
 */
static int
allow_tests(int ruleset, uint64_t rights)
{
	const char	*counts = getenv("GCOV_PREFIX");

	if (POSTERN_TESTING && counts != NULL &&
	    allow_directory(ruleset, counts, rights) == -1 &&
	    errno != ENOENT)
		return -1;
	if (sandbox_is_sanitized() && allow_directory(ruleset, "/proc",
	    FS_READ_FILE | FS_READ_DIR) == -1 && errno != ENOENT)
		return -1;
	return 0;
}

static int
allow(int ruleset, const struct ruleset *refused,
    const struct sandbox_reach *reach)
{
	uint64_t	 rights = refused->fs & FS_STORE;

	if (reach->directory != NULL &&
	    allow_directory(ruleset, reach->directory, rights) == -1)
		return -1;
	if (refused->net != 0 && allow_ports(ruleset, reach) == -1)
		return -1;
	return allow_tests(ruleset, rights);
}

int
sandbox_reach(const struct sandbox_reach *reach, unsigned *abi)
{
	struct ruleset	 refused;
	long		 version, fd, r;
	int		 saved;

	*abi = 0;
	version = syscall(SYS_landlock_create_ruleset, NULL, 0,
	    RULESET_VERSION);
	if (version < ABI_MIN)
		return version != -1 || errno == ENOSYS ||
		    errno == EOPNOTSUPP ? 0 : -1;
	refused = refuse_all((unsigned)version);
	fd = syscall(SYS_landlock_create_ruleset, &refused, sizeof(refused),
	    0);
	if (fd == -1)
		return -1;
	r = allow((int)fd, &refused, reach);
	if (r == 0)
		r = syscall(SYS_landlock_restrict_self, (int)fd, 0);
	saved = errno;
	close((int)fd);
	errno = saved;
	if (r == -1)
		return -1;
	*abi = (unsigned)version;
	return 0;
}

/* ---- capabilities ------------------------------------------------------ */

/*
 * Kept by master.  Its children start as root with no more than these, and
 * give up all of them with their uid.
 */
static const unsigned	 kept[] = {
	CAP_CHOWN,		/* a spool is given to its role's uid */
	CAP_DAC_OVERRIDE,	/* and still looked into; tables of others */
	CAP_FOWNER,		/* its mode is set after that */
	CAP_KILL,		/* children run as other uids */
	CAP_SETGID,
	CAP_SETUID,
	CAP_NET_BIND_SERVICE,	/* port 25 */
	CAP_SYS_CHROOT,
	CAP_SYS_ADMIN,		/* namespaces of children */
	CAP_SYS_RESOURCE,	/* more descriptors than the limit */
};

static uint64_t
kept_bits(void)
{
	uint64_t	 bits = 0;

	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
		bits |= 1ULL << kept[i];
	return bits;
}

static int
narrow_bounding_set(uint64_t keep)
{
	/* the first number that is no capability gives -1 */
	for (unsigned c = 0; prctl(PR_CAPBSET_READ, c, 0, 0, 0) != -1; c++)
		if (!(keep & 1ULL << c) &&
		    prctl(PR_CAPBSET_READ, c, 0, 0, 0) == 1 &&
		    prctl(PR_CAPBSET_DROP, c, 0, 0, 0) == -1)
			return -1;
	return 0;
}

int
sandbox_master_capabilities(void)
{
	struct __user_cap_header_struct	 head = { _LINUX_CAPABILITY_VERSION_3,
					    0 };
	struct __user_cap_data_struct	 data[2];
	uint64_t			 keep = kept_bits();

	if (geteuid() != 0)
		return 0;
	if (narrow_bounding_set(keep) == -1 ||
	    syscall(SYS_capget, &head, data) == -1)
		return -1;
	for (int i = 0; i < 2; i++) {
		data[i].permitted &= (uint32_t)(keep >> 32 * i);
		data[i].effective = data[i].permitted;
		data[i].inheritable = 0;
	}
	return (int)syscall(SYS_capset, &head, data);
}
