/*
 * The connection layer on socket pairs: input in all pieces, pauses, output
 * gathered and drained, and the ends of connections.
 */
#include "io.h"

#include "io_harness.h"
#include "io_private.h"

/* ---- input ------------------------------------------------------------- */

static const struct {
	const char	*what;
	const char	*pieces[4];
	const char	*got;
	unsigned	 calls;
} inputs[] = {
	{ "a line", { "abc\n" }, "abc\n", 1 },
	{ "two lines", { "abc\ndef\n" }, "abc\ndef\n", 1 },
	{ "a line in two", { "ab", "c\n" }, "abc\n", 2 },
	{ "more and more", { "a", "b", "c", "\n" }, "abc\n", 4 },
	{ "one and a half", { "abc\nde", "f\n" }, "abc\ndef\n", 2 },
	{ "half left", { "abc\nde" }, "abc\n", 1 },
	{ "nothing whole", { "abc", "de" }, "", 2 },
};

static void
test_input(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(inputs) / sizeof(inputs[0]); i++) {
		print_message("%s\n", inputs[i].what);
		start(SOCK_STREAM);
		for (int j = 0; j < 4 && inputs[i].pieces[j] != NULL; j++) {
			say(inputs[i].pieces[j]);
			spin();
		}
		assert_got(inputs[i].got);
		assert_int_equal(s.calls, inputs[i].calls);
		stop();
	}
}

static void
test_one_octet_at_a_time(void **state)
{
	static const char	 text[] = "MAIL FROM:<>\r\n\nRCPT TO:<a>\r\n";

	(void)state;
	start(SOCK_STREAM);
	s.act = ACT_ECHO;
	for (size_t i = 0; text[i] != '\0'; i++) {
		assert_int_equal(write(peer, &text[i], 1), 1);
		spin();
	}
	assert_got(text);
	assert_said(text);
	stop();
}

static void
fill(size_t n)
{
	static const char	 zeros[4096];
	ssize_t			 r;

	while (n != 0) {
		r = write(peer, zeros, n < sizeof(zeros) ? n : sizeof(zeros));
		assert_true(r > 0);
		n -= (size_t)r;
		spin();
	}
}

static void
test_too_much_left_over(void **state)
{
	(void)state;
	start(SOCK_STREAM);
	fill(IO_READ_MAX - 1);
	assert_int_equal(s.ends, 0);
	fill(1);
	assert_int_equal(s.ends, 1);
	assert_int_equal(s.end, IO_OVERFLOW);
	assert_int_equal(io_write(s.io, str_of("x")), -1);
	stop();
}

/* Paused, it reads no more than it may keep, and that is no overflow. */
static void
test_pause_with_much(void **state)
{
	static const char	 zeros[4096];

	(void)state;
	start(SOCK_STREAM);
	s.act = ACT_PAUSE;
	say("stop\n");
	spin();
	while (write(peer, zeros, sizeof(zeros)) > 0)
		spin();
	assert_int_equal(errno, EAGAIN);
	assert_int_equal(s.calls, 1);
	s.act = ACT_NONE;
	io_resume(s.io);
	assert_int_equal(s.calls, 1);	/* not from within io_resume */
	spin();
	assert_int_equal(s.end, IO_OVERFLOW);
	stop();
}

static void
test_pause_and_resume(void **state)
{
	(void)state;
	start(SOCK_STREAM);
	s.act = ACT_PAUSE;
	say("one\ntwo\nthr");
	spin();
	assert_got("one\n");
	io_resume(s.io);
	spin();
	assert_got("one\ntwo\n");
	say("ee\n");
	spin();
	assert_got("one\ntwo\n");
	io_resume(s.io);
	io_resume(s.io);
	spin();
	assert_got("one\ntwo\nthree\n");
	stop();
}

