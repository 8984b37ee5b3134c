/*
 * A driver for one real program: its master and all its peers.  It starts
 * the program alone, as master would, with a small configuration that the
 * test may change before; takes what it says to master; and opens channels
 * to it in any role.  Frames are put together by hand, so that they can be
 * as wrong as a test needs them.
 *
 * For test programs of one file each, so it is all here.
 */
#ifndef DRIVER_H
#define DRIVER_H

#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <dirent.h>
#include <err.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "conf.h"
#include "frame.h"
#include "messages.h"
#include "sealed.h"

#define DEADLINE_MS	60000	/* ends what hangs, on a slow machine too */
#define NOBODY		65534
#define LOG_KEPT	(1 << 16)	/* octets of the child's log */

struct child {
	enum role		 role;
	pid_t			 pid;
	struct frame_channel	 master;	/* our end of its fd 3 */
	uint32_t		 generation;	/* of the next peer */
	char			 fault[128];	/* the last PEER_FAULT */
	unsigned		 n_faults;
	uint32_t		 mailbox_ask;	/* the last MAILBOX_OPEN */
	struct buf		 log;		/* what it said of late */
	bool			 ready, pong;
	bool			 checked;	/* CONF_CHECKED has come */
	char			 refused[256];	/* with that; empty: it is ok */
};

static const char	*build;
static char		 dir[] = "/tmp/postern-probe.XXXXXX";
static unsigned		 passed, failed;

/* ---- what was found ---------------------------------------------------- */

static inline void
verdict(bool ok, enum role role, const char *what, const char *message,
    const char *more)
{
	if (ok) {
		passed++;
		return;
	}
	failed++;
	printf("FAIL %s: %s %s: %s\n", role_name(role), what, message, more);
	fflush(stdout);
}

/* ---- the configuration ------------------------------------------------- */

static struct name_server_conf	 driver_servers[] = {
	{ { .family = 4, .bytes = { 127, 0, 0, 1 }, .port = 9 }, false },
};
static struct netblock_conf	 driver_trust[] = {
	{ { .family = 4, .bytes = { 127, 0, 0, 2 } }, 32 },
};
static struct listener_conf	 driver_listeners[] = {
	{ .name = STR("mx"), .service = SERVICE_MX, .message_size = 4 << 20,
	    .max_rcpts = 100, .max_sessions = 10, .max_errors = 10,
	    .trust = driver_trust, .n_trust = 1,
	    .command_timeout_ms = 10000, .data_timeout_ms = 10000,
	    .session_timeout_ms = 10000 },
};
static struct route_conf	 driver_routes[] = {
	{ .pattern = STR("*"), .concurrency = 2, .retry_min_s = 1,
	    .retry_max_s = 2, .expire_s = 100 },
};
static struct domain_conf	 driver_domains[] = {
	{ .name = STR("here.test"), .table = TABLE_NONE,
	    .recipients = RECIPIENTS_ANY, .recipients_table = TABLE_NONE,
	    .transport = TRANSPORT_LOCAL, .delivery = 0 },
	{ .name = STR("relay.test"), .table = TABLE_NONE,
	    .recipients = RECIPIENTS_ANY, .recipients_table = TABLE_NONE,
	    .transport = TRANSPORT_SMTP, .delivery = DELIVERY_NONE },
};
static struct delivery_conf	 driver_deliveries[] = {
	{ .path = STR("/nonexistent/%{user}"), .uid = NOBODY, .gid = NOBODY },
};
static struct port		 driver_ports[1];	/* out may connect to */
/* tables and secrets of the configuration, or NULL; between CONF and its
 * check */
