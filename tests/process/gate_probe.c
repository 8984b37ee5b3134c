/*
 * The gate of each real program.  This driver is its master and all its
 * peers: it starts the program alone, as it would be started, and sends it
 * for every row of the message table that it receives a truncated frame, one
 * octet too many, the wrong descriptor, an answer nobody asked for, and the
 * frame from a role that may not send it.  The channel must close, the fault
 * be reported with its word, and the process live.
 *
 * usage: gate_probe BUILD		(needs no root)
 */
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <err.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "conf.h"
#include "frame.h"
#include "messages.h"
#include "sealed.h"

#include "sample.h"

#define DEADLINE_MS	20000
#define NOBODY		65534

struct child {
	enum role		 role;
	pid_t			 pid;
	struct frame_channel	 master;	/* our end of its fd 3 */
	uint32_t		 generation;	/* of the next peer */
	char			 fault[64];	/* the last PEER_FAULT */
	bool			 ready, pong;
};

static const char	*build;
static char		 dir[] = "/tmp/postern-gate.XXXXXX";
static unsigned		 passed, failed;

static void
verdict(bool ok, enum role role, const char *what, const char *message,
    const char *more)
{
	if (ok) {
		passed++;
		return;
	}
	failed++;
	printf("FAIL %s: %s %s: %s\n", role_name(role), what, message, more);
}

/* ---- frames by hand ---------------------------------------------------- */

static size_t
maxlen(unsigned type)
{
	const struct rule	*r = message_rule(type);

	return r != NULL ? r->maxlen : 0;
}

static void
put_raw(struct buf *b, const void *x)
{
	buf_put_str(b, *(const struct str *)x);
}

static int
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

static int
say(struct frame_channel *c, unsigned type, uint32_t id, int fd,
    struct str payload)
{
	if (frame_put(c, type, id, fd, put_raw, &payload) == -1)
		return -1;
	return flush(c);
}

static void
say_hello(struct frame_channel *c, enum role role, uint32_t generation)
{
	struct hello	 h = { role, 0, generation, messages_hash() };

	frame_put(c, MSG_HELLO, 0, -1, message_rule(MSG_HELLO)->encode, &h);
	flush(c);
}

/* ---- being master ------------------------------------------------------ */

static void
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
		snprintf(ch->fault, sizeof(ch->fault), "%.*s",
		    STR_FMT(u.peer_fault.what));
		break;
	case MSG_CONF_CHECKED:
		if (!u.conf_checked.ok)
			errx(1, "%s refuses the configuration: %.*s",
			    role_name(ch->role), STR_FMT(u.conf_checked.why));
		break;
	case MSG_LOG_LINE:
		if (getenv("VERBOSE") != NULL)
			printf("     %s: %.*s\n", role_name(ch->role),
			    STR_FMT(u.log_line.text));
		break;
	default:
		break;
	}
	arena_clear(&a);
}

/* Reads from the child until done() or its end; false at the end. */
static bool
listen_until(struct child *ch, bool (*done)(const struct child *))
{
	uint64_t	 until = clock_ms() + DEADLINE_MS;
	struct frame	*f;

	while (!done(ch)) {
		struct pollfd	 pfd = { ch->master.fd, POLLIN, 0 };

		if (clock_ms() > until ||
		    poll(&pfd, 1, DEADLINE_MS) <= 0 ||
		    frame_read(&ch->master) == FRAME_CLOSED)
			return false;
		while (frame_next(&ch->master, &f) == FRAME_OK)
			on_frame(ch, f);
	}
	return true;
}

static bool
is_ready(const struct child *ch)
{
	return ch->ready;
}

static bool
has_pong(const struct child *ch)
{
	return ch->pong;
}

static bool
has_fault(const struct child *ch)
{
	return ch->fault[0] != '\0';
}

static bool
never(const struct child *ch)
{
	(void)ch;
	return false;
}

static bool
lives(struct child *ch)
{
	ch->pong = false;
	return say(&ch->master, MSG_PING, 77, -1, STR_NONE) == 0 &&
	    listen_until(ch, has_pong);
}

