/*
 * The connection layer: freed in each of its callbacks, deadlines,
 * connecting, and a filter between network and session.
 */
#include "io.h"

#include "io_harness.h"

/* ---- freed in its callbacks -------------------------------------------- */

static void
test_free_in_data(void **state)
{
	(void)state;
	start(SOCK_STREAM);
	s.act = ACT_FREE;
	say("one\ntwo\n");
	spin();
	assert_got("one\n");
	assert_null(s.io);
	assert_said("EOF");
	stop();
}

/* The same with what was left over, which is its own memory. */
static void
test_free_in_data_again(void **state)
{
	(void)state;
	start(SOCK_STREAM);
	s.act = ACT_FREE;
	say("on");
	spin();
	say("e\ntwo\n");
	spin();
	assert_got("one\n");
	assert_null(s.io);
	stop();
}

static void
test_free_in_ended(void **state)
{
	(void)state;
	start(SOCK_STREAM);
	s.free_at_end = true;
	io_deadline(s.io, 1000);
	io_write(s.io, str_of("x"));
	shutdown(peer, SHUT_WR);
	spin();
	assert_null(s.io);
	stop();

	start(SOCK_STREAM);		/* and by an error in writing */
	s.free_at_end = true;
	s.act = ACT_PAUSE;
	say("stop\n");
	spin();
	close(peer);
	peer = -1;
	io_write(s.io, str_of("x"));
	spin();
	assert_null(s.io);
	assert_int_equal(s.end, IO_ERROR);
	stop();
}

static void
test_free_in_drained(void **state)
{
	static char	 in[2 * IO_OUT_LOW];

	(void)state;
	start(SOCK_STREAM);
	s.to_send = IO_OUT_LOW + 1;
	send_more();
	s.act = ACT_FREE;
	spin();
	assert_int_equal(s.drains, 0);	/* the peer has taken nothing yet */
	assert_true(read(peer, in, sizeof(in)) > 0);
	spin();
	assert_null(s.io);
	assert_int_equal(s.drains, 1);
	stop();
}

/* Work that was waiting for the end of the turn goes with it. */
static void
test_free_before_turn(void **state)
{
	(void)state;
	start(SOCK_STREAM);
	s.act = ACT_PAUSE;
	say("one\ntwo\n");
	spin();
	io_write(s.io, str_of("never sent"));
	io_resume(s.io);
	io_free(&s.io);
	spin();
	assert_got("one\n");
	stop();
}

static void
count_closed(void *arg)
{
	++*(unsigned *)arg;
}

/* Told once, when the descriptor is really gone. */
static void
test_on_close(void **state)
{
	unsigned	 closed = 0;

	(void)state;
	start(SOCK_STREAM);
	io_on_close(s.io, count_closed, &closed);
	spin();
	assert_int_equal(closed, 0);
	io_free(&s.io);
	assert_int_equal(closed, 1);
	stop();

	start(SOCK_STREAM);
	io_on_close(s.io, count_closed, &closed);
	io_pause(s.io);
	say("not read\n");
	spin();
	io_finish(&s.io, 20);
	spin();
	assert_int_equal(closed, 1);
	wait_for(&closed, 1);
	assert_int_equal(closed, 2);
	stop();
}

/* ---- deadlines --------------------------------------------------------- */

static void
test_deadline(void **state)
{
	(void)state;
	start(SOCK_STREAM);
	io_deadline(s.io, 10);
	wait_for(&s.ends, 0);
	assert_int_equal(s.end, IO_TIMEOUT);
	assert_int_equal(io_write(s.io, str_of("421 too slow\n")), 0);
	io_finish(&s.io, 1000);
	spin();
	assert_said("421 too slow\n");
	assert_said("EOF");
	stop();
}

