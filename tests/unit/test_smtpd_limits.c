/*
 * Limits, each one below it, at it and above it: lines, recipients, header
 * and message size, errors, time, memory of all sessions; bodies that travel
 * as a file; and the stop.
 */
#include "smtpd_harness.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "smtp.h"

#define HI	"HELO c.example\r\n"
#define FROM	"MAIL FROM:<a@b.example>\r\n"
#define TO	"RCPT TO:<ok@example.org>\r\n"
#define TO_DATA	HI FROM TO "DATA\r\n"

static struct buf	 text = BUF_INIT(64 << 20);

static void
fill(size_t n, int c)
{
	memset(buf_room(&text, n), c, n);
	buf_added(&text, n);
}

/* n octets in lines, the last of which ends with CRLF. */
static void
fill_lines(size_t n)
{
	while (n > 100) {
		fill(78, 'x');
		buf_puts(&text, "\r\n");
		n -= 80;
	}
	fill(n - 2, 'y');
	buf_puts(&text, "\r\n");
}

static size_t
count(const char *what)
{
	const char	*p = harness_told();
	size_t		 n = 0;

	while ((p = strstr(p, what)) != NULL) {
		p++;
		n++;
	}
	return n;
}

/* ---- lines ------------------------------------------------------------- */

static void
say_line(size_t len, bool whole)
{
	buf_reset(&text);
	buf_puts(&text, "NOOP ");
	fill(len - strlen("NOOP \r\n"), 'x');
	buf_puts(&text, "\r\nNOOP\r\n");
	harness_talk(buf_str(&text), whole ? 0 : len / 2);
}

static void
test_line(void **state)
{
	(void)state;
	for (unsigned whole = 0; whole < 2; whole++) {
		say_line(SMTP_COMMAND_MAX - 1, whole);
		assert_int_equal(count("250 2.0.0 Ok"), 2);
		say_line(SMTP_COMMAND_MAX, whole);
		assert_int_equal(count("250 2.0.0 Ok"), 2);
		say_line(SMTP_COMMAND_MAX + 1, whole);
		assert_int_equal(count("250 2.0.0 Ok"), 1);
		assert_int_equal(count("500 5.5.2 Line too long"), 1);
		say_line(SMTP_COMMAND_MAX * 1000, whole);
		assert_int_equal(count("250 2.0.0 Ok"), 1);
		assert_int_equal(count("500 5.5.2 Line too long"), 1);
	}
}

/* Between recipients that were not answered yet. */
static void
test_long_line_keeps_order(void **state)
{
	(void)state;
	buf_reset(&text);
	buf_puts(&text, HI FROM TO);
	fill(3 * SMTP_COMMAND_MAX, 'x');
	buf_puts(&text, "\r\n" TO);
	harness_talk(buf_str(&text), 0);
	assert_non_null(strstr(harness_told(), "250 2.1.5 Ok\r\n"
	    "500 5.5.2 Line too long\r\n250 2.1.5 Ok\r\n"));
}

/* ---- recipients, errors ------------------------------------------------ */

static void
test_recipients(void **state)
{
	(void)state;
	harness_listener.max_rcpts = RCPTS_MAX + 10;	/* as it is now */
	buf_reset(&text);
	buf_puts(&text, HI FROM);
	for (unsigned i = 0; i < RCPTS_MAX + 2; i++)
		buf_puts(&text, TO);
	buf_puts(&text, "DATA\r\n.\r\n");
	harness_talk(buf_str(&text), 0);
	assert_int_equal(count("250 2.1.5 Ok"), RCPTS_MAX);
	assert_int_equal(count("452 4.5.3"), 2);
	assert_int_equal(count("250 2.0.0 Ok: queued"), 1);
	assert_int_equal(fake.checks, RCPTS_MAX / RCPT_BATCH_MAX);
}

/* Refused ones take no room. */
static void
test_refused_recipients(void **state)
{
	(void)state;
	harness_listener.max_errors = 0;
	buf_reset(&text);
	buf_puts(&text, HI FROM);
	for (unsigned i = 0; i < 4 * RCPTS_MAX; i++)
		buf_puts(&text, "RCPT TO:<no@example.org>\r\n");
	buf_puts(&text, TO TO TO TO TO TO "DATA\r\n.\r\n");
	harness_talk(buf_str(&text), 0);
	assert_int_equal(count("550 5.1.1"), 4 * RCPTS_MAX);
	assert_int_equal(count("250 2.1.5 Ok"), 5);
	assert_int_equal(count("452 4.5.3"), 1);
	assert_int_equal(count("250 2.0.0 Ok: queued"), 1);
}

