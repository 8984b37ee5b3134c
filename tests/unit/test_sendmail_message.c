/*
 * Messages on standard input: where they end, what is header and what body,
 * line ends, and large ones; each in one piece and octet by octet.
 */
#include "message.h"

#include <sys/socket.h>
#include <sys/wait.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "bounds.h"
#include "input.h"

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))

/* Packets of a size: a read gives one of them at a time. */
static int
feed(struct str text, size_t size)
{
	int	 fds[2];
	size_t	 n;

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds), 0);
	for (; text.n != 0; text = str_skip(text, n)) {
		n = text.n < size ? text.n : size;
		assert_int_equal(send(fds[1], text.p, n, 0), n);
	}
	close(fds[1]);
	return fds[0];
}

static void
body_of(struct message *m, struct buf *to)
{
	struct str	 piece;
	int		 r;

	buf_reset(to);
	assert_int_equal(spill_rewind(&m->body), 0);
	while ((r = spill_next(&m->body, &piece)) == 1)
		buf_put_str(to, piece);
	assert_int_equal(r, 0);
	assert_int_equal(to->len, m->body.size);
}

static const struct {
	bool		 dots;
	const char	*input, *header, *body;
} messages[] = {
	{ true, "", "", "" },
	{ true, "A: b\n\nbody\n", "A: b\r\n", "body\r\n" },
	{ true, "A: b\r\n\r\nbody\r\n", "A: b\r\n", "body\r\n" },
	{ true, "A: b\n c\nD: e\n\n", "A: b\r\n c\r\nD: e\r\n", "" },
	{ true, "A: b", "A: b\r\n", "" },
	{ true, "A: b\n", "A: b\r\n", "" },
	{ true, "A: b\n\nno end", "A: b\r\n", "no end\r\n" },
	{ true, "\nbody\n", "", "body\r\n" },
	/* no header at all */
	{ true, "hello\n", "", "hello\r\n" },
	{ true, "hello", "", "hello\r\n" },
	{ true, " hello: x\n", "", " hello: x\r\n" },
	{ true, "A: b\nno field\nC: d\n", "A: b\r\n",
	    "no field\r\nC: d\r\n" },
	/* out of a mailbox */
	{ true, "From root Sat Nov 21\nA: b\n\nx\n", "A: b\r\n", "x\r\n" },
	{ true, ">From root\nA: b\n\nx\n", "A: b\r\n", "x\r\n" },
	{ true, "A: b\nFrom root\n", "A: b\r\n", "From root\r\n" },
	{ true, "From: x\n\nFrom y\n", "From: x\r\n", "From y\r\n" },
	/* dots */
	{ true, "A: b\n\nx\n.\ny\n", "A: b\r\n", "x\r\n" },
	{ true, "A: b\n\nx\n.\r\ny\n", "A: b\r\n", "x\r\n" },
	{ true, "A: b\n\nx\n.", "A: b\r\n", "x\r\n" },
	{ true, ".\nA: b\n", "", "" },
	{ true, "A: b\n.\nC: d\n", "A: b\r\n", "" },
	{ true, "\n..\n.x\nx.\n.\rx\n", "", "..\r\n.x\r\nx.\r\n.\r\nx\r\n" },
	{ false, "A: b\n\nx\n.\ny\n", "A: b\r\n", "x\r\n.\r\ny\r\n" },
	{ false, "A: b\n\n.", "A: b\r\n", ".\r\n" },
	/* carriage returns: lines in a body, never a field */
	{ true, "\n10%\r20%\r\n", "", "10%\r\n20%\r\n" },
	{ true, "A: b\rBcc: x\n\n", "A: b Bcc: x\r\n", "" },
	{ true, "A: b\r\r\n\r\nx\r\r\n", "A: b \r\n", "x\r\n\r\n" },
	{ true, "A: b\n\nx\r", "A: b\r\n", "x\r\n" },
};

