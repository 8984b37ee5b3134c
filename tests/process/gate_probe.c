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

static int
wrong_fd(enum fd_kind kind)
{
	return kind == NO_FD || kind == MAY_READ_FD || kind == MAY_WRITE_FD ||
	    kind == MAY_SOCKET_FD ? open("/", O_RDONLY) : -1;
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
