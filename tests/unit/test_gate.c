/*
 * The gate by itself: which descriptors pass as what, who may say HELLO, and
 * what needs an id.  That each row of the table is kept is in test_peer.
 */
#include "peer_harness.h"

#include <sys/un.h>

#include "gate.h"

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))

/* ---- descriptors ------------------------------------------------------- */

static char	 name[] = "/tmp/test_gate.XXXXXX";

static int
sealed(void)
{
	return sealed_new("test", str_of("x"));
}

static int
memory(void)
{
	return memfd_create("test", 0);
}

static int
to_read(void)
{
	return open(name, O_RDONLY);
}

static int
to_write(void)
{
	return open(name, O_WRONLY);
}

static int
directory(void)
{
	return open("/", O_RDONLY);
}

static int
null_to_read(void)
{
	return open("/dev/null", O_RDONLY);
}

static int
null_to_write(void)
{
	return open("/dev/null", O_WRONLY);
}

static int
stream(void)
{
	return fd_for(SOCKET_FD);
}

static int
datagrams(void)
{
	int	 s[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM, 0, s), 0);
	close(s[1]);
	return s[0];
}

/* A socket by its name alone: it looks like one, and nothing can be done. */
static int
name_of_a_socket(void)
{
	struct sockaddr_un	 sun = { .sun_family = AF_UNIX };
	int			 fd, s = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s.s", name);
	assert_int_equal(bind(s, (struct sockaddr *)&sun, sizeof(sun)), 0);
	close(s);
	fd = open(sun.sun_path, O_PATH);
	unlink(sun.sun_path);
	return fd;
}

static int
pipe_to_write(void)
{
	int	 p[2];

	assert_int_equal(pipe(p), 0);
	close(p[0]);
	return p[1];
}

static int
not_open(void)
{
	/* a number that nothing which is made meanwhile gets */
	int	 fd = fcntl(0, F_DUPFD, 900);

	close(fd);
	return fd;
}

#define AS(kind)	(1u << (kind))
#define AS_READ		(AS(READ_FD) | AS(MAY_READ_FD))
#define AS_WRITE	(AS(WRITE_FD) | AS(MAY_WRITE_FD) | AS(SINK_FD))
#define AS_SOCKET	(AS(SOCKET_FD) | AS(MAY_SOCKET_FD))

/* what each may pass as */
static const struct {
	const char	*what;
	int		(*make)(void);
	unsigned	 as;
} descriptors[] = {
	{ "sealed", sealed, AS(SEALED_FD) | AS_READ | AS_WRITE },
	{ "memory", memory, AS_WRITE },
	{ "to_read", to_read, AS_READ },
	{ "to_write", to_write, AS_WRITE },
	{ "directory", directory, 0 },
	{ "null_to_read", null_to_read, 0 },
	{ "null_to_write", null_to_write, AS(SINK_FD) },
	{ "stream", stream, AS_SOCKET | AS(SINK_FD) },
	{ "datagrams", datagrams, AS(SINK_FD) },
	{ "name_of_a_socket", name_of_a_socket, 0 },
	{ "pipe_to_write", pipe_to_write, AS(SINK_FD) },
	{ "not_open", not_open, 0 },
};

static enum role
first_of(uint32_t roles)
{
	unsigned	 role = 0;

	while (!(roles & 1u << role))
		role++;
	return (enum role)role;
}

/* The gate's word about m, from one that may say it, with that id and fd. */
static enum verdict
judge(unsigned m, uint32_t id, int fd)
{
	const struct rule	*r = message_rule(m);
	struct sampler		 s = { m + 3, ARENA_INIT(8 << 20), 30 };
	struct buf		 b = BUF_INIT(8 << 20);
	union payload		 u;
	void			*asker;
	struct frame		 f = { .type = (uint16_t)m, .id = id,
	    .fd = fd };
	struct end		 e;
	enum verdict		 v;

	connect_as(&e, first_of(r->receivers), first_of(r->senders));
	e.p->phase = r->phases & START ? START : RUN;
	sample_payload(&s, m, &b);
	f.payload = buf_str(&b);
	v = gate_check(e.p, &f, &u, &asker);
	finish(&e);
	buf_clear(&b);
	arena_clear(&s.arena);
	return v;
}

static void
check_descriptor(size_t i, unsigned m)
{
	enum fd_kind	 kind = message_rule(m)->fd;
	int		 fd = descriptors[i].make();
	bool		 fits = judge(m, 1, fd) != WRONG_FD;

	if (fits != ((descriptors[i].as & AS(kind)) != 0))
		fail_msg("%s with %s: %d", message_name(m),
		    descriptors[i].what, fits);
	if (descriptors[i].make != not_open)
		close(fd);
}

static void
each_descriptor_is_what_it_must_be(void **state)
{
	int	 fd = mkstemp(name);

	(void)state;
	assert_int_not_equal(fd, -1);
	close(fd);
	for (size_t i = 0; i < COUNT(descriptors); i++)
		for (unsigned m = MSG_HELLO + 1; m < MSG_N; m++)
			check_descriptor(i, m);
	unlink(name);
}

/* ---- requests and the first word --------------------------------------- */

/* An answer could not be told from one to nobody. */
static void
a_request_has_an_id(void **state)
{
	(void)state;
	for (unsigned m = MSG_HELLO + 1; m < MSG_N; m++)
		if (message_rule(m)->kind == KIND_ASK) {
			int	 fd = fd_for(message_rule(m)->fd);

			assert_int_equal(judge(m, 0, fd), MALFORMED);
			assert_int_equal(judge(m, 1, fd), ACCEPTED);
			if (fd != -1)
				close(fd);
		}
}

/* What the gate says to a HELLO of that role where nobody is expected. */
static enum verdict
hello_to_anybody(enum role self, enum role says, enum role *taken_for)
{
	struct hello	 h = { says, 0, 0, messages_hash() };
	struct buf	 b = BUF_INIT(100);
	union payload	 u;
	void		*asker;
	struct frame	 f = { .type = MSG_HELLO, .fd = -1 };
	struct end	 e;
	enum verdict	 v;

	connect_as(&e, self, ROLE_SMTPD_MX);
	e.p->role = ROLE_N;
	e.p->greeted = false;
	hello_put(&b, &h);
	f.payload = buf_str(&b);
	v = gate_check(e.p, &f, &u, &asker);
	*taken_for = e.p->role;
	finish(&e);
	buf_clear(&b);
	return v;
}

/* At the control socket there is posternctl, and nobody else. */
static void
only_posternctl_comes_unannounced(void **state)
{
	enum role	 role;

	(void)state;
	for (unsigned says = 0; says < ROLE_N; says++) {
		enum verdict	 v = hello_to_anybody(ROLE_QUEUED,
		    (enum role)says, &role);

		assert_int_equal(v, says == ROLE_CTL ? ACCEPTED : WRONG_WAY);
		assert_int_equal(role, says == ROLE_CTL ? ROLE_CTL : ROLE_N);
	}
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(each_descriptor_is_what_it_must_be),
		cmocka_unit_test(a_request_has_an_id),
		cmocka_unit_test(only_posternctl_comes_unannounced),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
