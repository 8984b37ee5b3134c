/*
 * A broken-into child of master.  It stands in for one role: starts as that
 * role would, unjailed, answers pings, and when it is told to, sends master
 * one evil frame.  For all other roles it is a link to the real program.
 *
 * master is started with "-x DIR", where each program is a link to this one;
 * the real ones are NAME.real beside it.  DIR/evil holds the name of the
 * role to stand in for.  Orders come as datagrams, "truncated PONG", on the
 * socket DIR/ROLE.INDEX; those for the next start (about HELLO or READY, and
 * all of the load role's) are left in the file DIR/next.ROLE.
 *
 * master runs some roles from /proc/self/exe: where that is to be this
 * program too, it stands in a /proc made of ordinary files, and DIR is what
 * the symbolic link /proc/dir says.
 *
 * usage: evil_child -l ROLE	lists the orders and what master must say
 */
#include <sys/auxv.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <err.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "frame.h"
#include "messages.h"

#include "sample.h"
#include "sealed.h"

#define MASTER_FD	3
#define ORDER_MAX	128
#define SAMPLE_STR_MAX	20
#define PEERS_KEPT	64

static char			 dir[PATH_MAX - 64];
static enum role		 role;
static struct frame_channel	 master;
static struct confine		 jail;		/* index and generation */
static int			 peers[PEERS_KEPT];	/* their channels */
static size_t			 n_peers;
/* an order for this start; "again ..." is for later */
static char			 at_start[ORDER_MAX];

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

static void
flush(void)
{
	struct pollfd	 pfd = { MASTER_FD, POLLOUT, 0 };

	while (frame_flush(&master) == FRAME_AGAIN)
		poll(&pfd, 1, -1);
}

static void
say(unsigned type, uint32_t id, int fd, struct str payload)
{
	frame_put(&master, type, id, fd, put_raw, &payload);
	flush();
}

static void
tell(enum message m, uint32_t id, const void *x)
{
	frame_put(&master, m, id, -1, message_rule(m)->encode, x);
	flush();
}

/* ---- evil -------------------------------------------------------------- */

/* Octets of the message's payload, well formed. */
static struct str
sample(enum message m)
{
	static struct sampler	 s;
	static struct buf	 b;

	s = (struct sampler){ m, ARENA_INIT(8 << 20), SAMPLE_STR_MAX };
	buf_init(&b, 8 << 20);
	sample_payload(&s, m, &b);
	return buf_str(&b);
}

static int
some_fd(enum fd_kind kind)
{
	int	 s[2];

	switch (kind) {
	case SEALED_FD:
	case READ_FD:
		return open("/dev/null", O_RDONLY);	/* not a regular file */
	case SOCKET_FD:
		return socketpair(AF_UNIX, SOCK_STREAM, 0, s) == 0 ? s[0] : -1;
	default:
		return open("/", O_RDONLY);
	}
}

static int
good_fd(enum message m)
{
	char	 path[PATH_MAX];

	if (message_rule(m)->fd == SEALED_FD)
		return sealed_new("evil", str_of("x"));
	if (message_rule(m)->fd != READ_FD)
		return -1;
	snprintf(path, sizeof(path), "%s/evil", dir);
	return open(path, O_RDONLY);
}

static void
do_truncated(enum message m)
{
	struct str	 s = sample(m);

	if (s.n != 0)
		s.n--;
	say(m, 1, good_fd(m), s);
}

static void
do_longer(enum message m)
{
	struct str	 s = sample(m);
	char		*more = malloc(s.n + 1);

	if (s.n != 0)
		memcpy(more, s.p, s.n);
	more[s.n] = 0;
	say(m, 1, good_fd(m), str_bytes(more, s.n + 1));
}

static void
do_wrong_fd(enum message m)
{
	say(m, 1, some_fd(message_rule(m)->fd), sample(m));
}

static void
do_sample(enum message m)
{
	say(m, 1, good_fd(m), sample(m));
}