static int
sealed_conf(void)
{
	static const struct name_server_conf	 servers[] = {
		{ { .family = 4, .bytes = { 127, 0, 0, 1 }, .port = 9 }, false },
	};
	static const struct listener_conf	 listeners[] = {
		{ .name = STR("mx"), .service = SERVICE_MX,
		    .message_size = 1 << 20, .max_rcpts = 100,
		    .max_sessions = 10, .max_errors = 10,
		    .command_timeout_ms = 10000, .data_timeout_ms = 10000,
		    .session_timeout_ms = 10000 },
	};
	static const struct route_conf		 routes[] = {
		{ .pattern = STR("*"), .concurrency = 2, .retry_min_s = 1,
		    .retry_max_s = 2, .expire_s = 100 },
	};
	struct conf	 c = {
		.hostname = STR("mx.test"), .segment_size = 1 << 20,
		.log_level = 3, .hop_limit = 50, .dns_timeout_ms = 1000,
		.dns_cache_entries = 10, .connect_timeout_ms = 1000,
		.name_servers = servers, .n_name_servers = 1,
		.listeners = listeners, .n_listeners = 1,
		.routes = routes, .n_routes = 1,
	};

	return conf_seal(&c);
}

static void
encode_and_say(struct child *ch, enum message m, int fd, const void *x)
{
	frame_put(&ch->master, m, 5, fd, message_rule(m)->encode, x);
	flush(&ch->master);
}

/* What master sends to a child from its start to its READY. */
static void
bring_up(struct child *ch)
{
	struct confine		 jail = { .index = 0, .generation = 1,
	    .uid = NOBODY, .gid = NOBODY, .root = str_of(dir), .files = 256,
	    .file_size = 1ULL << 30 };
	struct mailbox_rule	 rule = { STR("mx.test"),
	    str_of("/nonexistent/%{user}"), STR("nobody"), STR("/") };
	struct nothing		 nothing;

	say_hello(&ch->master, ROLE_MASTER, 0);
	encode_and_say(ch, MSG_CONFINE, -1, &jail);
	if (ch->role == ROLE_MAILBOX)
		encode_and_say(ch, MSG_MAILBOX_RULE, -1, &rule);
	else {
		encode_and_say(ch, MSG_CONF, sealed_conf(), &nothing);
		encode_and_say(ch, MSG_CONF_CHECK, -1, &nothing);
		encode_and_say(ch, MSG_CONF_COMMIT, -1, &nothing);
	}
}

