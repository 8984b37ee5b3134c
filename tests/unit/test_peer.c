/*
 * The gate.  For every row of the message table, every role that might
 * receive it and every role that might send it: what is legal arrives at its
 * handler; everything else closes that channel with the right word, and only
 * that channel.
 */
#include "peer_harness.h"

static bool
needs_fd(enum fd_kind kind)
{
	return kind == SEALED_FD || kind == READ_FD || kind == WRITE_FD ||
	    kind == SOCKET_FD ||
	    kind == SINK_FD;
}

/* ---- every row, from every role, to every role ------------------------- */

/* One that says m, to a self that may be told it or not. */
struct row {
	unsigned		 m;
	const struct rule	*rule;
	enum role		 sender, self;
	struct str		 payload;	/* a good one */
};

/* A fresh channel, in a phase in which the row is legal. */
static void
connect_for(struct end *e, const struct row *row)
{
	connect_as(e, row->self, row->sender);
	if (!(row->rule->phases & e->p->phase))
		e->p->phase = row->rule->phases & START ? START : RUN;
}

static void
arrives(const struct row *row)
{
	struct end	 e;

	if (row->rule->kind == KIND_ANSWER)
		return;
	connect_for(&e, row);
	say(&e, row->m, 1, fd_for(row->rule->fd), row->payload);
	assert_string_equal(fault, "");
	assert_int_equal(handled[row->m], 1);
	finish(&e);
}

static void
refuses(const struct row *row, uint32_t id, int fd, struct str payload,
    const char *why)
{
	struct end	 e;

	connect_for(&e, row);
	say(&e, row->m, id, fd, payload);
	refused(&e, row->m, why);
}

static void
refuses_unasked(const struct row *row)
{
	if (row->rule->kind == KIND_ANSWER)
		refuses(row, 12345, fd_for(row->rule->fd), row->payload,
		    "unasked");
}

static void
refuses_shorter(const struct row *row)
{
	if (row->payload.n != 0)
		refuses(row, 1, fd_for(row->rule->fd), str_bytes(
		    row->payload.p, row->payload.n - 1), "malformed");
}

/* One octet behind it, which must not be overlooked. */
static void
refuses_longer(const struct row *row)
{
	struct buf	 b = BUF_INIT(8 << 20);

	buf_put_str(&b, row->payload);
	buf_putc(&b, 0);
	if (b.len <= row->rule->maxlen)
		refuses(row, 1, fd_for(row->rule->fd), buf_str(&b),
		    "malformed");
	buf_clear(&b);
}

/* Longer than any of its kind; the longest would fill the socket. */
static void
refuses_too_long(const struct row *row)
{
	static char	 octets[FRAME_MAX];
	size_t		 n = row->rule->maxlen + 1;

	if (n <= sizeof(octets) - FRAME_HEADER)
		refuses(row, 1, fd_for(row->rule->fd), str_bytes(octets, n),
		    "too-long");
}

static void
refuses_wrong_fd(const struct row *row)
{
	int	 fd = needs_fd(row->rule->fd) ? -1 : open("/", O_RDONLY);

	refuses(row, 1, fd, row->payload, "wrong-fd");
}

static void
refuses_wrong_way(const struct row *row)
{
	struct end	 e;

	connect_as(&e, row->self, row->sender);
	say(&e, row->m, 1, fd_for(row->rule->fd), row->payload);
	refused(&e, row->m, "wrong-way");
}

static void
each_pair(struct row *row, bool legal, void (*try)(const struct row *))
{
	const struct rule	*r = row->rule;

	for (row->self = 0; row->self < ROLE_N; row->self++)
		for (row->sender = 0; row->sender < ROLE_N; row->sender++)
			if (legal == ((r->senders & 1u << row->sender) &&
			    (r->receivers & 1u << row->self)))
				try(row);
}

static void
each_row(bool legal, void (*try)(const struct row *))
{
	for (unsigned m = MSG_HELLO + 1; m < MSG_N; m++) {
		struct sampler	 s = { m + 3, ARENA_INIT(8 << 20), 30 };
		struct buf	 b = BUF_INIT(8 << 20);
		struct row	 row = { .m = m, .rule = message_rule(m) };

		sample_payload(&s, m, &b);
		row.payload = buf_str(&b);
		each_pair(&row, legal, try);
		buf_clear(&b);
		arena_clear(&s.arena);
	}
}

/* The request that an answer of that type would close. */
static uint16_t
asked_by(unsigned answer)
{
	unsigned	 m = 0;

	while (message_rule(m)->kind != KIND_ASK ||
	    message_rule(m)->answer != answer)
		m++;
	return (uint16_t)m;
}

