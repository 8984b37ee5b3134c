/*
 * The jails of all roles, and the one order of entering, in which every step
 * leaves what the following ones need:
 *
 *	namespaces, chroot, groups, uid		while it is root
 *	no new privileges, not dumped, dies with its parent
 *	limits
 *	Landlock				before threads: it is theirs
 *	prepare					starts threads
 *	no new processes, filter		for all threads
 *
 * The steps themselves are the platform's (sandbox.h).
 */
#include "confine.h"

#include <sys/resource.h>
#include <sys/stat.h>

#include <errno.h>
#include <grp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "log.h"
#include "sandbox.h"

#define SPOOL_THREADS	8	/* flushers, cold reads, unlinks, segments */
#define HASH_THREADS	2	/* argon2: pings are answered meanwhile */

/*
 * May pass descriptors: who sends a message that carries one (messages.h);
 * a unit test compares the two.
 */
static const struct jail_type types[] = {
	/* role			rights
	 *			own network, chroot, threads */
	{ ROLE_LOAD,		MAY_MEMFD | MAY_PASS_FDS,
				true, true, 0 },
	{ ROLE_LOG,		0,
				true, true, 0 },
	{ ROLE_SMTPD_MX,	MAY_ACCEPT | MAY_PASS_FDS,
				true, true, 0 },
	{ ROLE_SMTPD_MSA,	MAY_ACCEPT,
				true, true, 0 },
	{ ROLE_SMTPD_API,	MAY_ACCEPT,
				true, true, 0 },
	{ ROLE_QUEUED,		MAY_ACCEPT | MAY_SPOOL | MAY_PASS_FDS |
				MAY_MEMFD,
				true, true, SPOOL_THREADS },
	{ ROLE_STATE,		MAY_SPOOL,
				true, true, SPOOL_THREADS },
	{ ROLE_RESOLVERD,	MAY_RESOLVE,
				false, true, 0 },
	{ ROLE_DELIVERD_OUT,	MAY_CONNECT,
				false, true, 0 },
	{ ROLE_DELIVERD_LOCAL,	MAY_PASS_FDS,
				true, true, 0 },
	/* the sockets it connects to are anywhere in the file system */
	{ ROLE_DELIVERD_CONNECT, MAY_CONNECT | MAY_CONNECT_UNIX |
				MAY_PASS_FDS,
				false, false, 0 },
	{ ROLE_DELIVERD_STS,	MAY_CONNECT,
				false, true, 0 },
	{ ROLE_KEYD_SIGN,	0,
				true, true, 0 },
	{ ROLE_KEYD_AUTH,	0,
				true, true, HASH_THREADS },
	{ ROLE_KEYD_CRED,	0,
				true, true, 0 },
	/* started as its user, with none of root's powers to go further */
	{ ROLE_MAILBOX,		MAY_MAILBOX,
				false, false, 0 },
};

/* the root of CONFINE, as it outlives its message */
static char	 root[FILE_NAME_MAX + 1];

const struct jail_type *
jail_type(enum role role)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (types[i].role == role)
			return &types[i];
	return NULL;
}

/* Ends the process if the step has failed. */
static void
step(const char *name, int r)
{
	int	 error = errno;

	if (r != -1)
		return;
	log_error("jail step=%s error=\"%s\"", name, strerror(error));
	exit(error == EPERM || error == EACCES ? EX_NOPERM : EX_OSERR);
}

static bool
has_files(const struct jail_type *t)
{
	return (t->rights & (MAY_SPOOL | MAY_MAILBOX)) != 0;
}

static int
keep_root(const struct jail_type *t, struct str s)
{
	if (s.n > FILE_NAME_MAX || (s.n != 0 && memchr(s.p, '\0', s.n)) ||
	    (s.n == 0 && has_files(t))) {
		errno = EINVAL;
		return -1;
	}
	if (s.n != 0)
		memcpy(root, s.p, s.n);
	root[s.n] = '\0';
	return 0;
}