static void
exec_child(enum role role, int fd)
{
	char	 path[1024];
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

static bool
start(struct child *ch, enum role role)
{
	int	 s[2];

	*ch = (struct child){ .role = role, .generation = 1 };
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
static int
finish(struct child *ch)
{
	int		 status = -1;
	uint64_t	 until = clock_ms() + DEADLINE_MS;

	frame_clear(&ch->master);
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

/* ---- being a peer ------------------------------------------------------ */

/* A new channel to the child, from that role; it has greeted. */
static void
connect_as(struct child *ch, enum role role, struct frame_channel *c)
{
	struct peer_is	 m = { role, 0, ++ch->generation };
	int		 s[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0,
	    s) == -1)
		err(1, "socketpair");
	frame_put(&ch->master, MSG_PEER, 0, s[1], message_rule(MSG_PEER)->encode,
	    &m);
	flush(&ch->master);
	frame_init(c, s[0], maxlen);
	say_hello(c, role, ch->generation);
}

/* Whether the child closes the channel; what it says before is read away. */
static bool
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

static int
wrong_fd(enum fd_kind kind)
{
	return kind == NO_FD || kind == MAY_READ_FD || kind == MAY_WRITE_FD ||
	    kind == MAY_SOCKET_FD ? open("/", O_RDONLY) : -1;
}

static int
right_fd(enum fd_kind kind)
{
	int	 s[2];

	switch (kind) {
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

/* Sends one frame that must be refused for that reason. */
static void
refuses(struct child *ch, enum role from, unsigned m, int fd,
    struct str payload, const char *what, const char *why)
{
	struct frame_channel	 c;
	char			 more[128] = "";

	connect_as(ch, from, &c);
	ch->fault[0] = '\0';
	say(&c, m, 1, fd, payload);
	if (!closes(&c))
		snprintf(more, sizeof(more), "the channel stays open");
	else if (!listen_until(ch, has_fault))
		snprintf(more, sizeof(more), "no fault is reported");
	else if (strcmp(ch->fault, why) != 0)
		snprintf(more, sizeof(more), "the fault is \"%s\", not \"%s\"",
		    ch->fault, why);
	else if (!lives(ch))
		snprintf(more, sizeof(more), "the process has died");
	verdict(more[0] == '\0', ch->role, what, message_name(m), more);
	frame_clear(&c);
}

/* A row, from a role that may send it. */
static void
try_row(struct child *ch, unsigned m, enum role from)
{
	const struct rule	*r = message_rule(m);
	struct sampler		 s = { m, ARENA_INIT(8 << 20), 20 };
	struct buf		 b = BUF_INIT(8 << 20);

	sample_payload(&s, m, &b);
	if (b.len != 0)
		refuses(ch, from, m, right_fd(r->fd), str_bytes(buf_data(&b),
		    b.len - 1), "truncated", "malformed");
	refuses(ch, from, m, wrong_fd(r->fd), buf_str(&b), "wrong descriptor",
	    "wrong-fd");
	if (r->kind == KIND_ANSWER)
		refuses(ch, from, m, right_fd(r->fd), buf_str(&b), "unasked",
		    "unasked");
	buf_putc(&b, 0);
	refuses(ch, from, m, right_fd(r->fd), buf_str(&b), "one octet more",
	    b.len > r->maxlen ? "too-long" : "malformed");
	buf_clear(&b);
	arena_clear(&s.arena);
}

/* A row from a peer that may say other things, but not this. */
static void
try_wrong_way(struct child *ch, unsigned m, enum role from)
{
	struct sampler	 s = { m, ARENA_INIT(8 << 20), 20 };
	struct buf	 b = BUF_INIT(8 << 20);

	sample_payload(&s, m, &b);
	refuses(ch, from, m, right_fd(message_rule(m)->fd), buf_str(&b),
	    "wrong way", "wrong-way");
	buf_clear(&b);
	arena_clear(&s.arena);
}

static bool
is_peer(enum role role, enum role from)
{
	return from != ROLE_MASTER && from != ROLE_CTL && from != ROLE_LOG &&
	    messages_connect(from, role);
}

static void
try_peers(struct child *ch)
{
	for (unsigned m = MSG_HELLO + 1; m < MSG_N; m++) {
		const struct rule	*r = message_rule(m);
		bool			 wrong_way = false;

		for (enum role from = 0; from < ROLE_N; from++) {
			if (!is_peer(ch->role, from))
				continue;
			if (r->receivers & 1u << ch->role &&
			    r->senders & 1u << from)
				try_row(ch, m, from);
			else if (!wrong_way) {
				try_wrong_way(ch, m, from);
				wrong_way = true;
			}
		}
	}
}

/* Master's own rows: a child that cannot understand it leaves in order. */
static void
try_master(enum role role)
{
	for (unsigned m = MSG_HELLO + 1; m < MSG_N; m++) {
		const struct rule	*r = message_rule(m);
		struct child		 ch;
		int			 status;
		char			 more[64];

		if (!(r->senders & MASTER) || !(r->receivers & 1u << role) ||
		    !start(&ch, role))
			continue;
		say(&ch.master, m, 1, right_fd(r->fd), str_of("\377 junk"));
		listen_until(&ch, never);
		status = finish(&ch);
		snprintf(more, sizeof(more), "wait status %x", (unsigned)status);
		verdict(WIFEXITED(status), role, "junk from master",
		    message_name(m), more);
	}
}

static void
try_role(enum role role)
{
	struct child	 ch;

	if (!start(&ch, role)) {
		verdict(false, role, "start", "", "it did not get READY");
		finish(&ch);
		return;
	}
	try_peers(&ch);
	verdict(lives(&ch), role, "at the end", "", "it has died");
	verdict(finish(&ch) == 0, role, "end of file on fd 3", "",
	    "it did not leave");
	try_master(role);
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *f)
{
	(void)st, (void)type, (void)f;
	return remove(path);
}

int
main(int argc, char **argv)
{
	static const enum role	 roles[] = { ROLE_SMTPD_MX, ROLE_SMTPD_MSA,
	    ROLE_QUEUED, ROLE_STATE, ROLE_RESOLVERD, ROLE_DELIVERD_OUT,
	    ROLE_DELIVERD_LOCAL, ROLE_KEYD_SIGN, ROLE_KEYD_AUTH,
	    ROLE_KEYD_CRED, ROLE_MAILBOX };
	char			 full[4096];	/* PATH_MAX */

	if (argc < 2 || realpath(argv[1], full) == NULL)
		errx(64, "usage: gate_probe BUILD");
	build = full;
	signal(SIGPIPE, SIG_IGN);
	if (mkdtemp(dir) == NULL || chmod(dir, 0777) == -1)
		err(1, "%s", dir);
	for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++)
		if (argc < 3 || strcmp(argv[2], role_name(roles[i])) == 0)
			try_role(roles[i]);
	nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	printf("%u passed, %u failed\n", passed, failed);
	return failed != 0;
}
