/*
 * libFuzzer target for whole SMTP sessions, with a queued and a keyd that
 * answer.  The first octet chooses settings and faults of queued, the second
 * the size of the pieces in which the rest arrives.  TLS is that of
 * tls_fake.h, so that what is said under it can be found too.  Whatever was
 * said: nothing crashes or leaks, no session stays behind, replies are
 * well-formed, and what queued got has no line end but CRLF; an account is
 * whose password keyd has called right.
 */
#include <stddef.h>
#include <stdint.h>

#include "smtpd_harness.h"
#include "tls_fake.h"

#define NORMALIZE	0x01
#define LENIENT		0x02
#define NO_FILE		0x04
#define RESTART		0x08	/* of queued, half way */
#define STORE_FAILS	0x10
#define SMALL		0x20	/* limits of a few octets */
#define WITH_TLS	0x40	/* and AUTH */
#define IMPLICIT	0x80

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
	static struct certificate_ref	 certificate;
	static bool			 done;

	if (!done)
		harness_setup();
	done = true;
	harness_set_defaults();
	if (flags & NORMALIZE)
		harness_listener.bare_newline = NEWLINE_NORMALIZE;
	harness_listener.strict_envelope = (flags & LENIENT) == 0;
	if (flags & SMALL)
		harness_listener.message_size = 64;
	if (flags & (WITH_TLS | IMPLICIT)) {
		harness_listener.service = flags & IMPLICIT ?
		    SERVICE_SUBMISSIONS : SERVICE_SUBMISSION;
		harness_listener.certificates = &certificate;
		harness_listener.n_certificates = 1;
		harness_listener.tls = TLS_LEVEL_MAY;
		harness_listener.auth_table = 0;
	}
	buf_reset(&keyd.user);
	buf_reset(&fake.account);
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
	must(fake.account.len == 0 ||
	    str_equal(buf_str(&fake.account), buf_str(&keyd.user)));
	return 0;
}