/* An octet string that no frame can begin with, or go on with. */
static void
say_octets(const void *p, size_t n)
{
	if (write(MASTER_FD, p, n) == -1)
		_exit(73);
}

static void
do_short_length(enum message m)
{
	(void)m;
	say_octets("\4\0\0\0\0\0\0\0\0\0\0\0", FRAME_HEADER);
}

static void
do_huge_length(enum message m)
{
	(void)m;
	say_octets("\377\377\377\377\0\0\0\0\0\0\0\0", FRAME_HEADER);
}

static void
do_flags(enum message m)
{
	(void)m;
	say_octets("\14\0\0\0\1\0\200\0\0\0\0\0", FRAME_HEADER);
}

static void
do_lacking_fd(enum message m)
{
	(void)m;
	say_octets("\14\0\0\0\1\0\1\0\0\0\0\0", FRAME_HEADER);
}

/* More descriptors than frames will ever ask for. */
static void
do_many_fds(enum message m)
{
	for (size_t i = 0; i <= FRAME_FDS_IN_MAX; i++) {
		union {
			struct cmsghdr	 align;
			char		 space[CMSG_SPACE(sizeof(int))];
		} control = { .space = { 0 } };
		char		 octet = 0;
		struct iovec	 iov = { &octet, 1 };
		struct msghdr	 msg = { .msg_iov = &iov, .msg_iovlen = 1,
		    .msg_control = control.space,
		    .msg_controllen = sizeof(control.space) };
		struct cmsghdr	*h = CMSG_FIRSTHDR(&msg);
		int		 fd = some_fd(NO_FD);

		(void)m;
		octet = i == 0 ? 120 : 0;
		h->cmsg_level = SOL_SOCKET;
		h->cmsg_type = SCM_RIGHTS;
		h->cmsg_len = CMSG_LEN(sizeof(fd));
		memcpy(CMSG_DATA(h), &fd, sizeof(fd));
		if (sendmsg(MASTER_FD, &msg, MSG_NOSIGNAL) == -1)
			_exit(74);
		close(fd);
	}
}

/* A message that goes on and on. */
static void
do_endless(enum message m)
{
	static char	 frame[FRAME_MAX] = "\0\0\1\0";

	frame[4] = (char)m;
	frame[6] = FRAME_MORE;
	for (int i = 0; i < 100; i++)
		if (send(MASTER_FD, frame, sizeof(frame), MSG_NOSIGNAL) == -1)
			return;
}

/* A message that goes on as another. */
static void
do_other_end(enum message m)
{
	(void)m;
	say_octets("\14\0\0\0\1\0\2\0\0\0\0\0\14\0\0\0\2\0\0\0\0\0\0\0",
	    2 * FRAME_HEADER);
}

static void
do_again(enum message m)
{
	struct ready	 ready = { { .root = STR("/") } };
	struct hello	 hello = { role, jail.index, jail.generation,
	    messages_hash() };

	tell(m, 0, m == MSG_HELLO ? (void *)&hello : (void *)&ready);
}

/* Accuses all to which it has a channel, or all others; master does not say
 * generations: one of them is right. */
static void
accuse(bool connected)
{
	struct peer_fault	 f = { 0, 0, 0, STR("lies") };

	for (f.role = 0; f.role < ROLE_N; f.role++)
		for (f.generation = 1; f.role != role && f.generation < 200 &&
		    messages_connect(role, f.role) == connected;
		    f.generation++)
			tell(MSG_PEER_FAULT, 0, &f);
}

static void
do_accuse_strangers(enum message m)
{
	(void)m;
	accuse(false);
}

static void
do_accuse_all(enum message m)
{
	(void)m;
	accuse(true);
}

/* What would be lines of their own, and move the cursor. */
static void
do_forge(enum message m)
{
	struct log_line	 l = { 1, 0, 0, STR("a\nforged\r\033[2Jforged") };

	tell(m, 0, &l);
	l.level = 255;
	tell(m, 0, &l);
}