/* One for which this process has no use, though the table lets it pass. */
static void
refuses_unhandled(const struct row *row)
{
	static const struct handlers	 none;
	uint32_t			 id = 1;
	struct end			 e;

	connect_for(&e, row);
	e.p->handlers = &none;
	if (row->rule->kind == KIND_ANSWER) {
		uint16_t	 asked = asked_by(row->m);

		e.p->asked[asked]++;
		id = pending_add(&e.p->pending, asked, (uint16_t)row->m, NULL,
		    NULL, 0);
	}
	say(&e, row->m, id, fd_for(row->rule->fd), row->payload);
	refused(&e, row->m, "unhandled");
}

static void
what_is_legal_arrives(void **state)
{
	(void)state;
	each_row(true, arrives);
}

static void
the_wrong_way_is_refused(void **state)
{
	(void)state;
	each_row(false, refuses_wrong_way);
}

static void
what_nobody_handles_is_refused(void **state)
{
	(void)state;
	each_row(true, refuses_unhandled);
}

static void
what_nobody_asked_is_refused(void **state)
{
	(void)state;
	each_row(true, refuses_unasked);
}

static void
an_octet_less_is_refused(void **state)
{
	(void)state;
	each_row(true, refuses_shorter);
}

static void
an_octet_more_is_refused(void **state)
{
	(void)state;
	each_row(true, refuses_longer);
}

static void
too_long_is_refused(void **state)
{
	(void)state;
	each_row(true, refuses_too_long);
}

static void
the_wrong_descriptor_is_refused(void **state)
{
	(void)state;
	each_row(true, refuses_wrong_fd);
}

/* ---- what depends on what came before ---------------------------------- */

static void
the_first_frame_is_hello(void **state)
{
	struct hello	 h = { ROLE_QUEUED, 3, 5, messages_hash() };
	static const struct {
		enum role	 role;
		uint16_t	 index;
		uint32_t	 generation;
		uint64_t	 table;
		const char	*why;
	} bad[] = {
		{ ROLE_LOG, 3, 5, 0, "wrong-way" },
		{ ROLE_QUEUED, 4, 5, 0, "malformed" },
		{ ROLE_QUEUED, 3, 6, 0, "malformed" },
		{ ROLE_QUEUED, 3, 5, 1, "malformed" },
	};
	struct buf	 b = BUF_INIT(1000);
	struct end	 e;

	(void)state;
	connect_as(&e, ROLE_SMTPD_MX, ROLE_QUEUED);
	hello_put(&b, &h);
	say(&e, MSG_HELLO, 0, -1, buf_str(&b));	/* a second one */
	refused(&e, MSG_HELLO, "wrong-phase");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		connect_as(&e, ROLE_SMTPD_MX, ROLE_QUEUED);
		e.p->greeted = false;
		h = (struct hello){ bad[i].role, bad[i].index,
		    bad[i].generation, messages_hash() + bad[i].table };
		buf_reset(&b);
		hello_put(&b, &h);
		say(&e, MSG_HELLO, 0, -1, buf_str(&b));
		refused(&e, MSG_HELLO, bad[i].why);
	}
	connect_as(&e, ROLE_SMTPD_MX, ROLE_QUEUED);
	e.p->greeted = false;
	say(&e, MSG_PING, 1, -1, STR_NONE);
	refused(&e, MSG_PING, "wrong-phase");
	connect_as(&e, ROLE_SMTPD_MX, ROLE_QUEUED);
	say(&e, MSG_N, 1, -1, STR_NONE);
	refused(&e, MSG_PING, "unknown-type");
	buf_clear(&b);
}

static void
phases_are_kept(void **state)
{
	struct sampler	 s = { 1, ARENA_INIT(8 << 20), 30 };
	struct buf	 b = BUF_INIT(8 << 20);
	struct end	 e;

	(void)state;
	sample_payload(&s, MSG_READY, &b);
	connect_as(&e, ROLE_MASTER, ROLE_QUEUED);
	assert_int_equal(e.p->phase, START);
	e.p->phase = RUN;
	say(&e, MSG_READY, 0, -1, buf_str(&b));
	refused(&e, MSG_READY, "wrong-phase");
	buf_clear(&b);
	arena_clear(&s.arena);
}

static void
credit_is_kept(void **state)
{
	struct auth_check	 a = { .table = 0 };
	struct nothing		 m;
	struct end		 e;

	(void)state;
	/* theirs: one ping at a time, until it is answered */
	connect_as(&e, ROLE_QUEUED, ROLE_MASTER);
	say(&e, MSG_PING, 8, -1, STR_NONE);
	assert_int_equal(peer_send(e.p, PONG, 8, &m), 0);
	say(&e, MSG_PING, 9, -1, STR_NONE);
	assert_int_equal(handled[MSG_PING], 2);
	handled[MSG_PING] = 0;
	say(&e, MSG_PING, 10, -1, STR_NONE);
	refused(&e, MSG_PING, "no-credit");
	/* ours: not one more than agreed */
	connect_as(&e, ROLE_SMTPD_MSA, ROLE_KEYD_AUTH);
	n_lost_requests = 0;
	for (unsigned i = 0; i < 64; i++)
		assert_int_not_equal(peer_ask(e.p, AUTH_CHECK, &a,
		    on_request_lost, &e, 0), 0);
	assert_int_equal(peer_ask(e.p, AUTH_CHECK, &a, on_request_lost, &e,
	    0), 0);
	finish(&e);
	assert_int_equal(n_lost_requests, 64);
}