static void
test_messages(void **state)
{
	static const size_t	 sizes[] = { 1, 2, 3, 65536 };
	struct buf		 body = BUF_INIT(1 << 20);
	struct message		 m;
	int			 fd;

	(void)state;
	message_init(&m);
	for (size_t i = 0; i < COUNT(messages) * COUNT(sizes); i++) {
		size_t	 k = i / COUNT(sizes);

		fd = feed(str_of(messages[k].input), sizes[i % COUNT(sizes)]);
		assert_int_equal(message_read(&m, fd, messages[k].dots),
		    MESSAGE_OK);
		close(fd);
		body_of(&m, &body);
		buf_putc(&m.header, '\0');
		buf_putc(&body, '\0');
		assert_string_equal(buf_data(&m.header), messages[k].header);
		assert_string_equal(buf_data(&body), messages[k].body);
		assert_false(m.eight_bit);
		message_clear(&m);
	}
	buf_clear(&body);
}

/* A child writes what a socket's buffer may not hold. */
static enum message_result
read_large(struct message *m, struct str text)
{
	enum message_result	 r;
	int			 fds[2];
	pid_t			 pid;

	assert_int_equal(pipe(fds), 0);
	if ((pid = fork()) == 0) {
		for (ssize_t n; text.n != 0; text = str_skip(text, (size_t)n))
			if ((n = write(fds[1], text.p, text.n)) <= 0)
				_exit(1);
		_exit(0);
	}
	close(fds[1]);
	r = message_read(m, fds[0], true);
	close(fds[0]);
	waitpid(pid, NULL, 0);
	return r;
}

static void
test_large_body(void **state)
{
	struct buf	 text = BUF_INIT(1 << 22), body = BUF_INIT(1 << 22);
	struct message	 m;

	(void)state;
	buf_puts(&text, "A: \xe4\r\n\r\n");
	for (int i = 0; i < 100000; i++)
		buf_printf(&text, "line %d\r\n", i);
	message_init(&m);
	assert_int_equal(read_large(&m, buf_str(&text)), MESSAGE_OK);
	assert_true(m.eight_bit);
	assert_true(m.body.memory.size <= 4 * INPUT_CHUNK);
	for (int again = 0; again < 2; again++) {
		body_of(&m, &body);
		assert_true(str_equal(buf_str(&body),
		    str_skip(buf_str(&text), 8)));
	}
	message_clear(&m);
	buf_clear(&text);
	buf_clear(&body);
}

static void
fill(struct buf *b, const char *first, char with, size_t n)
{
	char	*to;

	buf_reset(b);
	buf_puts(b, first);
	to = buf_room(b, n);
	memset(to, with, n);
	buf_added(b, n);
}

/* One line beyond the limit is a header field, or it is body. */
static void
test_long_lines(void **state)
{
	struct buf	 text = BUF_INIT(1 << 20);
	struct message	 m;

	(void)state;
	message_init(&m);
	fill(&text, "A: ", 'x', HEADER_MAX);
	assert_int_equal(read_large(&m, buf_str(&text)),
	    MESSAGE_HEADER_TOO_LARGE);
	message_clear(&m);
	fill(&text, "A: ", 'x', HEADER_MAX - 100);
	buf_puts(&text, "\n\nbody");
	assert_int_equal(read_large(&m, buf_str(&text)), MESSAGE_OK);
	assert_int_equal(m.header.len, HEADER_MAX - 95);
	message_clear(&m);
	fill(&text, "A: b\nno field ", 'x', 3 * HEADER_MAX);
	assert_int_equal(read_large(&m, buf_str(&text)), MESSAGE_OK);
	assert_int_equal(m.header.len, 6);
	assert_int_equal(m.body.size, 3 * HEADER_MAX + 11);
	message_clear(&m);
	fill(&text, "A: ", '\r', HEADER_MAX / 2);
	assert_int_equal(read_large(&m, buf_str(&text)), MESSAGE_OK);
	message_clear(&m);
	buf_clear(&text);
}

static void
test_unreadable(void **state)
{
	struct message	 m;

	(void)state;
	message_init(&m);
	assert_int_equal(message_read(&m, -1, true), MESSAGE_NOT_READ);
	message_clear(&m);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(test_messages),
		cmocka_unit_test(test_large_body),
		cmocka_unit_test(test_long_lines),
		cmocka_unit_test(test_unreadable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