static void
say_errors(unsigned n)
{
	buf_reset(&text);
	for (unsigned i = 0; i < n; i++)
		buf_puts(&text, "FOO\r\n");
	buf_puts(&text, "NOOP\r\n");
	harness_talk(buf_str(&text), 0);
}

static void
test_errors(void **state)
{
	(void)state;
	say_errors(9);
	assert_int_equal(count("421 "), 0);
	assert_int_equal(count("250 2.0.0 Ok"), 1);
	for (unsigned n = 10; n < 12; n++) {
		say_errors(n);
		assert_int_equal(count("500 5.5.2"), 10);
		assert_int_equal(count("421 4.7.0"), 1);
		assert_int_equal(count("250 2.0.0 Ok"), 0);
	}
}

/* Refused recipients count, and a good message makes up for them. */
static void
test_errors_of_recipients(void **state)
{
	(void)state;
	buf_reset(&text);
	buf_puts(&text, HI FROM);
	for (unsigned i = 0; i < 9; i++)
		buf_puts(&text, "RCPT TO:<no@example.org>\r\n");
	buf_puts(&text, TO "DATA\r\n.\r\n" FROM);
	for (unsigned i = 0; i < 20; i++)
		buf_puts(&text, "RCPT TO:<no@example.org>\r\n");
	buf_puts(&text, "NOOP\r\n");
	harness_listener.max_rcpts = 100;
	harness_talk(buf_str(&text), 0);
	assert_int_equal(count("queued"), 1);
	assert_int_equal(count("550 5.1.1"), 29);
	assert_int_equal(count("421 4.7.0"), 1);
	assert_int_equal(count("250 2.0.0 Ok\r\n"), 0);
}

/* ---- content ----------------------------------------------------------- */

/* A message of a header block and a body of those sizes. */
static const char *
say_message(size_t header, size_t body)
{
	buf_reset(&text);
	buf_puts(&text, TO_DATA "A: ");
	fill_lines(header - strlen("A: \r\n"));
	if (body != 0) {
		buf_puts(&text, "\r\n");
		fill_lines(body);
	}
	buf_puts(&text, ".\r\nNOOP\r\n");
	return harness_talk(buf_str(&text), 0);
}

/* What queued got is what was sent, behind our field. */
static void
check_content(size_t len)
{
	struct str	 sent = str_skip(buf_str(&text), strlen(TO_DATA));
	struct str	 got = buf_str(&fake.content);

	assert_true(got.n > len);
	assert_memory_equal(got.p + got.n - len, sent.p, len);
	assert_int_equal(count("queued"), 1);
	assert_int_equal(count("250 2.0.0 Ok\r\n"), 1);
}

static void
test_header_size(void **state)
{
	(void)state;
	say_message(HEADER_TAKEN_MAX - 1, 100);
	check_content(HEADER_TAKEN_MAX - 1 + 100);
	say_message(HEADER_TAKEN_MAX, 100);
	check_content(HEADER_TAKEN_MAX + 100);
	say_message(HEADER_TAKEN_MAX + 1, 100);
	assert_int_equal(count("552 5.6.0"), 1);
	assert_int_equal(count("250 2.0.0 Ok\r\n"), 1);
	harness_listener.message_size = 8 << 20;
	say_message(4 << 20, 0);
	assert_int_equal(count("552 5.6.0"), 1);
	assert_int_equal(fake.submits, 2);
}

static void
test_message_size(void **state)
{
	size_t	 max = 1 << 20;

	(void)state;
	say_message(1000, max - 1001);
	check_content(max - 1);
	say_message(1000, max - 1000);
	check_content(max);
	assert_int_equal(fake.large_size, max - 1000);
	say_message(1000, max - 999);
	assert_int_equal(count("552 5.3.4"), 1);
	assert_int_equal(count("250 2.0.0 Ok\r\n"), 1);
	assert_int_equal(fake.drops, 1);
	say_message(1000, 10 * max);
	assert_int_equal(count("552 5.3.4"), 1);
	assert_int_equal(fake.submits, 2);
	assert_int_equal(fake.drops, 2);
}

static void
test_inline_size(void **state)
{
	(void)state;
	for (size_t n = BODY_INLINE_MAX - 1; n < BODY_INLINE_MAX + 2; n++) {
		say_message(100, n);
		check_content(100 + n);
		assert_int_equal(fake.large_size, n > BODY_INLINE_MAX ? n : 0);
	}
	assert_int_equal(fake.opens, 1);
	assert_int_equal(fake.drops, 0);
}