static void			(*driver_hand_over)(struct frame_channel *);
static struct conf		 driver_conf = {
	.hostname = STR("mx.test"), .segment_size = 1 << 20,
	.log_level = 3, .hop_limit = 50, .out_workers = 1,
	.bounce_expire_s = 100, .bounce_body_max = 10000,
	.dns_timeout_ms = 1000, .dns_cache_entries = 10,
	.connect_timeout_ms = 1000, .greeting_timeout_ms = 5000,
	.helo_timeout_ms = 5000, .mail_timeout_ms = 5000,
	.rcpt_timeout_ms = 5000, .data_start_timeout_ms = 5000,
	.data_block_timeout_ms = 5000, .data_end_timeout_ms = 5000,
	.quit_timeout_ms = 1000, .connection_idle_ms = 1000,
	.name_servers = driver_servers, .n_name_servers = 1,
	.listeners = driver_listeners, .n_listeners = 1,
	.routes = driver_routes, .n_routes = 1,
	.domains = driver_domains, .n_domains = 2,
	.deliveries = driver_deliveries, .n_deliveries = 1,
};

/* ---- frames by hand ---------------------------------------------------- */

static inline size_t
maxlen(unsigned type)
{
	const struct rule	*r = message_rule(type);

	return r != NULL ? r->maxlen : 0;
}

static inline void
put_raw(struct buf *b, const void *x)
{
	buf_put_str(b, *(const struct str *)x);
}

static inline int
flush(struct frame_channel *c)
{
	enum frame_result	 r;

	while ((r = frame_flush(c)) == FRAME_AGAIN) {
		struct pollfd	 pfd = { c->fd, POLLOUT, 0 };

		if (poll(&pfd, 1, DEADLINE_MS) <= 0)
			return -1;
	}
	return r == FRAME_OK ? 0 : -1;
}

static inline int
say(struct frame_channel *c, unsigned type, uint32_t id, int fd,
    struct str payload)
{
	if (frame_put(c, type, id, fd, put_raw, &payload) == -1)
		return -1;
	return flush(c);
}

/* A message as it should be; x is its structure. */
static inline int
tell(struct frame_channel *c, enum message m, uint32_t id, int fd,
    const void *x)
{
	if (frame_put(c, m, id, fd, message_rule(m)->encode, x) == -1)
		return -1;
	return flush(c);
}

static inline void
say_hello_as(struct frame_channel *c, enum role role, uint16_t index,
    uint32_t generation)
{
	struct hello	 h = { role, index, generation, messages_hash() };

	tell(c, MSG_HELLO, 0, -1, &h);
}

static inline void
say_hello(struct frame_channel *c, enum role role, uint32_t generation)
{
	say_hello_as(c, role, 0, generation);
}

/* ---- being master ------------------------------------------------------ */

static inline void
keep_log(struct child *ch, struct str line)
{
	if (getenv("VERBOSE") != NULL)
		printf("     %s: %.*s\n", role_name(ch->role), STR_FMT(line));
	if (ch->log.len + line.n + 1 > LOG_KEPT)
		buf_reset(&ch->log);
	buf_put_str(&ch->log, line);
	buf_putc(&ch->log, '\n');
}

static inline bool
has_said(struct child *ch, const char *text)
{
	return ch->log.len != 0 && memmem(buf_data(&ch->log), ch->log.len,
	    text, strlen(text)) != NULL;
}

static inline void
on_frame(struct child *ch, const struct frame *f)
{
	struct arena	 a = ARENA_INIT(1 << 20);
	union payload	 u;
	struct wire	 w;

	wire_init(&w, f->payload.p, f->payload.n);
	if (message_rule(f->type)->decode(&w, &a, &u) == -1)
		errx(1, "%s sends a malformed %s", role_name(ch->role),
		    message_name(f->type));
	switch (f->type) {
	case MSG_READY:
		ch->ready = true;
		break;
	case MSG_PONG:
		ch->pong = true;
		break;
	case MSG_PEER_FAULT:
		ch->n_faults++;
		snprintf(ch->fault, sizeof(ch->fault), "%.*s",
		    STR_FMT(u.peer_fault.what));
		break;
	case MSG_MAILBOX_OPEN:
		ch->mailbox_ask = f->id;
		break;
	case MSG_CONF_CHECKED:
		ch->checked = true;
		snprintf(ch->refused, sizeof(ch->refused), "%.*s",
		    STR_FMT(u.conf_checked.why));
		if (!u.conf_checked.ok && !ch->ready)
			errx(1, "%s refuses the configuration: %s",
			    role_name(ch->role), ch->refused);
		break;
	case MSG_LOG_LINE:
		keep_log(ch, u.log_line.text);
		break;
	default:
		break;
	}
	arena_clear(&a);
}

