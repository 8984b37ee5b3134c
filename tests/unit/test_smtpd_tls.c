/*
 * STARTTLS and implicit TLS as the session sees them: what is said before the
 * handshake is forgotten, nothing of it is obeyed afterwards, and who does
 * not get through it gets no further.
 */
#include "smtpd_harness.h"
#include "tls_fake.h"

#include "throttle.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define BANNER	"220 mx.example.org ESMTP postern\r\n"
#define EHLO	"EHLO c.example\r\n"
#define HELO_OK	"250 mx.example.org\r\n"
#define GO	"220 2.0.0 Ready to start TLS\r\n"
#define OFFER	"250-STARTTLS\r\n"
#define OK	"250 2.0.0 Ok\r\n"
#define FROM	"MAIL FROM:<a@b.example>\r\n"
#define TO	"RCPT TO:<ok@example.org>\r\n"
#define FIRST	"530 5.7.0 Must issue a STARTTLS command first\r\n"

static struct certificate_ref	 certificate;

static int
before(void **state)
{
	harness_before(state);
	harness_listener.certificates = &certificate;
	harness_listener.n_certificates = 1;
	harness_listener.tls = TLS_LEVEL_MAY;
	tls_fake_ready = true;
	return 0;
}

static void
starttls(void)
{
	assert_string_equal(says("STARTTLS\r\n"), GO);
	says(TLS_FAKE_HELLO);
}

static void
test_offered(void **state)
{
	(void)state;
	harness_connect();
	assert_non_null(strstr(says(EHLO), OFFER));
	starttls();
	/* RFC 3207 4.2: not again */
	assert_null(strstr(says(EHLO), "STARTTLS"));
	assert_string_equal(says("STARTTLS\r\n"),
	    "503 5.5.1 TLS is on already\r\n");
	harness_disconnect();
}

static void
test_not_offered(void **state)
{
	(void)state;
	harness_listener.n_certificates = 0;
	harness_connect();
	assert_null(strstr(says(EHLO), "STARTTLS"));
	assert_string_equal(says("STARTTLS\r\n"),
	    "502 5.5.1 Command not implemented\r\n");
	harness_disconnect();
	harness_listener.n_certificates = 1;
	harness_listener.tls = TLS_LEVEL_NONE;
	harness_connect();
	assert_null(strstr(says(EHLO), "STARTTLS"));
	harness_disconnect();
}

static void
test_not_ready(void **state)
{
	(void)state;
	tls_fake_ready = false;
	harness_connect();
	assert_null(strstr(says(EHLO), "STARTTLS"));
	assert_string_equal(says("STARTTLS\r\n"),
	    "454 4.7.0 TLS not available now, try again later\r\n");
	tls_fake_ready = true;
	assert_non_null(strstr(says(EHLO), OFFER));
	harness_disconnect();
}

static void
test_misplaced(void **state)
{
	(void)state;
	harness_connect();
	harness_run();
	assert_string_equal(says("STARTTLS\r\n"),
	    "503 5.5.1 Say EHLO or HELO first\r\n");
	says(EHLO FROM);
	assert_string_equal(says("STARTTLS\r\n"),
	    "503 5.5.1 Not during a transaction\r\n");
	says(TO);
	assert_string_equal(says("STARTTLS\r\n"),
	    "503 5.5.1 Not during a transaction\r\n");
	says("RSET\r\n");
	assert_string_equal(says("STARTTLS now\r\n"),
	    "501 5.5.4 Syntax: STARTTLS\r\n");
	starttls();
	harness_disconnect();
}

/* RFC 3207 4.2: the client says EHLO again, as nobody knows who it was. */
static void
test_forgets(void **state)
{
	(void)state;
	harness_connect();
	says(EHLO FROM TO "RSET\r\n");
	starttls();
	assert_string_equal(harness_told(), "");
	assert_string_equal(says(FROM), "503 5.5.1 Say EHLO or HELO first\r\n");
	assert_string_equal(says("DATA\r\n"),
	    "503 5.5.1 Say EHLO or HELO first\r\n");
	says("EHLO other.example\r\n" FROM TO "DATA\r\n.\r\n");
	assert_non_null(memmem(buf_data(&fake.content), fake.content.len,
	    "from other.example (", 20));
	assert_null(memmem(buf_data(&fake.content), fake.content.len,
	    "c.example", 9));
	harness_disconnect();
}