/* However it is cut: the file is asked for in the middle of a run. */
static void
test_large_in_pieces(void **state)
{
	static const size_t	 pieces[] = { 1009, 4096, 65535 };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		say_message(100, 300000);	/* makes the text */
		harness_connect();
		for (size_t at = 0; at < text.len; at += pieces[i]) {
			struct str	 s = str_skip(buf_str(&text), at);

			s.n = s.n < pieces[i] ? s.n : pieces[i];
			harness_send(s);
			harness_run();
		}
		harness_disconnect();
		check_content(300100);
	}
}

static void
test_no_file(void **state)
{
	(void)state;
	fake.no_file = true;
	say_message(100, 100000);
	assert_int_equal(count("452 4.3.1"), 1);
	assert_int_equal(count("250 2.0.0 Ok\r\n"), 1);
	assert_int_equal(fake.submits, 0);
}

/* The client leaves in the middle of a large body. */
static void
test_large_given_up(void **state)
{
	(void)state;
	say_message(100, 300000);
	harness_talk(str_bytes(buf_data(&text), 200000), 0);
	assert_int_equal(session_count(), 0);
	assert_int_equal(fake.opens, 2);
	assert_int_equal(fake.drops, 1);
	/* and before it has the file */
	harness_connect();
	harness_send(str_bytes(buf_data(&text), 1000));
	harness_run();
	fake.mute = true;
	harness_send(str_bytes(buf_data(&text) + 1000, 100000));
	harness_run();
	harness_disconnect();
	assert_int_equal(fake.opens, 3);
	harness_queued_stop();
	harness_queued_start();
	harness_run();
	assert_int_equal(session_count(), 0);
}

/* queued restarts while its file is being filled. */
static void
test_large_of_another_queued(void **state)
{
	(void)state;
	say_message(100, 300000);
	harness_connect();
	harness_send(str_bytes(buf_data(&text), 200000));
	harness_run();
	harness_queued_stop();
	harness_queued_start();
	harness_send(str_skip(buf_str(&text), 200000));
	harness_run();
	harness_disconnect();
	assert_int_equal(count("451 4.3.0"), 1);
	assert_int_equal(count("250 2.0.0 Ok\r\n"), 1);
	assert_int_equal(fake.submits, 1);
}

static void
test_any_line_length(void **state)
{
	(void)state;
	buf_reset(&text);
	buf_puts(&text, TO_DATA "A: b\r\n\r\n");
	fill(500000, 'z');
	buf_puts(&text, "\r\n.\r\nNOOP\r\n");
	harness_talk(buf_str(&text), 0);
	check_content(500000 + strlen("A: b\r\n\r\n\r\n"));
}

/* ---- time -------------------------------------------------------------- */

/* Lets it be ms later for the timers too, which run by the real clock: so
 * what must not happen yet has half a second to spare. */
static void
wait_ms(unsigned ms)
{
	usleep(ms * 1000);
	harness_run();
}

static void
test_command_timeout(void **state)
{
	(void)state;
	harness_listener.command_timeout_ms = 1600;
	harness_connect();
	harness_run();
	wait_ms(900);
	harness_send(str_of("NOOP\r\n"));	/* a new stage */
	harness_run();
	wait_ms(900);
	assert_int_equal(count("421"), 0);
	harness_send(str_of("NO"));		/* not a new stage */
	harness_run();
	wait_ms(900);
	assert_int_equal(count("421 4.4.2"), 1);
	harness_disconnect();
	assert_int_equal(session_count(), 0);
}

static void
test_session_timeout(void **state)
{
	(void)state;
	harness_listener.session_timeout_ms = 100;
	harness_connect();
	for (unsigned i = 0; i < 3; i++) {
		harness_send(str_of("NOOP\r\n"));
		wait_ms(40);
	}
	wait_ms(10);
	assert_int_equal(count("421 4.4.2"), 1);
	harness_disconnect();
}

/* A trickle is not progress; a block is. */
static void
test_data_timeout(void **state)
{
	(void)state;
	harness_listener.data_timeout_ms = 900;
	for (unsigned slow = 0; slow < 2; slow++) {
		harness_connect();
		harness_send(str_of(TO_DATA));
		harness_run();
		for (unsigned i = 0; i < 3; i++) {
			buf_reset(&text);
			fill_lines(slow ? 80 : DATA_BLOCK + 80);
			harness_send(buf_str(&text));
			wait_ms(350);
		}
		assert_int_equal(count("421 4.4.2"), slow);
		harness_disconnect();
	}
}

/* ---- memory ------------------------------------------------------------ */

