/*
 * Random frames to each real program, from each role that may talk to it:
 * well-formed payloads full of nonsense, the same with octets changed, cut,
 * or added, wrong ids and descriptors, and headers that cannot be.  Channels
 * that the program closes are opened anew.  It must live through all of it,
 * and have as many descriptors afterwards as before.
 *
 * usage: fuzz_probe BUILD [ROLE [FRAMES [SEED]]]	(needs no root)
 */
#include <sys/resource.h>

#include "driver.h"

#include "sample.h"

#define FRAMES		20000		/* to each role */
#define BURST		2		/* about so many, then its answers */
#define LINKS_MAX	ROLE_N
#define SETTLE_MS	DEADLINE_MS	/* to let go of what it had open */
#define PAYLOAD_MAX	(8 << 20)

/* A role we play; its channel is up, or fd -1. */
struct link {
	enum role		 role;
	struct frame_channel	 c;
	enum message		 may[MSG_N];	/* what it may send */
	size_t			 n_may;
};

static struct link	 links[LINKS_MAX];
static size_t		 n_links;
static struct sampler	 chance;
static unsigned		 frames = FRAMES;

static size_t
below(size_t n)
{
	return (size_t)(sample_number(&chance) % n);
}

/* ---- frames ------------------------------------------------------------ */

static void
spoil(struct buf *b)
{
	char	*p = buf_data(b);

	switch (below(4)) {
	case 0:				/* an octet, or some */
		for (size_t i = below(4) + 1; i > 0 && b->len != 0; i--)
			p[below(b->len)] = (char)sample_number(&chance);
		break;
	case 1:				/* a count or length that is huge */
		if (b->len >= 4)
			memset(p + below(b->len - 3), 0xff, 4);
		break;
	case 2:
		if (b->len != 0)
			buf_truncate(b, below(b->len));
		break;
	default:
		for (size_t i = below(8) + 1; i > 0; i--)
			buf_putc(b, (char)sample_number(&chance));
		break;
	}
}

static int
random_fd(enum fd_kind kind)
{
	switch (below(16)) {
	case 0:
		return open("/dev/null", O_RDWR);
	case 1:
		return right_fd((enum fd_kind)below(SINK_FD));
	case 2:
		return -1;
	default:
		return right_fd(kind);
	}
}

/* What a process answers to is known by small numbers; so guess small. */
static uint32_t
random_id(const struct rule *r)
{
	if (r->kind == KIND_ASK || below(8) == 0)
		return (uint32_t)sample_number(&chance);
	return (uint32_t)below(4);
}

static void
send_message(struct link *l)
{
	struct sampler		 s = { sample_number(&chance),
	    ARENA_INIT(PAYLOAD_MAX), below(4) == 0 ? 2000 : 20 };
	struct buf		 b = BUF_INIT(PAYLOAD_MAX);
	enum message		 m = below(16) == 0 ?
	    (enum message)below(MSG_N) : l->may[below(l->n_may)];
	const struct rule	*r = message_rule(m);

	sample_payload(&s, m, &b);
	if (below(4) == 0)
		spoil(&b);
	say(&l->c, below(64) == 0 ? (unsigned)below(65536) : m, random_id(r),
	    random_fd(r->fd), buf_str(&b));
	buf_clear(&b);
	arena_clear(&s.arena);
}

/* Octets that need not be a frame at all. */
static void
send_octets(struct link *l)
{
	char	 octets[64];
	size_t	 n = below(sizeof(octets)) + 1;

	sample_bytes(&chance, (uint8_t *)octets, n);
	if (n >= 4 && below(2) == 0) {		/* a length that can be */
		octets[0] = (char)n;
		octets[1] = octets[2] = octets[3] = 0;
	}
	if (send(l->c.fd, octets, n, MSG_NOSIGNAL | MSG_DONTWAIT) == -1)
		return;
}

/* ---- channels ---------------------------------------------------------- */