/* ---- injection --------------------------------------------------------- */

static void
expect_injection(const char *behind)
{
	char	 said[256];

	snprintf(said, sizeof(said), "STARTTLS\r\n%s", behind);
	harness_connect();
	says(EHLO);
	assert_string_equal(says(said),
	    "501 5.5.1 Nothing may follow STARTTLS in clear\r\n");
	harness_disconnect();
	assert_int_equal(session_count(), 0);
}

/* CVE-2011-0411: in the same segment as STARTTLS. */
static void
test_starttls_inject_same_segment(void **state)
{
	(void)state;
	expect_injection("RSET\r\n");
	expect_injection(EHLO FROM TO);
	expect_injection("x");
	expect_injection("\r\n");
	expect_injection(TLS_FAKE_HELLO);
	expect_injection(TLS_FAKE_HELLO EHLO);
}

/* In the next one it stands where the handshake should. */
static void
test_starttls_inject_next_segment(void **state)
{
	(void)state;
	harness_connect();
	says(EHLO);
	assert_string_equal(says("STARTTLS\r\n"), GO);
	assert_string_equal(says("RSET\r\n" TLS_FAKE_HELLO), "");
	harness_run();
	assert_int_equal(session_count(), 0);
	harness_disconnect();
}

/* What comes together with the end of the handshake has come under TLS. */
static void
test_behind_handshake(void **state)
{
	(void)state;
	harness_connect();
	says(EHLO);
	says("STARTTLS\r\n");
	assert_string_equal(says(TLS_FAKE_HELLO "HELO c.example\r\nRSET\r\n"),
	    HELO_OK OK);
	harness_disconnect();
}

/* Nothing of ours goes out in clear behind the 220 (response injection). */
static void
test_response_inject(void **state)
{
	(void)state;
	harness_connect();
	assert_non_null(strstr(says(EHLO FROM "RSET\r\nSTARTTLS\r\n"), GO));
	assert_string_equal(harness_told() + strlen(harness_told()) -
	    strlen(GO), GO);
	harness_run();
	assert_string_equal(says("\026he"), "");
	assert_string_equal(says("llo"), "");
	harness_disconnect();
}

/* ---- the handshake ----------------------------------------------------- */

static void
test_given_up(void **state)
{
	(void)state;
	harness_connect();
	says(EHLO);
	says("STARTTLS\r\n");
	harness_disconnect();
	assert_int_equal(session_count(), 0);
}

/* The listener's own time holds, and no 421 is said into the handshake. */
static void
test_timeout(void **state)
{
	(void)state;
	harness_listener.handshake_timeout_ms = 20;
	harness_connect();
	says(EHLO);
	says("STARTTLS\r\n");
	while (session_count() != 0)
		event_base_loop(harness_base, EVLOOP_ONCE);
	harness_run();
	assert_string_equal(harness_told(), GO);
	harness_disconnect();
}

/* Each costs us more than the client: only so many in a minute. */
static void
test_many_handshakes(void **state)
{
	(void)state;
	throttle_clear();
	harness_listener.handshakes = 2;
	for (int i = 0; i < 3; i++) {
		harness_connect();
		says(EHLO);
		assert_string_equal(says("STARTTLS\r\n"), i < 2 ? GO :
		    "454 4.7.0 TLS not available now, try again later\r\n");
		harness_disconnect();
	}
	harness_listener.service = SERVICE_SUBMISSIONS;
	harness_connect();
	harness_run();
	assert_int_equal(session_count(), 0);
	harness_disconnect();
	harness_listener.handshakes = 0;
	harness_connect();
	harness_run();
	assert_int_equal(session_count(), 1);
	harness_disconnect();
	throttle_clear();
}

static void
test_stop(void **state)
{
	(void)state;
	harness_listener.service = SERVICE_SUBMISSIONS;
	harness_connect();
	harness_run();
	assert_int_equal(session_count(), 1);
	session_stop_all();
	harness_run();
	assert_int_equal(session_count(), 0);
	assert_string_equal(harness_told(), "");
	harness_disconnect();
}