static int
change_root(void)
{
	return chroot(root) == -1 || chdir("/") == -1 ? -1 : 0;
}

/* No role's uid is 0, and there must be no way back to it. */
static int
change_uid(uid_t uid)
{
	if (uid == 0) {
		errno = EINVAL;
		return -1;
	}
	if (setresuid(uid, uid, uid) == -1)
		return -1;
	if (setuid(0) != -1) {
		errno = EPERM;
		return -1;
	}
	return 0;
}

/* What only root can do, and only root has to give up. */
static void
leave_root(const struct jail_type *t, const struct confine *m)
{
	step("namespaces", sandbox_namespaces(t->netns));
	if (t->chroot)
		step("chroot", change_root());
	step("setgroups", setgroups(0, NULL));
	step("setresgid", setresgid(m->gid, m->gid, m->gid));
	step("setresuid", change_uid(m->uid));
}

/* Above what the parent may give itself, it stays at that. */
static int
limit(__rlimit_resource_t resource, rlim_t value)
{
	struct rlimit	 rl;

	if (getrlimit(resource, &rl) == -1)
		return -1;
	if (rl.rlim_max != RLIM_INFINITY && value > rl.rlim_max) {
		log_warn("jail limit=%u wanted=%llu possible=%llu",
		    (unsigned)resource, (unsigned long long)value,
		    (unsigned long long)rl.rlim_max);
		value = rl.rlim_max;
	}
	rl.rlim_cur = rl.rlim_max = value;
	return setrlimit(resource, &rl);
}

static void
set_limits(const struct confine *m)
{
	if (m->files != 0)
		step("limit-files", limit(RLIMIT_NOFILE, m->files));
	step("limit-core", limit(RLIMIT_CORE, 0));
	if (m->memory != 0 && !sandbox_is_sanitized())
		step("limit-memory", limit(RLIMIT_AS, m->memory));
	if (m->file_size == 0)
		return;
	/* a file that grew too large is an error, not a death */
	signal(SIGXFSZ, SIG_IGN);
	step("limit-file-size", limit(RLIMIT_FSIZE, m->file_size));
}

/* Landlock: "." is the root, whether chrooted or not. */
static unsigned
set_reach(const struct jail_type *t, const struct confine *m)
{
	struct sandbox_reach	 reach = {
		.ports = m->ports, .n_ports = m->n_ports,
		.source = (t->rights & (MAY_CONNECT | MAY_RESOLVE)) != 0,
	};
	unsigned		 abi;

	if (has_files(t))
		reach.directory = ".";
	step("landlock", sandbox_reach(&reach, &abi));
	return abi;
}

void
confine_enter(enum role role, const struct confine *m, void (*prepare)(void),
    struct jail *reached)
{
	const struct jail_type	*t = jail_type(role);
	bool			 was_root = geteuid() == 0;
	unsigned		 abi;

	if (t == NULL)
		fatal("jail role=%s has none", role_name(role));
	step("root", keep_root(t, m->root));
	umask(077);
	if (was_root)
		leave_root(t, m);
	if (has_files(t) && !(was_root && t->chroot))
		step("chdir", chdir(root));

	step("no-new-privs", sandbox_no_new_privs());
	if (!sandbox_is_sanitized())
		step("undumpable", sandbox_undumpable());
	step("die-with-parent", sandbox_die_with_parent());
	set_limits(m);
	abi = set_reach(t, m);
	if (prepare != NULL)
		prepare();
	if (!sandbox_is_sanitized())
		step("limit-processes", limit(RLIMIT_NPROC, 0));
	step("filter", sandbox_filter(t->rights, t->threads != 0,
	    &reached->filter));

	reached->uid = geteuid();
	reached->root = str_of(was_root && t->chroot ? root : "/");
	reached->netns = was_root && t->netns;
	reached->landlock = (uint8_t)abi;
}

void
confine_master(void)
{
	step("capabilities", sandbox_master_capabilities());
}
