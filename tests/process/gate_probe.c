/*
 * The gate of each real program.  For every row of the message table that it
 * receives it is sent a truncated frame, one octet too many, the wrong
 * descriptor, an answer nobody asked for, and the frame from a role that may
 * not send it.  The channel must close, the fault be reported with its word,
 * and the process live.
 *
 * usage: gate_probe BUILD [ROLE]		(needs no root)
 */
#include "driver.h"

#include "sample.h"

/* ---- wrong descriptors ------------------------------------------------- */

static int
directory(void)
{
	return open("/", O_RDONLY);
}

static int
device(void)
{
	return open("/dev/null", O_RDWR);
}

static int
one_end(int type)
{
	int	 s[2];

	if ((type == 0 ? pipe(s) : socketpair(AF_UNIX, type, 0, s)) == -1)
		err(1, "pair");
	close(s[1]);
	return s[0];
}

static int
pipe_end(void)
{
	return one_end(0);
}

static int
datagram_socket(void)
{
	return one_end(SOCK_DGRAM);
}

static int
stream_socket(void)
{
	return one_end(SOCK_STREAM);
}

static int
writable_file(void)
{
	return memfd_create("probe", 0);
}

static int
no_descriptor(void)
{
	return -1;
}

#define KIND(k)	(1u << (k))
#define FILES	(KIND(READ_FD) | KIND(MAY_READ_FD) | KIND(WRITE_FD) | \
		    KIND(MAY_WRITE_FD))
#define SOCKETS	(KIND(SOCKET_FD) | KIND(MAY_SOCKET_FD))

static const struct {
	const char	*name;
	int		(*make)(void);
	unsigned	 wrong_for;	/* kinds */
} wrong_fds[] = {
	{ "directory", directory, KIND(NO_FD) | FILES | SOCKETS },
	{ "device", device, KIND(NO_FD) | FILES | SOCKETS },
	{ "pipe", pipe_end, FILES | SOCKETS },
	{ "datagram socket", datagram_socket, FILES | SOCKETS },
	{ "stream socket", stream_socket, KIND(NO_FD) | FILES },
	{ "writable file", writable_file, KIND(NO_FD) | KIND(SEALED_FD) |
	    KIND(READ_FD) |
	    KIND(MAY_READ_FD) | SOCKETS },
	{ "no descriptor", no_descriptor, KIND(SEALED_FD) |
	    KIND(READ_FD) | KIND(WRITE_FD) |
	    KIND(SOCKET_FD) },
};
#define WRONG_FDS	(sizeof(wrong_fds) / sizeof(wrong_fds[0]))

/* ---- one row ----------------------------------------------------------- */

/* postern-local serves one peer, and leaves in order when that is gone. */
static bool
is_as_it_should_be(struct child *ch)
{
	bool	 ok;

	if (ch->role != ROLE_MAILBOX)
		return lives(ch);
	listen_until(ch, never);
	ok = finish(ch) == 0;
	return start(ch, ch->role) && ok;
}

/* Sends one frame that must be refused for that reason. */
static void
refuses(struct child *ch, enum role from, unsigned m, int fd,
    struct str payload, const char *what, const char *why)
{
	struct frame_channel	 c;
	char			 more[256] = "";

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
	if (!is_as_it_should_be(ch))
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
	for (size_t i = 0; i < WRONG_FDS; i++)
		if (wrong_fds[i].wrong_for & KIND(r->fd))
			refuses(ch, from, m, wrong_fds[i].make(), buf_str(&b),
			    wrong_fds[i].name, "wrong-fd");
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

/* Its threads open and close files of their own meanwhile. */
static bool
has_let_go(struct child *ch, int before)
{
	uint64_t	 until = clock_ms() + DEADLINE_MS;

	while (count_fds(ch) > before && clock_ms() < until)
		take_in(ch, 20);
	return count_fds(ch) <= before;
}

/* Descriptors without frames for them, until no more can wait. */
static void
try_many_fds(struct child *ch, enum role from)
{
	struct frame_channel	 c;
	char			 octet = 120;	/* a frame that is not whole */
	int			 before = count_fds(ch), fd = directory();

	connect_as(ch, from, &c);
	ch->fault[0] = '\0';
	for (size_t i = 0; i <= FRAME_FDS_IN_MAX; i++, octet = 0)
		if (send_fd(c.fd, octet, fd) == -1)
			break;
	close(fd);
	verdict(closes(&c) && listen_until(ch, has_fault) &&
	    strcmp(ch->fault, "malformed-frame") == 0, ch->role,
	    "many descriptors", role_name(from), ch->fault);
	frame_clear(&c);
	verdict(lives(ch) && has_let_go(ch, before), ch->role,
	    "many descriptors", role_name(from), "some stay open");
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
	for (enum role from = 0; from < ROLE_N; from++)
		if (is_peer(role, from) && role != ROLE_MAILBOX)
			try_many_fds(&ch, from);
	verdict(finish(&ch) == 0, role, "end of file on fd 3", "",
	    "it did not leave");
	try_master(role);
}

int
main(int argc, char **argv)
{
	driver_setup(argc, argv);
	for (size_t i = 0; i < DRIVER_ROLES; i++)
		if (argc < 3 ||
		    strcmp(argv[2], role_name(driver_roles[i])) == 0)
			try_role(driver_roles[i]);
	return driver_end();
}
