/*
 * libFuzzer target for what a remote SMTP server or client says: replies
 * with their capabilities, command lines with their parameters, and mail
 * data, which must come out the same whole and in pieces.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "buf.h"
#include "smtp.h"
#include "smtp_data.h"
#include "smtp_reply.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
must(bool holds)
{
	if (!holds)
		abort();
}

/* The octets before the next newline, which is taken off too. */
static struct str
take_line(struct str *s)
{
	const char	*newline = memchr(s->p, '\n', s->n);
	struct str	 line = *s;

	if (newline != NULL)
		line.n = (size_t)(newline - s->p);
	*s = str_skip(*s, line.n + 1);
	return line;
}

static void
check_replies(struct str s)
{
	struct smtp_reply	r;
	struct smtp_caps	caps;
	char			text[SMTP_ENHANCED_MAX];

	smtp_reply_init(&r);
	while (s.n != 0) {
		if (smtp_reply_add(&r, take_line(&s)) == SMTP_REPLY_MORE)
			continue;
		must(r.text.len <= SMTP_REPLY_TEXT_MAX);
		must(r.lines <= SMTP_REPLY_LINES_MAX);
		if (r.state == SMTP_REPLY_DONE) {
			must(r.status.code >= 200 && r.status.code < 600);
			smtp_enhanced_print(&r.status, text);
			smtp_caps_parse(&caps, buf_str(&r.text));
		}
		smtp_reply_reset(&r);
	}
	smtp_reply_clear(&r);
}

static void
check_commands(struct str s)
{
	struct smtp_param	p;
	struct str		verb, arg;

	while (s.n != 0) {
		if (smtp_command_split(take_line(&s), &verb, &arg) == -1)
			continue;
		must(verb.n != 0);
		for (size_t before = arg.n;
		    smtp_param_next(&arg, true, &p) == 1; before = arg.n)
			must(arg.n < before);
	}
}

static void
scan(enum data_mode mode, struct str s, size_t piece, struct buf *out,
    struct data_scan *scanner)
{
	struct str	in;

	data_scan_init(scanner, mode, false, SMTP_TEXT_LINE_MAX);
	while (s.n != 0 && !scanner->ended) {
		in = str_bytes(s.p, piece < s.n ? piece : s.n);
		s = str_skip(s, in.n);
		must(data_scan_put(scanner, &in, out) == 0);
	}
	if (!scanner->ended)
		buf_put_str(out, data_scan_finish(scanner));
}

/* No bare CR or LF, and an end that is the only one. */
static void
check_sent(struct str s)
{
	struct buf		got = BUF_INIT(1 << 20);
	struct data_scan	scanner;

	data_scan_init(&scanner, DATA_UNSTUFF, false, 0);
	must(data_scan_put(&scanner, &s, &got) == 0);
	must(scanner.ended && s.n == 0);
	must((scanner.found & (DATA_BARE_CR | DATA_BARE_LF)) == 0);
	buf_clear(&got);
}

static void
check_data(struct str s, size_t piece)
{
	struct buf		whole = BUF_INIT(1 << 20);
	struct buf		pieces = BUF_INIT(1 << 20);
	struct data_scan	a, b;

	for (int mode = DATA_UNSTUFF; mode <= DATA_STUFF; mode++) {
		buf_reset(&whole);
		buf_reset(&pieces);
		scan((enum data_mode)mode, s, s.n, &whole, &a);
		scan((enum data_mode)mode, s, piece, &pieces, &b);
		must(str_equal(buf_str(&whole), buf_str(&pieces)));
		must(a.found == b.found && a.ended == b.ended);
		must(a.size == whole.len);
		if (mode == DATA_STUFF)
			check_sent(buf_str(&whole));
	}
	buf_clear(&whole);
	buf_clear(&pieces);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct str	s;

	if (n == 0 || n > 65536)
		return 0;
	s = str_bytes(data + 1, n - 1);
	check_replies(s);
	check_commands(s);
	check_data(s, (size_t)(data[0] % 31) + 1);
	return 0;
}