/* Takes what it has said; waits for something if wait_ms is not 0.  False
 * at its end. */
static inline bool
take_in(struct child *ch, int wait_ms)
{
	struct pollfd		 pfd = { ch->master.fd, POLLIN, 0 };
	enum frame_result	 r;
	struct frame		*f;

	if (poll(&pfd, 1, wait_ms) <= 0)
		return true;
	if ((r = frame_read(&ch->master)) == FRAME_CLOSED)
		return false;
	while (frame_next(&ch->master, &f) == FRAME_OK)
		on_frame(ch, f);
	return true;
}

/* Reads from the child until done() or its end; false at the end. */
static inline bool
listen_until(struct child *ch, bool (*done)(const struct child *))
{
	uint64_t	 until = clock_ms() + DEADLINE_MS;

	while (!done(ch))
		if (clock_ms() > until || !take_in(ch, DEADLINE_MS))
			return false;
	return true;
}

static inline bool
is_ready(const struct child *ch)
{
	return ch->ready;
}

static inline bool
has_pong(const struct child *ch)
{
	return ch->pong;
}

static inline bool
has_fault(const struct child *ch)
{
	return ch->fault[0] != '\0';
}

static inline bool
never(const struct child *ch)
{
	(void)ch;
	return false;
}

static inline bool
lives(struct child *ch)
{
	ch->pong = false;
	return say(&ch->master, MSG_PING, 77, -1, STR_NONE) == 0 &&
	    listen_until(ch, has_pong);
}

/* What master sends to a child from its start to its READY. */
static inline void
bring_up(struct child *ch)
{
	struct confine		 jail = { .index = 0, .generation = 1,
	    .uid = NOBODY, .gid = NOBODY, .root = str_of(dir), .files = 256,
	    .file_size = 1ULL << 30, .ports = driver_ports,
	    .n_ports = driver_ports[0].port != 0 };
	struct mailbox_rule	 rule = { STR("mx.test"),
	    str_of("/nonexistent/%{user}"), STR("nobody"), STR("/") };
	struct nothing		 nothing;

	say_hello(&ch->master, ROLE_MASTER, 0);
	tell(&ch->master, MSG_CONFINE, 5, -1, &jail);
	if (ch->role == ROLE_MAILBOX)
		tell(&ch->master, MSG_MAILBOX_RULE, 5, -1, &rule);
	else {
		tell(&ch->master, MSG_CONF, 5, conf_seal(&driver_conf),
		    &nothing);
		if (driver_hand_over != NULL)
			driver_hand_over(&ch->master);
		tell(&ch->master, MSG_CONF_CHECK, 5, -1, &nothing);
		tell(&ch->master, MSG_CONF_COMMIT, 5, -1, &nothing);
	}
}

static inline void
exec_child(enum role role, int fd)
{
	char	 path[PATH_MAX + 32];
	int	 null = open("/dev/null", O_RDWR);

	if (geteuid() == 0 && (setgid(NOBODY) == -1 || setuid(NOBODY) == -1))
		_exit(71);
	if (chdir(dir) == -1)
		_exit(71);
	for (int i = 0; i < 3 && getenv("VERBOSE") == NULL; i++)
		dup2(null, i);
	if (fd != 3)
		dup2(fd, 3);
	else
		fcntl(3, F_SETFD, 0);
	closefrom(4);
	snprintf(path, sizeof(path), "%s/%s", build, role_program(role));
	execl(path, path, "-r", role_name(role), (char *)NULL);
	_exit(72);
}