static void
do_strange_rule(enum message m)
{
	struct mailbox_open	 o = { .delivery = 999 };

	tell(m, 1, &o);
}

/* All channels but master's close, and we live on. */
static void
do_hang_up(enum message m)
{
	(void)m;
	while (n_peers != 0)
		close(peers[--n_peers]);
}

/* All is done, but nothing was given. */
static void
do_nothing_given(enum message m)
{
	struct load_end	 e = { true };

	tell(m, 0, &e);
}

/* ---- before HELLO ------------------------------------------------------ */

static void
do_no_hello(enum message m)
{
	struct nothing	 nothing;

	(void)m;
	tell(MSG_PONG, 1, &nothing);
}

static void
do_other_build(enum message m)
{
	struct hello	 h = { role, 0, 0, messages_hash() + 1 };

	tell(m, 0, &h);
}

static void
do_other_role(enum message m)
{
	struct hello	 h = { role == ROLE_QUEUED ? ROLE_LOG : ROLE_QUEUED, 0,
	    0, messages_hash() };

	tell(m, 0, &h);
}

/* ---- orders ------------------------------------------------------------ */

struct order {
	const char	*name;
	void		(*act)(enum message);
	const char	*fault;		/* NULL: depends on the message */
	enum message	 message;	/* MSG_N: any that master receives */
	unsigned	 roles;		/* for list: who can be told so;
					 * 0: all */
};

static const struct order	 orders[] = {
	{ "truncated", do_truncated, "malformed", MSG_N, 0 },
	{ "longer", do_longer, NULL, MSG_N, 0 },
	{ "wrong-fd", do_wrong_fd, "wrong-fd", MSG_N, 0 },
	{ "unasked", do_sample, "unasked", MSG_N, 0 },
	{ "wrong-way", do_sample, "wrong-way", MSG_N, 0 },
	{ "again", do_again, "wrong-phase", MSG_HELLO, 0 },
	{ "again", do_again, "wrong-phase", MSG_READY, 0 },
	{ "short-length", do_short_length, "malformed-frame", MSG_PONG, 0 },
	{ "huge-length", do_huge_length, "malformed-frame", MSG_PONG, 0 },
	{ "flags", do_flags, "malformed-frame", MSG_PONG, 0 },
	{ "lacking-fd", do_lacking_fd, "malformed-frame", MSG_PONG, 0 },
	{ "many-fds", do_many_fds, "malformed-frame", MSG_PONG, 0 },
	{ "endless", do_endless, "malformed-frame", MSG_LOG_LINE, 0 },
	{ "other-end", do_other_end, "malformed-frame", MSG_PONG, 0 },
	{ "unknown-type", do_sample, "unknown-type", MSG_N, 0 },
	{ "accuses", do_accuse_strangers, "accuses-stranger", MSG_PEER_FAULT,
	    DAEMON_ANY | LOG },
	{ "accuse-all", do_accuse_all, "-", MSG_PEER_FAULT, MASTER },
	{ "hang-up", do_hang_up, "-", MSG_PEER, MASTER },
	{ "forge", do_forge, "-", MSG_LOG_LINE, MASTER },
	{ "strange-rule", do_strange_rule, "no such delivery rule",
	    MSG_MAILBOX_OPEN, DELIVERD_LOCAL },
	{ "nothing-given", do_nothing_given, "-", MSG_LOAD_END, LOAD },
	{ "no-hello", do_no_hello, "wrong-phase", MSG_HELLO, 0 },
	{ "other-build", do_other_build, "malformed", MSG_HELLO, 0 },
	{ "other-role", do_other_role, "wrong-way", MSG_HELLO, 0 },
};
#define ORDERS	(sizeof(orders) / sizeof(orders[0]))