/* It is moved, nearer and farther, and only the last one counts. */
static void
test_deadline_moves(void **state)
{
	uint64_t	 begin = clock_ms();

	(void)state;
	start(SOCK_STREAM);
	io_deadline(s.io, 1);
	io_deadline(s.io, 60000);
	io_deadline(s.io, 5);
	io_deadline(s.io, 40);
	wait_for(&s.ends, 0);
	assert_true(clock_ms() - begin >= 40);
	stop();

	start(SOCK_STREAM);
	io_deadline(s.io, 1);
	io_deadline(s.io, 0);
	begin = clock_ms();
	while (clock_ms() < begin + 10)
		spin();
	assert_int_equal(s.ends, 0);
	stop();
}

/* For the whole stage: octets that trickle in do not move it. */
static void
test_deadline_of_stage(void **state)
{
	(void)state;
	start(SOCK_STREAM);
	io_deadline(s.io, 20);
	while (s.ends == 0) {
		assert_true(s.calls < PATIENCE_MS);
		say("x");
		spin();
		usleep(1000);
	}
	assert_int_equal(s.end, IO_TIMEOUT);
	stop();
}

/* ---- connecting -------------------------------------------------------- */

static const struct netaddr	 anywhere;

static struct netaddr
listen_on_loopback(int backlog)
{
	struct sockaddr_storage	 ss;
	struct netaddr		 addr;
	socklen_t		 len;

	assert_int_equal(netaddr_parse(&addr, str_of("127.0.0.1")), 0);
	len = netaddr_to_sockaddr(&addr, &ss);
	peer = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	assert_int_equal(bind(peer, (struct sockaddr *)&ss, len), 0);
	if (backlog != -1)
		assert_int_equal(listen(peer, backlog), 0);
	assert_int_equal(getsockname(peer, (struct sockaddr *)&ss, &len), 0);
	assert_int_equal(netaddr_from_sockaddr(&addr, (struct sockaddr *)&ss,
	    len), 0);
	s = (struct session){ .got = BUF_INIT(GOT_MAX) };
	return addr;
}

static void
test_connect(void **state)
{
	struct netaddr	 addr = listen_on_loopback(5), source = addr;
	int		 fd;

	(void)state;
	source.port = 0;
	s.io = io_connect(&addr, &source, &ops, on_connected, &s);
	assert_non_null(s.io);
	assert_int_equal(io_write(s.io, str_of("EHLO\n")), 0);
	assert_int_equal(s.connects, 0);
	wait_for(&s.connects, 0);
	assert_int_equal(s.error, 0);
	assert_true(netaddr_equal(io_remote(s.io), &addr));
	assert_int_equal(io_remote(s.io)->port, addr.port);
	assert_true(netaddr_equal(io_local(s.io), &source));
	fd = accept4(peer, NULL, NULL, SOCK_NONBLOCK);
	close(peer);
	peer = fd;
	spin();
	assert_said("EHLO\n");
	say("250 hi\n");
	wait_for(&s.calls, 0);
	assert_got("250 hi\n");
	stop();
}

static void
test_connect_refused(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		struct netaddr	 addr = listen_on_loopback(-1);

		s.act = i == 0 ? ACT_NONE : ACT_FREE;
		s.io = io_connect(&addr, &anywhere, &ops, on_connected, &s);
		if (s.io == NULL) {
			assert_int_equal(errno, ECONNREFUSED);
		} else {
			wait_for(&s.connects, 0);
			assert_int_equal(s.error, ECONNREFUSED);
			assert_int_equal(s.ends, 0);
		}
		stop();
	}
}

/* A listener whose queue is full does not answer. */
static void
test_connect_timeout(void **state)
{
	struct netaddr	 addr = listen_on_loopback(0);
	struct io	*others[3];

	(void)state;
	for (int i = 0; i < 3; i++) {
		others[i] = io_connect(&addr, &anywhere, &ops, on_connected,
		    &s);
		spin();
	}
	s.connects = 0;
	s.io = io_connect(&addr, &anywhere, &ops, on_connected, &s);
	assert_non_null(s.io);
	io_deadline(s.io, 10);
	wait_for(&s.connects, 0);
	assert_int_equal(s.error, ETIMEDOUT);
	assert_int_equal(s.ends, 0);
	for (int i = 0; i < 3; i++)
		io_free(&others[i]);
	stop();
}

