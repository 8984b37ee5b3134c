/*
 * libFuzzer target for whole SMTP sessions, with a queued that answers.  The
 * first octet chooses settings and faults of queued, the second the size of
 * the pieces in which the rest arrives.  Whatever was said: nothing crashes
 * or leaks, no session stays behind, replies are well-formed, and what
 * queued got has no line end but CRLF.
 */
#include <stddef.h>
#include <stdint.h>

#include "smtpd_harness.h"

#define NORMALIZE	0x01
#define LENIENT		0x02
#define NO_FILE		0x04
#define RESTART		0x08	/* of queued, half way */
#define STORE_FAILS	0x10
#define SMALL		0x20	/* limits of a few octets */

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
must(bool holds)
{
	if (!holds)
		abort();
}

static void
set_up(uint8_t flags)
{
	static bool	 done;

	if (!done)
		harness_setup();
	done = true;
	harness_set_defaults();
	if (flags & NORMALIZE)
		harness_listener.bare_newline = NEWLINE_NORMALIZE;
	harness_listener.strict_envelope = (flags & LENIENT) == 0;
	if (flags & SMALL)
		harness_listener.message_size = 64;
	fake.no_file = (flags & NO_FILE) != 0;
	fake.store = flags & STORE_FAILS ? STORE_REFUSED : STORE_OK;
	buf_reset(&fake.content);
}

/* Lines that end with CRLF and hold no other CR, LF or NUL. */
static void
check_lines(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		must(s.p[i] != '\0');
		if (s.p[i] == '\r') {
			must(i + 1 < s.n && s.p[i + 1] == '\n');
			i++;
		} else
			must(s.p[i] != '\n');
	}
}

/* RFC 5321 4.2: each line of a reply has three digits and "-" or a blank. */
static void
check_replies(struct str s)
{
	const char	*end;
	size_t		 n;

	check_lines(s);
	while (s.n != 0) {
		end = memchr(s.p, '\r', s.n);
		must(end != NULL);
		n = (size_t)(end - s.p);
		must(n >= 4 && n <= 510);
		must(s.p[0] >= '2' && s.p[0] <= '5');
		must(s.p[3] == ' ' || s.p[3] == '-');
		s = str_skip(s, n + 2);
	}
}

static void
talk(struct str s, size_t piece, bool restart)
{
	struct str	 first;
	size_t		 half = s.n / 2;

	harness_connect();
	while (s.n != 0) {
		first = str_bytes(s.p, s.n < piece ? s.n : piece);
		harness_send(first);
		harness_run();
		s = str_skip(s, first.n);
		if (restart && s.n <= half) {
			harness_queued_stop();
			harness_queued_start();
			restart = false;
		}
	}
	harness_run();
	harness_disconnect();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t	 piece;

	if (size < 2)
		return 0;
	set_up(data[0]);
	/* 1 to 16 octets, or up to all of it */
	piece = data[1] < 16 ? data[1] + 1u : (size_t)(data[1] - 15) * 64;
	talk(str_bytes(data + 2, size - 2), piece, data[0] & RESTART);
	must(session_count() == 0);
	must(budget_total() == 0);
	check_replies(buf_str(&harness_out));
	check_lines(buf_str(&fake.content));
	return 0;
}