/* Whether an order for any message makes sense with this one. */
static bool
fits(const struct order *o, enum message m)
{
	const struct rule	*r = message_rule(m);
	bool			 ours = r->receivers & MASTER &&
				    r->senders & 1u << role;

	if (o->message != MSG_N)
		return o->message == m &&
		    (o->roles == 0 || o->roles & 1u << role);
	if (m == MSG_HELLO || strcmp(o->name, "unknown-type") == 0)
		return false;
	if (strcmp(o->name, "wrong-way") == 0)
		return !ours && (r->receivers & MASTER || m == MSG_CONFINE);
	if (!ours)
		return false;
	if (strcmp(o->name, "unasked") == 0)
		return r->kind == KIND_ANSWER;
	return strcmp(o->name, "truncated") != 0 || sample(m).n != 0;
}

/* Sent in place of what opens a child's life, or of its READY. */
static bool
is_for_start(const struct order *o, enum message m)
{
	return m == MSG_HELLO ? strcmp(o->name, "again") != 0 :
	    m == MSG_READY && o->message == MSG_N;
}

/* What master must say of it. */
static const char *
fault_of(const struct order *o, enum message m)
{
	const struct rule	*r = message_rule(m);

	if (o->fault != NULL)
		return o->fault;
	return sample(m).n + 1 > r->maxlen ? "too-long" : "malformed";
}

static int
list(const char *name)
{
	for (role = 0; role < ROLE_N; role++)
		if (strcmp(role_name(role), name) == 0)
			break;
	for (size_t i = 0; i < ORDERS; i++)
		for (unsigned m = 0; m < MSG_N; m++)
			if (fits(&orders[i], m))
				printf("%s %s %s %s\n", orders[i].name,
				    message_name(m),
				    is_for_start(&orders[i], m) ? "start" :
				    "run", fault_of(&orders[i], m));
	printf("unknown-type ? run unknown-type\n");
	return 0;
}

/* Carries out "NAME MESSAGE". */
static void
obey(const char *order)
{
	unsigned	 m = 0;
	size_t		 n = strcspn(order, " ");

	if (strncmp(order, "unknown-type", n) == 0) {
		say(MSG_N + 7, 1, -1, STR_NONE);
		return;
	}
	while (m < MSG_N && strcmp(message_name(m), order + n + 1) != 0)
		m++;
	for (size_t i = 0; i < ORDERS && m < MSG_N; i++)
		if (strlen(orders[i].name) == n &&
		    memcmp(orders[i].name, order, n) == 0) {
			orders[i].act(m);
			return;
		}
	_exit(75);
}

/* ---- a child's life ---------------------------------------------------- */

/* It has all it needs. */
static void
be_ready(void)
{
	struct ready	 ready = { { .root = STR("/") } };

	if (strstr(at_start, " READY") != NULL && at_start[0] != 'a') {
		obey(at_start);
		return;
	}
	tell(MSG_READY, 0, &ready);
	if (role == ROLE_LOAD && at_start[0] != '\0')
		obey(at_start);
}

static void
on_frame(const struct frame *f)
{
	static struct arena	 a = ARENA_INIT(1 << 20);
	struct conf_checked	 checked = { true, STR_NONE };
	struct nothing		 nothing;
	union payload		 u;
	struct wire		 w;

	wire_init(&w, f->payload.p, f->payload.n);
	if (message_rule(f->type)->decode(&w, &a, &u) == -1)
		_exit(76);
	switch (f->type) {
	case MSG_CONFINE:
		jail = u.confine;
		break;
	case MSG_PEER:
		if (n_peers < PEERS_KEPT)
			peers[n_peers++] = dup(f->fd);
		break;
	case MSG_CONF_CHECK:
		tell(MSG_CONF_CHECKED, f->id, &checked);
		break;
	case MSG_CONF_COMMIT:
	case MSG_LOG_SINK:
	case MSG_LOAD_START:
		be_ready();
		break;
	case MSG_PING:
		tell(MSG_PONG, f->id, &nothing);
		break;
	case MSG_STOP:
		_exit(0);
	default:
		break;
	}
}