static void
test_pause_and_resume_at_once(void **state)
{
	(void)state;
	start(SOCK_STREAM);
	s.act = ACT_PAUSE_RESUME;
	say("one\ntwo\nthree\n");
	spin();
	assert_got("one\ntwo\nthree\n");
	assert_int_equal(s.calls, 3);
	stop();
}

/* The end is told behind what came before it, however the loop has it. */
static void
test_resume_before_the_end(void **state)
{
	(void)state;
	start(SOCK_STREAM);
	s.act = ACT_PAUSE;
	say("one\ntwo\n");
	spin();
	shutdown(peer, SHUT_WR);
	io_resume(s.io);
	io_on_readable(-1, EV_READ, s.io);	/* in the same turn */
	assert_int_equal(s.ends, 0);
	spin();
	assert_got("one\ntwo\n");
	assert_int_equal(s.ends, 0);
	io_resume(s.io);
	spin();
	assert_int_equal(s.ends, 1);
	assert_int_equal(s.end, IO_EOF);
	stop();
}

static void
test_discard(void **state)
{
	(void)state;
	start(SOCK_STREAM);
	s.act = ACT_DISCARD;
	say("STARTTLS\nevil\n");
	spin();
	say("left over");
	spin();
	io_discard_input(s.io);
	say("fine\n");
	spin();
	assert_got("STARTTLS\nfine\n");
	stop();
}

/* ---- ends -------------------------------------------------------------- */

static void
test_half_close(void **state)
{
	(void)state;
	start(SOCK_STREAM);
	say("QUIT\n");
	assert_int_equal(shutdown(peer, SHUT_WR), 0);
	spin();
	assert_got("QUIT\n");
	assert_int_equal(s.ends, 1);
	assert_int_equal(s.end, IO_EOF);
	assert_int_equal(io_printf(s.io, "%d %s\n", 221, "bye"), 0);
	io_finish(&s.io, 1000);
	assert_null(s.io);
	spin();
	assert_said("221 bye\n");
	assert_said("EOF");
	stop();
}

/* EOF waits behind what a paused session has not seen. */
static void
test_eof_while_paused(void **state)
{
	(void)state;
	start(SOCK_STREAM);
	s.act = ACT_PAUSE;
	say("one\ntwo\n");
	shutdown(peer, SHUT_WR);
	spin();
	assert_int_equal(s.ends, 0);
	s.act = ACT_NONE;
	io_resume(s.io);
	spin();
	assert_got("one\ntwo\n");
	assert_int_equal(s.end, IO_EOF);
	stop();
}

static void
test_peer_gone(void **state)
{
	(void)state;
	start(SOCK_STREAM);
	close(peer);
	peer = -1;
	spin();
	assert_int_equal(s.end, IO_EOF);
	assert_int_equal(io_write(s.io, str_of("x")), 0);
	spin();
	assert_int_equal(s.ends, 2);
	assert_int_equal(s.end, IO_ERROR);
	assert_int_equal(s.error, EPIPE);
	assert_int_equal(io_write(s.io, str_of("x")), -1);
	spin();
	assert_int_equal(s.ends, 2);
	stop();
}

/* The last words arrive though the peer goes on sending. */
static void
test_finish_lingers(void **state)
{
	char	 in[16];

	(void)state;
	start(SOCK_STREAM);
	s.act = ACT_FINISH;
	say("enough\nbut there is more\n");
	spin();
	fill(300000);
	assert_said("bye\n");
	assert_said("EOF");
	assert_int_equal(shutdown(peer, SHUT_WR), 0);
	spin();
	assert_int_equal(read(peer, in, sizeof(in)), 0);
	stop();
}