/* Takes what it says; the channel is cleared when the program closed it. */
static void
drain(struct link *l)
{
	enum frame_result	 r = FRAME_OK;
	struct frame		*f;

	while (l->c.fd != -1 && r == FRAME_OK) {
		if ((r = frame_read(&l->c)) == FRAME_CLOSED)
			frame_clear(&l->c);
		while (r == FRAME_OK && frame_next(&l->c, &f) == FRAME_OK)
			;
	}
}

static void
shake(struct child *ch, struct link *l)
{
	if (l->c.fd == -1)
		connect_as(ch, l->role, &l->c);
	if (below(64) == 0)
		send_octets(l);
	else
		send_message(l);
	if (below(256) == 0)
		frame_clear(&l->c);	/* we die */
}

static void
make_links(enum role role)
{
	n_links = 0;
	for (enum role from = 0; from < ROLE_N; from++) {
		struct link	*l = &links[n_links];

		if (!is_peer(role, from))
			continue;
		*l = (struct link){ .role = from, .c.fd = -1 };
		for (unsigned m = MSG_HELLO + 1; m < MSG_N; m++)
			if (message_rule(m)->senders & 1u << from &&
			    message_rule(m)->receivers & 1u << role)
				l->may[l->n_may++] = m;
		/* one that only answers still has a channel */
		if (l->n_may != 0)
			n_links++;
	}
}

static void
close_links(void)
{
	for (size_t i = 0; i < n_links; i++)
		if (links[i].c.fd != -1)
			frame_clear(&links[i].c);
}

/* All frames; false when it died on the way, near frame *at. */
static bool
shake_all(struct child *ch, unsigned *at)
{
	for (*at = 0; *at < frames; (*at)++) {
		shake(ch, &links[below(n_links)]);
		if (below(BURST) != 0)
			continue;
		/* by its pong it has seen them, and closed what it closes */
		if (!lives(ch))
			return false;
		for (size_t i = 0; i < n_links; i++)
			drain(&links[i]);
	}
	return lives(ch);
}

/* ---- the roles --------------------------------------------------------- */

static void
check_fds(struct child *ch, int before)
{
	uint64_t	 until = clock_ms() + SETTLE_MS;
	char		 more[64];
	int		 now;

	if (before == -1)
		return;			/* we may not look */
	if (ch->role == ROLE_STATE)
		before++;		/* its log, with the first count */
	while ((now = count_fds(ch)) > before && clock_ms() < until)
		take_in(ch, 20);
	snprintf(more, sizeof(more), "%d before, %d now", before, now);
	verdict(now <= before, ch->role, "descriptors", "", more);
}

static void
try_role(enum role role, uint64_t seed)
{
	struct child	 ch;
	unsigned	 at = 0;
	char		 more[128];
	int		 before, status;
	bool		 ok;

	chance.state = seed;
	make_links(role);
	if (n_links == 0)
		return;
	if (!start(&ch, role) || !lives(&ch)) {
		verdict(false, role, "start", "", "it did not get READY");
		finish(&ch);
		return;
	}
	before = count_fds(&ch);
	ok = shake_all(&ch, &at);
	close_links();
	if (ok)
		check_fds(&ch, before);
	ok = ok && lives(&ch);
	printf("%s: %u faults reported\n", role_name(role), ch.n_faults);
	status = finish(&ch);
	snprintf(more, sizeof(more), "seed %llu, at about frame %u: wait "
	    "status %x", (unsigned long long)seed, at, (unsigned)status);
	verdict(ok && status == 0, role, "random frames", "", more);
}

int
main(int argc, char **argv)
{
	const struct rlimit	 none = { 0, 0 };
	uint64_t		 seed = argc > 4 ? strtoull(argv[4], NULL, 0) :
	    5321;

	driver_setup(argc, argv);
	setrlimit(RLIMIT_CORE, &none);
	if (argc > 3)
		frames = (unsigned)atoi(argv[3]);
	printf("seed %llu, %u frames to each role\n",
	    (unsigned long long)seed, frames);
	for (size_t i = 0; i < DRIVER_ROLES; i++)
		if (driver_roles[i] != ROLE_MAILBOX &&	/* serves one peer */
		    (argc < 3 ||
		    strcmp(argv[2], role_name(driver_roles[i])) == 0))
			try_role(driver_roles[i], seed);
	return driver_end();
}