/* Even when its channel is gone it stays: master has to end it. */
static void
hear(void)
{
	struct frame	*f;

	switch (frame_read(&master)) {
	case FRAME_OK:
		while (frame_next(&master, &f) == FRAME_OK)
			on_frame(f);
		break;
	case FRAME_CLOSED:
		for (;;)
			pause();
	default:
		break;
	}
}

static int
orders_socket(void)
{
	struct sockaddr_un	 un = { .sun_family = AF_UNIX };
	int			 s = socket(AF_UNIX, SOCK_DGRAM, 0);

	snprintf(un.sun_path, sizeof(un.sun_path), "%.60s/%s.%u", dir,
	    role_name(role), jail.index);
	unlink(un.sun_path);
	if (s == -1 || bind(s, (struct sockaddr *)&un, sizeof(un)) == -1)
		_exit(77);
	return s;
}

/* An order left for this start; removed. */
static void
take_order(void)
{
	char	 path[PATH_MAX];
	int	 fd;

	snprintf(path, sizeof(path), "%s/next.%s", dir, role_name(role));
	if ((fd = open(path, O_RDONLY)) == -1)
		return;
	if (read(fd, at_start, sizeof(at_start) - 1) <= 0)
		_exit(82);
	close(fd);
	unlink(path);
}

static void
live(void)
{
	struct hello	 h = { role, 0, 0, messages_hash() };
	struct pollfd	 pfd[2] = { { MASTER_FD, POLLIN, 0 },
	    { -1, POLLIN, 0 } };
	char		 order[ORDER_MAX];
	ssize_t		 n;

	frame_init(&master, MASTER_FD, maxlen);
	take_order();
	if (strstr(at_start, " HELLO") != NULL && at_start[0] != 'a')
		obey(at_start);
	else
		tell(MSG_HELLO, 0, &h);
	while (jail.generation == 0)
		hear();
	pfd[1].fd = orders_socket();
	for (;;) {
		poll(pfd, 2, -1);
		if (pfd[0].revents != 0)
			hear();
		if (pfd[1].revents == 0)
			continue;
		n = recv(pfd[1].fd, order, sizeof(order) - 1, 0);
		order[n > 0 ? n : 0] = '\0';
		obey(order);
	}
}

/* Where we stand, and our name there. */
static const char *
find_dir(void)
{
	const char	*exe = (const char *)getauxval(AT_EXECFN);
	const char	*slash = strrchr(exe, '/');
	ssize_t		 n;

	if (strcmp(exe, "/proc/self/exe") != 0) {
		snprintf(dir, sizeof(dir), "%.*s", (int)(slash - exe), exe);
		return slash + 1;
	}
	n = readlink("/proc/dir", dir, sizeof(dir) - 1);
	if (n == -1)
		_exit(78);
	dir[n] = '\0';
	return "postern";
}

/* The role that this directory stands in for. */
static bool
is_evil(const char *name)
{
	char	 path[PATH_MAX], evil[64] = "";
	FILE	*f;

	snprintf(path, sizeof(path), "%s/evil", dir);
	if ((f = fopen(path, "r")) == NULL)
		_exit(79);
	if (fscanf(f, "%63s", evil) != 1)
		_exit(80);
	fclose(f);
	return strcmp(evil, name) == 0;
}

int
main(int argc, char **argv)
{
	const char	*program;
	char		 path[PATH_MAX];

	if (argc != 3)
		errx(64, "usage: evil_child -l ROLE");
	if (strcmp(argv[1], "-l") == 0)
		return list(argv[2]);
	program = find_dir();
	if (!is_evil(argv[2])) {
		snprintf(path, sizeof(path), "%s/%s.real", dir, program);
		execv(path, argv);
		_exit(81);
	}
	role = role_find(program, argv[2]);
	live();
}