static void
test_implicit(void **state)
{
	(void)state;
	harness_listener.service = SERVICE_SUBMISSIONS;
	harness_connect();
	harness_run();
	assert_string_equal(harness_told(), "");
	assert_string_equal(says(TLS_FAKE_HELLO), BANNER);
	assert_null(strstr(says(EHLO), "STARTTLS"));
	assert_string_equal(says("STARTTLS\r\n"),
	    "503 5.5.1 TLS is on already\r\n");
	assert_string_equal(says("QUIT\r\n"), "221 2.0.0 Bye\r\n");
	harness_disconnect();
}

/* Clear text where TLS belongs. */
static void
test_implicit_clear(void **state)
{
	(void)state;
	harness_listener.service = SERVICE_SUBMISSIONS;
	assert_string_equal(harness_talk(str_of(EHLO "QUIT\r\n"), 0), "");
	assert_int_equal(session_count(), 0);
}

static void
test_encrypt(void **state)
{
	(void)state;
	harness_listener.tls = TLS_LEVEL_ENCRYPT;
	harness_connect();
	assert_non_null(strstr(says(EHLO), OFFER));
	assert_string_equal(says("NOOP\r\n"), OK);
	assert_string_equal(says("HELO c.example\r\n" FROM TO "DATA\r\n"
	    "RSET\r\nVRFY x\r\nHELP\r\nEXPN x\r\n"), FIRST FIRST FIRST FIRST
	    FIRST FIRST FIRST FIRST);
	starttls();
	says(EHLO);
	assert_string_equal(says(FROM), "250 2.1.0 Ok\r\n");
	assert_string_equal(says("QUIT\r\n"), "221 2.0.0 Bye\r\n");
	harness_disconnect();
	harness_connect();
	harness_run();
	assert_string_equal(says("QUIT\r\n"), "221 2.0.0 Bye\r\n");
	harness_disconnect();
}

/* ---- what is told of it ------------------------------------------------ */

static bool
content_has(const char *text)
{
	return memmem(buf_data(&fake.content), fake.content.len, text,
	    strlen(text)) != NULL;
}

/* RFC 3848, and RFC 8314 7.4 */
static void
test_trace(void **state)
{
	(void)state;
	harness_connect();
	says(EHLO);
	starttls();
	says(EHLO FROM TO "DATA\r\n.\r\n");
	assert_true(content_has(" with ESMTPS id "));
	assert_true(content_has(
	    ">\r\n\ttls TLS_AES_256_GCM_SHA384;\r\n\t"));
	says("HELO c.example\r\n" FROM TO "DATA\r\n.\r\n");
	assert_true(content_has(" with SMTP id "));
	assert_true(content_has("\r\n\ttls TLS_AES_256_GCM_SHA384;\r\n"));
	harness_disconnect();
	harness_talk(str_of(EHLO FROM TO "DATA\r\n.\r\n"), 0);
	assert_true(content_has(" with ESMTP id "));
	assert_false(content_has("\ttls "));
}

/* The settings of a session live with it, and no longer. */
static void
test_settings_are_kept(void **state)
{
	(void)state;
	harness_connect();
	says(EHLO);
	settings_drop(&harness_settings);
	assert_int_equal(tls_fake_servers, 1);
	starttls();
	assert_non_null(strstr(says(EHLO), HELO_OK + 4));
	harness_disconnect();
	assert_int_equal(tls_fake_servers, 0);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test_setup(test_offered, before),
		cmocka_unit_test_setup(test_not_offered, before),
		cmocka_unit_test_setup(test_not_ready, before),
		cmocka_unit_test_setup(test_misplaced, before),
		cmocka_unit_test_setup(test_forgets, before),
		cmocka_unit_test_setup(test_starttls_inject_same_segment,
		    before),
		cmocka_unit_test_setup(test_starttls_inject_next_segment,
		    before),
		cmocka_unit_test_setup(test_behind_handshake, before),
		cmocka_unit_test_setup(test_many_handshakes, before),
		cmocka_unit_test_setup(test_response_inject, before),
		cmocka_unit_test_setup(test_given_up, before),
		cmocka_unit_test_setup(test_timeout, before),
		cmocka_unit_test_setup(test_implicit, before),
		cmocka_unit_test_setup(test_implicit_clear, before),
		cmocka_unit_test_setup(test_encrypt, before),
		cmocka_unit_test_setup(test_trace, before),
		cmocka_unit_test_setup(test_settings_are_kept, before),
		cmocka_unit_test_setup(test_stop, before),	/* the last */
	};

	return cmocka_run_group_tests(tests, harness_begin, NULL);
}