static inline bool
start(struct child *ch, enum role role)
{
	int	 s[2];

	*ch = (struct child){ .role = role, .generation = 1 };
	buf_init(&ch->log, LOG_KEPT);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0,
	    s) == -1)
		err(1, "socketpair");
	fflush(stdout);
	if ((ch->pid = fork()) == -1)
		err(1, "fork");
	if (ch->pid == 0)
		exec_child(role, s[1]);
	close(s[1]);
	frame_init(&ch->master, s[0], maxlen);
	bring_up(ch);
	return listen_until(ch, is_ready);
}

/* Ends it by closing its fd 3; its wait status. */
static inline int
finish(struct child *ch)
{
	int		 status = -1;
	uint64_t	 until = clock_ms() + DEADLINE_MS;

	frame_clear(&ch->master);
	buf_clear(&ch->log);
	while (waitpid(ch->pid, &status, WNOHANG) == 0) {
		if (clock_ms() > until) {
			kill(ch->pid, SIGKILL);
			waitpid(ch->pid, &status, 0);
			break;
		}
		poll(NULL, 0, 5);
	}
	return status;
}

/* How many descriptors it has; -1 where we may not look. */
static inline int
count_fds(const struct child *ch)
{
	char		 path[64];
	DIR		*d;
	struct dirent	*e;
	int		 n = 0;

	snprintf(path, sizeof(path), "/proc/%d/fd", ch->pid);
	if ((d = opendir(path)) == NULL)
		return -1;
	while ((e = readdir(d)) != NULL)
		n += e->d_name[0] != '.';
	closedir(d);
	return n;
}

/* ---- being a peer ------------------------------------------------------ */

/* A new channel to the child, from that worker of a role; it has greeted. */
static inline void
connect_worker(struct child *ch, enum role role, uint16_t index,
    struct frame_channel *c)
{
	struct peer_is	 m = { role, index, ++ch->generation, 0 };
	int		 s[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0,
	    s) == -1)
		err(1, "socketpair");
	/* one that is dead cannot close it */
	if (tell(&ch->master, MSG_PEER, 0, s[1], &m) == -1)
		shutdown(s[0], SHUT_RDWR);
	frame_init(c, s[0], maxlen);
	say_hello_as(c, role, index, ch->generation);
}

static inline void
connect_as(struct child *ch, enum role role, struct frame_channel *c)
{
	connect_worker(ch, role, 0, c);
}

/* Whether the child closes the channel; what it says before is read away. */
static inline bool
closes(struct frame_channel *c)
{
	uint64_t	 until = clock_ms() + DEADLINE_MS;
	struct frame	*f;

	while (clock_ms() < until) {
		struct pollfd	 pfd = { c->fd, POLLIN, 0 };

		if (poll(&pfd, 1, DEADLINE_MS) <= 0)
			return false;
		if (frame_read(c) == FRAME_CLOSED)
			return true;
		while (frame_next(c, &f) == FRAME_OK)
			;
	}
	return false;
}

/* An octet, and with it a descriptor, which stays ours. */
static inline int
send_fd(int s, char octet, int fd)
{
	union {
		struct cmsghdr	 align;
		char		 space[CMSG_SPACE(sizeof(int))];
	} control = { .space = { 0 } };
	struct iovec	 iov = { &octet, 1 };
	struct msghdr	 msg = { .msg_iov = &iov, .msg_iovlen = 1,
	    .msg_control = control.space,
	    .msg_controllen = sizeof(control.space) };
	struct cmsghdr	*h = CMSG_FIRSTHDR(&msg);

	h->cmsg_level = SOL_SOCKET;
	h->cmsg_type = SCM_RIGHTS;
	h->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(h), &fd, sizeof(fd));
	return sendmsg(s, &msg, MSG_NOSIGNAL) == 1 ? 0 : -1;
}