static void
an_answer_ends_its_request_once(void **state)
{
	struct hosts_ask	 ask = { STR("a.example"), true, false, 25 };
	struct hosts		 h = { .result = NAMES_OK };
	struct buf		 b = BUF_INIT(1000);
	struct end		 e;
	uint32_t		 id, other;

	(void)state;
	connect_as(&e, ROLE_DELIVERD_OUT, ROLE_RESOLVERD);
	n_lost_requests = 0;
	answered = NULL;
	id = peer_ask(e.p, HOSTS_ASK, &ask, on_request_lost, &h, 0);
	other = peer_ask(e.p, HOSTS_ASK, &ask, on_request_lost, &b, 0);
	assert_int_not_equal(id, 0);
	assert_int_not_equal(id, other);
	hosts_put(&b, &h);
	say(&e, MSG_HOSTS, id, -1, buf_str(&b));
	assert_ptr_equal(answered, &h);
	peer_forget(e.p, other);
	say(&e, MSG_HOSTS, other, -1, buf_str(&b));
	assert_null(answered);
	assert_int_equal(handled[MSG_HOSTS], 2);
	handled[MSG_HOSTS] = 0;
	say(&e, MSG_HOSTS, id, -1, buf_str(&b));	/* again */
	refused(&e, MSG_HOSTS, "unasked");
	assert_int_equal(n_lost_requests, 0);
	buf_clear(&b);
}

static void
a_lost_peer_ends_every_request_once(void **state)
{
	struct hosts_ask	 ask = { STR("a.example"), true, false, 25 };
	struct end		 e;

	(void)state;
	connect_as(&e, ROLE_DELIVERD_OUT, ROLE_RESOLVERD);
	n_lost_requests = 0;
	for (int i = 0; i < 100; i++)
		assert_int_not_equal(peer_ask(e.p, HOSTS_ASK, &ask,
		    on_request_lost, &e, 1000), 0);
	frame_clear(&e.ch);
	turn();
	turn();
	assert_int_equal(n_lost, 1);
	assert_int_equal(n_lost_requests, 100);
}

static void
what_was_said_before_the_end_arrives(void **state)
{
	struct end	 e;

	(void)state;
	connect_as(&e, ROLE_QUEUED, ROLE_MASTER);
	frame_put(&e.ch, MSG_STOP, 0, -1, put_raw, &STR_NONE);
	frame_flush(&e.ch);
	frame_clear(&e.ch);
	turn();
	turn();
	assert_int_equal(handled[MSG_STOP], 1);
	assert_int_equal(n_lost, 1);
}

/* A megabyte through the smallest of windows, both ways at once. */
static void
long_messages_pass_a_full_socket(void **state)
{
	static char		 body[BODY_INLINE_MAX];
	struct mail_submit	 m = { .header = str_bytes(body, 60000),
	    .body = str_bytes(body, sizeof(body)) };
	struct peer		*a, *b;
	int			 s[2], size = 4096;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0,
	    s), 0);
	setsockopt(s[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	memset(handled, 0, sizeof(handled));
	n_lost = 0;
	peer_setup(base, ROLE_SMTPD_MX, 1, 1);
	a = peer_new(s[0], ROLE_QUEUED, 2, 2, &all_handlers, on_lost);
	peer_setup(base, ROLE_QUEUED, 2, 2);
	b = peer_new(s[1], ROLE_SMTPD_MX, 1, 1, &all_handlers, on_lost);
	for (int i = 0; i < 20; i++)
		assert_int_not_equal(peer_ask(a, MAIL_SUBMIT, &m, NULL, a, 0),
		    0);
	for (int i = 0; i < 5000 && handled[MSG_MAIL_SUBMIT] < 20; i++)
		turn();
	assert_int_equal(handled[MSG_MAIL_SUBMIT], 20);
	peer_end(a);
	peer_end(b);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(what_is_legal_arrives),
		cmocka_unit_test(the_wrong_way_is_refused),
		cmocka_unit_test(what_nobody_handles_is_refused),
		cmocka_unit_test(what_nobody_asked_is_refused),
		cmocka_unit_test(an_octet_less_is_refused),
		cmocka_unit_test(an_octet_more_is_refused),
		cmocka_unit_test(too_long_is_refused),
		cmocka_unit_test(the_wrong_descriptor_is_refused),
		cmocka_unit_test(the_first_frame_is_hello),
		cmocka_unit_test(phases_are_kept),
		cmocka_unit_test(credit_is_kept),
		cmocka_unit_test(an_answer_ends_its_request_once),
		cmocka_unit_test(a_lost_peer_ends_every_request_once),
		cmocka_unit_test(what_was_said_before_the_end_arrives),
		cmocka_unit_test(long_messages_pass_a_full_socket),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