static void
test_finish_gives_up(void **state)
{
	unsigned	 never = 0;
	uint64_t	 end = clock_ms() + PATIENCE_MS;
	char		 octet;

	(void)state;
	start(SOCK_STREAM);
	s.to_send = IO_OUT_LOW * 8;	/* no socket pair holds so much */
	while (s.to_send != 0) {
		assert_int_equal(io_write(s.io, str_of("12345678")), 0);
		s.to_send -= 8;
	}
	spin();
	io_finish(&s.io, 20);
	/* the peer reads nothing until it is over */
	while (send(peer, "x", 1, MSG_NOSIGNAL) == 1 && clock_ms() < end)
		event_base_loop(base, EVLOOP_NONBLOCK);
	assert_int_equal(errno, EPIPE);
	assert_int_equal(read(peer, &octet, 1), 1);
	assert_int_equal(s.ends, never);
	stop();
}

/* ---- output ------------------------------------------------------------ */

/* A packet socket shows what was one system call. */
static void
test_gathered(void **state)
{
	(void)state;
	start(SOCK_SEQPACKET);
	io_write(s.io, str_of("250-one\n"));
	io_write(s.io, str_of("250-two\n"));
	assert_int_equal(io_waiting(s.io), 16);
	io_printf(s.io, "250 %s\n", "three");
	assert_said("");
	spin();
	assert_said("250-one\n250-two\n250 three\n");
	assert_int_equal(io_waiting(s.io), 0);
	stop();
}

static void
test_long_printf(void **state)
{
	char	 long_text[5001], in[6000];

	(void)state;
	memset(long_text, 'x', 5000);
	long_text[5000] = '\0';
	start(SOCK_STREAM);
	assert_int_equal(io_printf(s.io, "<%s>", long_text), 0);
	spin();
	assert_int_equal(read(peer, in, sizeof(in)), 5002);
	assert_int_equal(in[5001], '>');
	stop();
}

static void
test_drained(void **state)
{
	static char	 in[65536];
	size_t		 total = 0;
	ssize_t		 n;

	(void)state;
	start(SOCK_STREAM);
	s.to_send = 3000000;
	send_more();
	assert_true(io_waiting(s.io) >= IO_OUT_LOW);
	assert_int_equal(s.drains, 0);
	for (int i = 0; i < 1000; i++) {
		spin();
		if ((n = read(peer, in, sizeof(in))) > 0)
			total += (size_t)n;
	}
	assert_int_equal(total, 3000000);
	assert_int_equal(s.to_send, 0);
	assert_true(s.drains >= 3000000 / (IO_OUT_LOW + 5000));
	stop();
}

static void
test_reader_too_slow(void **state)
{
	static const char	 piece[8192];
	int			 r;

	(void)state;
	start(SOCK_STREAM);
	do {
		r = io_write(s.io, str_bytes(piece, sizeof(piece)));
		assert_true(io_waiting(s.io) <= IO_OUT_MAX);
		assert_int_equal(s.ends, 0);	/* not from io_write */
	} while (r == 0);
	spin();
	assert_int_equal(s.ends, 1);
	assert_int_equal(s.end, IO_OVERFLOW);
	assert_int_equal(io_write(s.io, str_of("x")), -1);
	spin();
	assert_int_equal(s.ends, 1);
	stop();
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(test_input),
		cmocka_unit_test(test_one_octet_at_a_time),
		cmocka_unit_test(test_too_much_left_over),
		cmocka_unit_test(test_pause_with_much),
		cmocka_unit_test(test_pause_and_resume),
		cmocka_unit_test(test_pause_and_resume_at_once),
		cmocka_unit_test(test_resume_before_the_end),
		cmocka_unit_test(test_discard),
		cmocka_unit_test(test_half_close),
		cmocka_unit_test(test_eof_while_paused),
		cmocka_unit_test(test_peer_gone),
		cmocka_unit_test(test_finish_lingers),
		cmocka_unit_test(test_finish_gives_up),
		cmocka_unit_test(test_gathered),
		cmocka_unit_test(test_long_printf),
		cmocka_unit_test(test_drained),
		cmocka_unit_test(test_reader_too_slow),
	};

	return run_io_tests(tests, sizeof(tests) / sizeof(tests[0]));
}