/* A message from the child; its strings are good until the next. */
struct heard {
	uint32_t	 id;
	int		 fd;		/* ours now; -1: none */
	union payload	 u;
	struct arena	 a;
};

/* The next of that type, others are passed over; false: none in time. */
static inline bool
hear(struct frame_channel *c, enum message m, struct heard *h, int wait_ms)
{
	uint64_t	 until = clock_ms() + (uint64_t)wait_ms;
	struct wire	 w;
	struct frame	*f;

	for (;;) {
		struct pollfd	 pfd = { c->fd, POLLIN, 0 };

		while (frame_next(c, &f) == FRAME_OK) {
			if (f->type != m)
				continue;
			arena_clear(&h->a);
			h->a = (struct arena)ARENA_INIT(8 << 20);
			wire_init(&w, f->payload.p, f->payload.n);
			if (message_rule(m)->decode(&w, &h->a, &h->u) == -1)
				errx(1, "malformed %s", message_name(m));
			h->id = f->id;
			h->fd = f->fd;
			f->fd = -1;
			return true;
		}
		if (clock_ms() >= until ||
		    poll(&pfd, 1, (int)(until - clock_ms())) <= 0 ||
		    frame_read(c) != FRAME_OK)
			return false;
	}
}

static inline bool
is_peer(enum role role, enum role from)
{
	return from != ROLE_MASTER && from != ROLE_CTL && from != ROLE_LOG &&
	    messages_connect(from, role);
}

/* A descriptor as that kind needs it, or -1 for none. */
static inline int
right_fd(enum fd_kind kind)
{
	int	 s[2];

	switch (kind) {
	case SEALED_FD:
	case READ_FD:
		return sealed_new("probe", str_of("x"));
	case WRITE_FD:
		return memfd_create("probe", 0);
	case SOCKET_FD:
		if (socketpair(AF_UNIX, SOCK_STREAM, 0, s) == -1)
			err(1, "socketpair");
		close(s[1]);
		return s[0];
	default:
		return -1;
	}
}

/* ---- the program ------------------------------------------------------- */

/* all that proc.c runs */
static const enum role	 driver_roles[] = { ROLE_SMTPD_MX, ROLE_SMTPD_MSA,
    ROLE_QUEUED, ROLE_STATE, ROLE_RESOLVERD, ROLE_DELIVERD_OUT,
    ROLE_DELIVERD_LOCAL, ROLE_DELIVERD_CONNECT, ROLE_KEYD_SIGN, ROLE_KEYD_AUTH, ROLE_KEYD_CRED,
    ROLE_MAILBOX };
#define DRIVER_ROLES	(sizeof(driver_roles) / sizeof(driver_roles[0]))

static inline int
driver_remove_one(const char *path, const struct stat *st, int type,
    struct FTW *f)
{
	(void)st, (void)type, (void)f;
	return remove(path);
}

/* Makes the directory as it was at first. */
static inline void
driver_empty(void)
{
	nftw(dir, driver_remove_one, 16, FTW_DEPTH | FTW_PHYS);
	if (mkdir(dir, 0777) == -1 || chmod(dir, 0777) == -1)
		err(1, "%s", dir);
}

/* argv[1] is the build; leaves a directory that nobody may write. */
static inline void
driver_setup(int argc, char **argv)
{
	static char	 full[PATH_MAX];

	if (argc < 2 || realpath(argv[1], full) == NULL)
		errx(64, "usage: %s BUILD [ROLE]", argv[0]);
	build = full;
	signal(SIGPIPE, SIG_IGN);
	if (mkdtemp(dir) == NULL || chmod(dir, 0777) == -1)
		err(1, "%s", dir);
}

/* Removes the directory, says what was found; the exit status. */
static inline int
driver_end(void)
{
	nftw(dir, driver_remove_one, 16, FTW_DEPTH | FTW_PHYS);
	printf("%u passed, %u failed\n", passed, failed);
	return failed != 0;
}

#endif