/* ---- a filter ---------------------------------------------------------- */

#define KEY	0x20

static unsigned	 filters_freed;

static int
mangle(struct buf *from, struct buf *to)
{
	for (size_t i = 0; i < from->len; i++)
		if (buf_putc(to, buf_data(from)[i] ^ KEY) == -1)
			return -1;
	buf_consume(from, from->len);
	return 0;
}

/* Whole pairs of octets, as a record comes whole or not; '!' is an error. */
static int
xor_in(void *state, struct buf *wire, struct buf *plain, struct buf *out)
{
	(void)state;
	while (wire->len >= 2) {
		struct str	 pair = { buf_data(wire), 2 };

		if (pair.p[0] == '!')
			return -1;
		if (pair.p[0] == '?' && buf_puts(out, "??") == -1)
			return -1;	/* an answer of the filter itself */
		for (int i = 0; i < 2 && pair.p[0] != '?'; i++)
			if (buf_putc(plain, pair.p[i] ^ KEY) == -1)
				return -1;
		buf_consume(wire, 2);
	}
	return 0;
}

static int
xor_out(void *state, struct buf *plain, struct buf *out)
{
	(void)state;
	return mangle(plain, out);
}

static void
xor_free(void *state)
{
	(void)state;
	filters_freed++;
}

static const struct io_filter	 xor_filter = {
	.incoming = xor_in, .outgoing = xor_out, .free = xor_free,
};

static void
start_filtered(void)
{
	start(SOCK_STREAM);
	filters_freed = 0;
	io_write(s.io, str_of("go\n"));
	io_set_filter(s.io, &xor_filter, NULL);
	spin();
	assert_said("go\n");		/* written before it was set */
}

static void
test_filter(void **state)
{
	(void)state;
	start_filtered();
	s.act = ACT_ECHO;
	say("A");
	spin();
	assert_int_equal(s.calls, 0);
	say("BC");
	spin();
	say("D*");			/* '*' ^ KEY is a newline */
	spin();
	assert_got("");
	say("?");
	spin();
	assert_got("abcd\n");
	assert_said("ABCD*");
	say("??");
	spin();
	assert_said("??");
	assert_int_equal(filters_freed, 0);
	stop();
	assert_int_equal(filters_freed, 1);
}

static void
test_filter_pauses(void **state)
{
	(void)state;
	start_filtered();
	s.act = ACT_PAUSE;
	say("A*B*C*");
	spin();
	assert_got("a\n");
	io_filter_ready(s.io);		/* changes nothing of the pause */
	spin();
	assert_got("a\n");
	io_resume(s.io);
	spin();
	io_resume(s.io);
	spin();
	assert_got("a\nb\nc\n");
	stop();
}

static void
test_filter_fails(void **state)
{
	(void)state;
	start_filtered();
	s.free_at_end = true;
	say("!!");
	spin();
	assert_int_equal(s.end, IO_ERROR);
	assert_int_equal(s.error, EPROTO);
	assert_int_equal(filters_freed, 1);
	stop();
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(test_on_close),
		cmocka_unit_test(test_free_in_data),
		cmocka_unit_test(test_free_in_data_again),
		cmocka_unit_test(test_free_in_ended),
		cmocka_unit_test(test_free_in_drained),
		cmocka_unit_test(test_free_before_turn),
		cmocka_unit_test(test_deadline),
		cmocka_unit_test(test_deadline_moves),
		cmocka_unit_test(test_deadline_of_stage),
		cmocka_unit_test(test_connect),
		cmocka_unit_test(test_connect_refused),
		cmocka_unit_test(test_connect_timeout),
		cmocka_unit_test(test_filter),
		cmocka_unit_test(test_filter_pauses),
		cmocka_unit_test(test_filter_fails),
	};

	return run_io_tests(tests, sizeof(tests) / sizeof(tests[0]));
}