static void
test_budget(void **state)
{
	struct str	 part;
	int		 first, others[4];

	(void)state;
	budget_setup(harness_base, 150000);
	say_message(100, 60000);
	part = str_bytes(buf_data(&text), text.len - 20);
	harness_connect();		/* a small one, which stays */
	harness_send(str_bytes(part.p, 6000));
	harness_run();
	first = harness_client;
	for (unsigned i = 0; i < 4; i++) {
		harness_connect();
		harness_send(part);
		harness_run();
		others[i] = harness_client;
	}
	/* all would hold four times 64 KiB: somebody waits */
	assert_true(budget_total() > 150000);
	harness_send(str_skip(buf_str(&text), text.len - 20));
	harness_run();
	assert_int_equal(count("queued"), 0);
	/* the small one does not */
	harness_client = first;
	harness_send(str_of("\r\n.\r\n"));
	harness_run();
	assert_int_equal(count("queued"), 1);
	harness_disconnect();
	for (unsigned i = 0; i < 4; i++) {
		harness_client = others[i];
		harness_disconnect();
	}
	assert_int_equal(session_count(), 0);
	assert_int_equal(budget_total(), 0);
	budget_setup(harness_base, BUFFERED_MAX);
}

static void
test_idle_is_small(void **state)
{
	(void)state;
	assert_true(sizeof(struct session) <= 1024);
	harness_connect();
	harness_send(str_of(HI FROM TO "RSET\r\n"));
	harness_run();
	assert_int_equal(budget_total(), 0);
	harness_disconnect();
}

static void
test_clients(void **state)
{
	struct client_count	*c[3], *other;
	struct netaddr		 a, b;

	(void)state;
	netaddr_parse(&a, str_of("2001:db8::1"));
	netaddr_parse(&b, str_of("2001:db8::ffff:1"));
	c[0] = clients_enter(&a, 2);
	c[1] = clients_enter(&b, 2);	/* the same /64 */
	c[2] = clients_enter(&a, 2);
	assert_non_null(c[0]);
	assert_ptr_equal(c[0], c[1]);
	assert_null(c[2]);
	netaddr_parse(&b, str_of("2001:db8:0:1::1"));
	other = clients_enter(&b, 2);
	assert_non_null(other);
	clients_leave(&c[1]);
	c[2] = clients_enter(&a, 2);
	assert_non_null(c[2]);
	clients_leave(&c[0]);
	clients_leave(&c[2]);
	clients_leave(&other);
	assert_null(other);
}

/* ---- the stop ---------------------------------------------------------- */

/* The last of all, as nothing starts again after it. */
static void
test_stop(void **state)
{
	struct mail_stored	 m = { STORE_OK, STR_NONE };
	int			 committing;

	(void)state;
	harness_connect();
	harness_send(str_of(TO_DATA));
	harness_run();
	fake.mute = true;
	harness_send(str_of("x\r\n.\r\n"));
	harness_run();
	committing = harness_client;
	harness_connect();
	harness_run();
	session_stop_all();
	harness_run();
	assert_int_equal(count("421 4.3.2"), 1);
	assert_int_equal(harness_none_left, 0);
	harness_disconnect();
	harness_client = committing;
	buf_reset(&harness_out);
	fake_say(MSG_MAIL_STORED, fake.kept_id, -1, &m);
	harness_run();
	assert_non_null(strstr(harness_told(),
	    "250 2.0.0 Ok: queued as ID\r\n421 4.3.2 "));
	assert_int_equal(harness_none_left, 1);
	harness_disconnect();
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		HARNESS_TEST(test_line),
		HARNESS_TEST(test_long_line_keeps_order),
		HARNESS_TEST(test_recipients),
		HARNESS_TEST(test_refused_recipients),
		HARNESS_TEST(test_errors),
		HARNESS_TEST(test_errors_of_recipients),
		HARNESS_TEST(test_header_size),
		HARNESS_TEST(test_message_size),
		HARNESS_TEST(test_inline_size),
		HARNESS_TEST(test_large_in_pieces),
		HARNESS_TEST(test_no_file),
		HARNESS_TEST(test_large_given_up),
		HARNESS_TEST(test_large_of_another_queued),
		HARNESS_TEST(test_any_line_length),
		HARNESS_TEST(test_command_timeout),
		HARNESS_TEST(test_session_timeout),
		HARNESS_TEST(test_data_timeout),
		HARNESS_TEST(test_budget),
		HARNESS_TEST(test_idle_is_small),
		HARNESS_TEST(test_clients),
		HARNESS_TEST(test_stop),
	};

	return cmocka_run_group_tests(tests, harness_begin, NULL);
}
