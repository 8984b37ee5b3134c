/*
 * AUTH as the client sees it: where it is offered, each way to say a name and
 * a password, each reply, and what keeps guesses few.
 */
#include "smtpd_harness.h"
#include "tls_fake.h"

#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>

#include <cmocka.h>

#include "smtp.h"

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))

#define EHLO	"EHLO c.example\r\n"
#define FROM	"MAIL FROM:<a@b.example>\r\n"
#define TO	"RCPT TO:<ok@example.org>\r\n"
#define OK	"250 2.0.0 Ok\r\n"
#define MAIL_OK	"250 2.1.0 Ok\r\n"
#define RIGHT	"235 2.7.0 Authentication successful\r\n"
#define WRONG	"535 5.7.8 Authentication credentials invalid\r\n"
#define NOT_NOW	"454 4.7.0 Cannot check that now, try again later\r\n"
#define BASE64	"501 5.5.2 That is not base64\r\n"
#define PLAIN	"501 5.5.2 Malformed PLAIN message\r\n"
#define LONG	"500 5.5.6 Authentication exchange line too long\r\n"
#define AGAIN	"503 5.5.1 You are authenticated already\r\n"
#define NAME	"334 VXNlcm5hbWU6\r\n"
#define PASS	"334 UGFzc3dvcmQ6\r\n"
/* \0user\0right, \0user\0wrong, \0user\0busy */
#define GOOD	"AHVzZXIAcmlnaHQ="
#define BAD	"AHVzZXIAd3Jvbmc="
#define BUSY	"AHVzZXIAYnVzeQ=="

static struct certificate_ref	 certificate;
static struct buf		 logged = BUF_INIT(1 << 20);

static void
keep_log(enum log_level level, const char *line, size_t n)
{
	(void)level;
	buf_put(&logged, line, n);
	buf_putc(&logged, '\n');
}

static bool
has_logged(const char *text)
{
	return memmem(buf_data(&logged), logged.len, text, strlen(text)) !=
	    NULL;
}

static int
setup(void **state)
{
	(void)state;
	harness_setup();
	log_set_sink(keep_log);
	return 0;
}

static int
before(void **state)
{
	harness_before(state);
	harness_listener.service = SERVICE_SUBMISSION;
	harness_listener.certificates = &certificate;
	harness_listener.n_certificates = 1;
	harness_listener.tls = TLS_LEVEL_MAY;
	harness_listener.auth_table = 3;
	harness_conf.number = 7;
	harness_listener.max_errors = 0;
	buf_reset(&logged);
	return 0;
}

/* Up to EHLO under TLS. */
static void
connect_tls(void)
{
	harness_connect();
	says(EHLO "STARTTLS\r\n");
	says(TLS_FAKE_HELLO);
	assert_non_null(strstr(says(EHLO), "250-AUTH PLAIN LOGIN\r\n"));
}

/* ---- where it is ------------------------------------------------------- */

static void
test_auth_clear(void **state)
{
	(void)state;
	harness_connect();
	assert_null(strstr(says(EHLO), "AUTH"));
	assert_string_equal(says("AUTH PLAIN " GOOD "\r\n"), "538 5.7.11 "
	    "Encryption required for requested authentication mechanism\r\n");
	assert_string_equal(says("AUTH LOGIN\r\n"), "538 5.7.11 "
	    "Encryption required for requested authentication mechanism\r\n");
	assert_string_equal(says(FROM), MAIL_OK);
	harness_disconnect();
	harness_listener.tls = TLS_LEVEL_ENCRYPT;
	harness_connect();
	says(EHLO);
	assert_memory_equal(says("AUTH PLAIN " GOOD "\r\n"), "538 ", 4);
	harness_disconnect();
	assert_int_equal(keyd.checks, 0);
}

static void
test_no_table(void **state)
{
	(void)state;
	harness_listener.auth_table = TABLE_NONE;
	harness_connect();
	says(EHLO "STARTTLS\r\n");
	says(TLS_FAKE_HELLO);
	assert_null(strstr(says(EHLO), "AUTH"));
	assert_string_equal(says("AUTH PLAIN " GOOD "\r\n"),
	    "502 5.5.1 Command not implemented\r\n");
	assert_string_equal(says("MAIL FROM:<a@b.example> AUTH=<>\r\n"),
	    "555 5.5.4 Unsupported parameter\r\n");
	harness_disconnect();
}

static void
test_misplaced(void **state)
{
	(void)state;
	harness_connect();
	says(EHLO "STARTTLS\r\n");
	says(TLS_FAKE_HELLO);
	assert_string_equal(says("AUTH PLAIN " GOOD "\r\n"),
	    "503 5.5.1 Say EHLO or HELO first\r\n");
	says("HELO c.example\r\n");
	assert_string_equal(says("AUTH PLAIN " GOOD "\r\n"),
	    "503 5.5.1 Say EHLO first\r\n");
	says(EHLO FROM);
	assert_string_equal(says("AUTH PLAIN " GOOD "\r\n"),
	    "503 5.5.1 Not during a transaction\r\n");
	says("RSET\r\n");
	assert_string_equal(says("AUTH PLAIN " GOOD "\r\n"), RIGHT);
	assert_string_equal(says("AUTH PLAIN " GOOD "\r\n"), AGAIN);
	says(EHLO);
	assert_string_equal(says("AUTH PLAIN " GOOD "\r\n"), AGAIN);
	harness_disconnect();
	assert_int_equal(keyd.checks, 1);
}

/* ---- exchanges --------------------------------------------------------- */

static const struct exchange {
	const char	*says, *told;
} exchanges[] = {
	{ "AUTH PLAIN " GOOD "\r\n", RIGHT },
	{ "auth plain " GOOD "\r\n", RIGHT },
	{ "AUTH PLAIN\r\n" GOOD "\r\n", "334 \r\n" RIGHT },
	{ "AUTH PLAIN " BAD "\r\n", WRONG },
	{ "AUTH PLAIN " BUSY "\r\n", NOT_NOW },
	{ "AUTH PLAIN AHVzZXIAbm9uZQ==\r\n", NOT_NOW },
	{ "AUTH LOGIN\r\ndXNlcg==\r\ncmlnaHQ=\r\n", NAME PASS RIGHT },
	{ "AUTH LOGIN dXNlcg==\r\ncmlnaHQ=\r\n", PASS RIGHT },
	{ "AUTH LOGIN dXNlcg==\r\nd3Jvbmc=\r\n", PASS WRONG },
	/* who is wrong may try again */
	{ "AUTH PLAIN " BAD "\r\nAUTH PLAIN " GOOD "\r\nNOOP\r\n",
	    WRONG RIGHT OK },
	/* RFC 4954 4: cancelled, and as if nothing were */
	{ "AUTH PLAIN\r\n*\r\nNOOP\r\n",
	    "334 \r\n501 5.7.0 Authentication cancelled\r\n" OK },
	{ "AUTH LOGIN\r\ndXNlcg==\r\n*\r\nNOOP\r\n",
	    NAME PASS "501 5.7.0 Authentication cancelled\r\n" OK },
	/* "=" is an empty response */
	{ "AUTH PLAIN =\r\n", PLAIN },
	{ "AUTH LOGIN =\r\ncmlnaHQ=\r\n", PASS WRONG },
	{ "AUTH LOGIN\r\n\r\ncmlnaHQ=\r\n", NAME PASS WRONG },
	{ "AUTH LOGIN dXNlcg==\r\n\r\n", PASS WRONG },
	{ "AUTH PLAIN\r\n\r\n", "334 \r\n" PLAIN },
	/* not base64, in all ways; and nothing of it is a command */
	{ "AUTH PLAIN AHVzZXIAcmlnaHQ\r\n", BASE64 },
	{ "AUTH PLAIN AHVzZXIAcmlnaHR=\r\n", BASE64 },
	{ "AUTH PLAIN AHVzZXIAcmlnaHQ==\r\n", BASE64 },
	{ "AUTH PLAIN AHVz=ZXIAcmlnaHQ=\r\n", BASE64 },
	{ "AUTH PLAIN AHVz ZXIAcmlnaHQ=\r\n", BASE64 },
	{ "AUTH PLAIN AHVz-XIAcmln_HQ=\r\n", BASE64 },
	{ "AUTH PLAIN *\r\n", BASE64 },
	{ "AUTH PLAIN\r\nQUIT\tx\r\nNOOP\r\n", "334 \r\n" BASE64 OK },
	{ "AUTH LOGIN\r\n=\r\nNOOP\r\n", NAME BASE64 OK },
	/* CVE-2020-12783: NULs in PLAIN; too few, too many */
	{ "AUTH PLAIN dXNlcg==\r\n", PLAIN },
	{ "AUTH PLAIN AHVzZXI=\r\n", PLAIN },
	{ "AUTH PLAIN AAAA\r\n", PLAIN },
	{ "AUTH PLAIN AHVzZXIAcmlnaHQA\r\n", PLAIN },
	{ "AUTH PLAIN AHVzZXIAcmkAZ2h0\r\n", PLAIN },
	{ "AUTH PLAIN AAA=\r\n", WRONG },		/* \0\0 */
	{ "AUTH PLAIN AHVzZXIA\r\n", WRONG },		/* \0user\0 */
	{ "AUTH PLAIN AAByaWdodA==\r\n", WRONG },	/* \0\0right */
	/* nobody acts for another: user\0user\0right, root\0user\0right */
	{ "AUTH PLAIN dXNlcgB1c2VyAHJpZ2h0\r\n", RIGHT },
	{ "AUTH PLAIN cm9vdAB1c2VyAHJpZ2h0\r\n", WRONG },
	{ "AUTH CRAM-MD5\r\n",
	    "504 5.5.4 Unrecognized authentication mechanism\r\n" },
	{ "AUTH PLAINX " GOOD "\r\n",
	    "504 5.5.4 Unrecognized authentication mechanism\r\n" },
	{ "AUTH\r\n", "501 5.5.4 Syntax: AUTH PLAIN|LOGIN "
	    "[initial response]\r\n" },
};

static void
check_exchange(const struct exchange *x, size_t cut)
{
	throttle_clear();
	connect_tls();
	buf_reset(&harness_out);
	harness_send(str_bytes(x->says, cut));
	harness_run();
	harness_send(str_skip(str_of(x->says), cut));
	harness_run();
	if (strcmp(harness_told(), x->told) != 0)
		print_message("said: %s", x->says);
	assert_string_equal(harness_told(), x->told);
	harness_disconnect();
	assert_int_equal(session_count(), 0);
}

static void
test_exchanges(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(exchanges); i++)
		check_exchange(&exchanges[i], 0);
}

static void
test_every_split(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(exchanges); i++)
		for (size_t n = 1; n < strlen(exchanges[i].says); n++)
			check_exchange(&exchanges[i], n);
}

static void
test_asked(void **state)
{
	(void)state;
	connect_tls();
	says("AUTH PLAIN " GOOD "\r\n");
	assert_int_equal(keyd.checks, 1);
	assert_int_equal(keyd.conf, 7);
	assert_int_equal(keyd.table, 3);
	assert_true(str_equal(buf_str(&keyd.user), str_of("user")));
	harness_disconnect();
}

/* ---- lengths ----------------------------------------------------------- */

/* A line of n octets with its CRLF, behind what is given. */
static const char *
long_line(const char *front, size_t n)
{
	static char	 line[2 * SMTP_AUTH_LINE_MAX];

	memset(line, 'A', n);
	memcpy(line, front, strlen(front));
	memcpy(line + n - 2, "\r\n", 3);
	return line;
}

/* RFC 4954 4: 12,288 octets */
static void
test_line_length(void **state)
{
	(void)state;
	connect_tls();
	says("AUTH PLAIN\r\n");
	/* three quarters of it decode to NULs */
	assert_string_equal(says(long_line("", SMTP_AUTH_LINE_MAX - 2)),
	    PLAIN);
	says("AUTH PLAIN\r\n");
	assert_string_equal(says(long_line("", SMTP_AUTH_LINE_MAX)), BASE64);
	says("AUTH PLAIN\r\n");
	assert_string_equal(says(long_line("", SMTP_AUTH_LINE_MAX + 1)), LONG);
	assert_string_equal(says("NOOP\r\n"), OK);
	assert_string_equal(says(long_line("AUTH PLAIN ",
	    SMTP_AUTH_LINE_MAX)), BASE64);
	assert_string_equal(says(long_line("AUTH PLAIN ",
	    SMTP_AUTH_LINE_MAX + 1)), LONG);
	/* other verbs have no more room for it */
	assert_string_equal(says(long_line("NOOP ", SMTP_COMMAND_MAX)), OK);
	assert_string_equal(says(long_line("NOOP ", SMTP_COMMAND_MAX + 1)),
	    "500 5.5.2 Line too long\r\n");
	harness_disconnect();
}

static const char *
say_base64(const char *front, size_t n)
{
	static char	 text[4096], line[SMTP_AUTH_LINE_MAX];

	memset(text, 'x', n);
	strcpy(line, front);
	sodium_bin2base64(line + strlen(line), sizeof(line) - strlen(line),
	    (uint8_t *)text, n, sodium_base64_VARIANT_ORIGINAL);
	strcat(line, "\r\n");
	return says(line);
}

static void
test_name_and_password_length(void **state)
{
	(void)state;
	connect_tls();
	say_base64("AUTH LOGIN ", ACCOUNT_MAX);
	assert_string_equal(say_base64("", PASSWORD_MAX), WRONG);
	assert_int_equal(keyd.checks, 1);
	assert_int_equal(keyd.user.len, ACCOUNT_MAX);
	assert_int_equal(keyd.password.len, PASSWORD_MAX);
	say_base64("AUTH LOGIN ", ACCOUNT_MAX + 1);
	assert_string_equal(say_base64("", 5), WRONG);
	say_base64("AUTH LOGIN ", 5);
	assert_string_equal(say_base64("", PASSWORD_MAX + 1), WRONG);
	assert_int_equal(keyd.checks, 1);
	harness_disconnect();
}

/* ---- keyd -------------------------------------------------------------- */

static void
test_keyd_away(void **state)
{
	(void)state;
	keyd_stop();
	connect_tls();
	assert_string_equal(says("AUTH PLAIN " GOOD "\r\n"), NOT_NOW);
	keyd_start();
	harness_run();
	assert_string_equal(says("AUTH PLAIN " GOOD "\r\n"), RIGHT);
	harness_disconnect();
}

static void
test_keyd_dies(void **state)
{
	(void)state;
	keyd.mute = true;
	connect_tls();
	assert_string_equal(says("AUTH PLAIN " GOOD "\r\nNOOP\r\n"), "");
	keyd_stop();
	harness_run();
	assert_string_equal(harness_told(), NOT_NOW OK);
	keyd.mute = false;
	keyd_start();
	harness_run();
	assert_string_equal(says("AUTH PLAIN " GOOD "\r\n"), RIGHT);
	harness_disconnect();
}

/* The client leaves while keyd works. */
static void
test_client_gone(void **state)
{
	(void)state;
	keyd.mute = true;
	connect_tls();
	says("AUTH PLAIN " GOOD "\r\n");
	harness_disconnect();
	keyd_stop();
	harness_run();
	assert_int_equal(session_count(), 0);
	keyd_start();
	harness_run();
}

/* ---- guesses ----------------------------------------------------------- */

/* Who is told to come later and does not is not heard for ever. */
static void
test_not_now_ends(void **state)
{
	(void)state;
	harness_listener.max_errors = 2;
	connect_tls();
	assert_string_equal(says("AUTH PLAIN " BUSY "\r\n"), NOT_NOW);
	assert_string_equal(says("AUTH PLAIN " BUSY "\r\nNOOP\r\n"), NOT_NOW
	    "421 4.7.0 mx.example.org Too many errors, closing\r\n");
	harness_disconnect();
}

static void
test_auth_failures(void **state)
{
	(void)state;
	harness_listener.auth_failures = 2;
	connect_tls();
	assert_string_equal(says("AUTH PLAIN " BAD "\r\n"), WRONG);
	assert_string_equal(says("AUTH PLAIN " BAD "\r\nNOOP\r\n"), WRONG
	    "421 4.7.0 mx.example.org Too many wrong passwords, closing\r\n");
	assert_int_equal(session_count(), 0);
	harness_disconnect();
}

static void
guess(unsigned n, const char *line, const char *reply)
{
	for (unsigned i = 0; i < n; i++) {
		connect_tls();
		assert_string_equal(says(line), reply);
		harness_disconnect();
	}
}

/* From one address: whoever is guessed at, then it is no longer asked. */
static void
test_auth_rate_client(void **state)
{
	uint64_t	 now = clock_ms();

	(void)state;
	clock_hold(now, 1795268390);
	guess(GUESSES_CLIENT.burst / 2, "AUTH PLAIN " BAD "\r\n", WRONG);
	guess(GUESSES_CLIENT.burst / 2, "AUTH PLAIN AGEAYg==\r\n", WRONG);
	assert_int_equal(keyd.checks, GUESSES_CLIENT.burst);
	guess(1, "AUTH PLAIN " GOOD "\r\n", NOT_NOW);
	assert_int_equal(keyd.checks, GUESSES_CLIENT.burst);
	assert_true(has_logged("status=throttled"));
	clock_hold(now + GUESSES_CLIENT.interval_ms / GUESSES_CLIENT.count,
	    1795268390);
	guess(1, "AUTH PLAIN " GOOD "\r\n", RIGHT);
	clock_let_go();
}

static void
wrong_from(const char *address, unsigned n)
{
	struct netaddr	 a;

	netaddr_parse(&a, str_of(address));
	for (unsigned i = 0; i < n; i++)
		throttle_wrong(&a, str_of("user"));
}

/*
 * At one account, from everywhere; but who has lately known the password is
 * not locked out by that.
 */
static void
test_auth_rate_account(void **state)
{
	struct netaddr	 home, other;
	char		 text[32];

	(void)state;
	netaddr_parse(&home, str_of("192.0.2.1"));
	netaddr_parse(&other, str_of("192.0.2.2"));
	throttle_right(&home, str_of("user"));
	for (unsigned i = 0; i < GUESSES_ACCOUNT.burst; i++) {
		assert_true(throttle_allows(&other, str_of("user")));
		snprintf(text, sizeof(text), "198.51.100.%u", i);
		wrong_from(text, 1);
	}
	assert_false(throttle_allows(&other, str_of("user")));
	assert_true(throttle_allows(&other, str_of("another")));
	assert_true(throttle_allows(&home, str_of("user")));
	/* once, as somebody else may have that address now */
	throttle_wrong(&home, str_of("user"));
	assert_false(throttle_allows(&home, str_of("user")));
}

/* keyd knows an account in any case, so it is one account. */
static void
test_auth_rate_capitals(void **state)
{
	static const char	*names[] = { "user", "User", "USER", "uSeR" };
	struct netaddr		 a;
	char			 text[32];

	(void)state;
	for (unsigned i = 0; i < GUESSES_ACCOUNT.burst; i++) {
		snprintf(text, sizeof(text), "198.51.100.%u", i);
		netaddr_parse(&a, str_of(text));
		throttle_wrong(&a, str_of(names[i % 4]));
	}
	netaddr_parse(&a, str_of("192.0.2.2"));
	assert_false(throttle_allows(&a, str_of("usER")));
	assert_true(throttle_allows(&a, str_of("users")));
}

/* What is being checked counts: neither many at a time nor leaving before
 * the answer gets more of them checked. */
static void
test_auth_rate_at_a_time(void **state)
{
	struct netaddr	 a, b;

	(void)state;
	netaddr_parse(&a, str_of("192.0.2.1"));
	netaddr_parse(&b, str_of("192.0.2.2"));
	throttle_right(&b, str_of("user"));
	for (unsigned i = 0; i < GUESSES_CLIENT.burst; i++) {
		assert_true(throttle_allows(&a, str_of("user")));
		assert_true(throttle_take(&a, str_of("user")));
	}
	assert_false(throttle_allows(&a, str_of("user")));
	assert_false(throttle_take(&b, str_of("user")));
	throttle_give(&a, str_of("user"));
	assert_true(throttle_allows(&a, str_of("user")));
}

/* Answers that nobody waits for: each was a question all the same. */
static void
test_auth_rate_gone(void **state)
{
	unsigned	 before = keyd.checks;

	(void)state;
	keyd.mute = true;
	for (unsigned i = 0; i < GUESSES_CLIENT.burst + 5; i++) {
		connect_tls();
		(void)says("AUTH PLAIN " BAD "\r\n");
		harness_disconnect();
	}
	keyd.mute = false;
	assert_int_equal(keyd.checks, before + GUESSES_CLIENT.burst);
}

/* The right one costs nothing, and gives nothing back. */
static void
test_auth_rate_right(void **state)
{
	(void)state;
	guess(GUESSES_CLIENT.burst + 5, "AUTH PLAIN " GOOD "\r\n", RIGHT);
	guess(GUESSES_CLIENT.burst / 2, "AUTH PLAIN AGEAYg==\r\n", WRONG);
	guess(3, "AUTH PLAIN " GOOD "\r\n", RIGHT);
	guess(3, "AUTH PLAIN " BUSY "\r\n", NOT_NOW);
	guess(GUESSES_CLIENT.burst / 2, "AUTH PLAIN AGEAYg==\r\n", WRONG);
	guess(1, "AUTH PLAIN AGEAYg==\r\n", NOT_NOW);
}

/* An IPv6 subscriber has 2^64 addresses. */
static void
test_auth_rate_network(void **state)
{
	struct netaddr	 a;
	char		 text[32];

	(void)state;
	for (unsigned i = 0; i < GUESSES_CLIENT.burst; i++) {
		snprintf(text, sizeof(text), "2001:db8::%x", i);
		netaddr_parse(&a, str_of(text));
		throttle_wrong(&a, str_of(text));
	}
	netaddr_parse(&a, str_of("2001:db8::ffff"));
	assert_false(throttle_allows(&a, str_of("x")));
	netaddr_parse(&a, str_of("2001:db8:0:1::1"));
	assert_true(throttle_allows(&a, str_of("x")));
}

/* Any number of clients takes no more memory, nor forgets the worst. */
static void
test_auth_rate_crowd(void **state)
{
	struct netaddr	 worst, a = { .family = 4 };

	(void)state;
	netaddr_parse(&worst, str_of("192.0.2.9"));
	wrong_from("192.0.2.9", GUESSES_CLIENT.burst);
	for (uint32_t i = 0; i < 4 * GUESSERS_MAX; i++) {
		memcpy(a.bytes, &i, sizeof(i));
		throttle_wrong(&a, str_bytes(&i, sizeof(i)));
	}
	assert_false(throttle_allows(&worst, str_of("x")));
}

/* ---- what comes of it -------------------------------------------------- */

static void
test_required(void **state)
{
	(void)state;
	harness_listener.auth_required = true;
	harness_connect();
	says(EHLO);
	assert_string_equal(says(FROM),
	    "530 5.7.0 Authentication required\r\n");
	harness_disconnect();
	connect_tls();
	assert_string_equal(says(FROM),
	    "530 5.7.0 Authentication required\r\n");
	says("AUTH PLAIN " BAD "\r\n");
	assert_string_equal(says(FROM),
	    "530 5.7.0 Authentication required\r\n");
	says("AUTH PLAIN " GOOD "\r\n");
	assert_string_equal(says(FROM), MAIL_OK);
	harness_disconnect();
}

/* RFC 4954 5: checked, and believed of nobody */
static void
test_mail_parameter(void **state)
{
	(void)state;
	connect_tls();
	says("AUTH PLAIN " GOOD "\r\n");
	assert_string_equal(says("MAIL FROM:<a@b.example> AUTH=<>\r\nRSET\r\n"),
	    MAIL_OK OK);
	assert_string_equal(says("MAIL FROM:<a@b.example> "
	    "AUTH=e+2Bmc2@example.com\r\nRSET\r\n"), MAIL_OK OK);
	assert_string_equal(says("MAIL FROM:<a@b.example> AUTH=a+2\r\n"
	    "MAIL FROM:<a@b.example> AUTH\r\n"),
	    "501 5.5.4 Bad AUTH parameter\r\n"
	    "501 5.5.4 Bad AUTH parameter\r\n");
	harness_disconnect();
}

static bool
content_has(const char *text)
{
	return memmem(buf_data(&fake.content), fake.content.len, text,
	    strlen(text)) != NULL;
}

static void
test_envelope(void **state)
{
	(void)state;
	connect_tls();
	says(FROM TO "DATA\r\n.\r\n");
	assert_int_equal(fake.account.len, 0);
	assert_true(content_has(" with ESMTPS id "));
	says("AUTH PLAIN " GOOD "\r\n");
	says(FROM TO "DATA\r\n.\r\n");
	assert_true(str_equal(buf_str(&fake.account), str_of("user")));
	assert_true(content_has(" with ESMTPSA id "));
	/* who sends it is nobody's business */
	assert_false(content_has("user"));
	assert_true(has_logged(" proto=ESMTPSA tls=TLSv1.3 "
	    "cipher=TLS_AES_256_GCM_SHA384 account=\"user\""));
	harness_disconnect();
	/* and only of that session */
	connect_tls();
	says(FROM TO "DATA\r\n.\r\n");
	assert_int_equal(fake.account.len, 0);
	harness_disconnect();
}

static void
test_logged(void **state)
{
	(void)state;
	connect_tls();
	says("AUTH PLAIN " BAD "\r\nAUTH LOGIN dXMiZXI=\r\nd3Jvbmc=\r\n"
	    "AUTH PLAIN " GOOD "\r\n");
	harness_disconnect();
	assert_true(has_logged("auth client=192.0.2.1 listener=mx "
	    "account=\"user\" method=PLAIN status=refused tls=TLSv1.3 "
	    "cipher=TLS_AES_256_GCM_SHA384"));
	assert_true(has_logged("account=\"us\\x22er\" method=LOGIN "
	    "status=refused"));
	assert_true(has_logged("account=\"user\" method=PLAIN status=ok"));
	assert_false(has_logged("wrong"));
	assert_false(has_logged("right"));
	assert_false(has_logged(GOOD));
	assert_false(has_logged("d3Jvbmc="));
}

/* After a reload the table has another number, or is none. */
static void
test_renumber(void **state)
{
	struct conf		 next = harness_conf;
	struct listener_conf	 l = harness_listener;

	(void)state;
	connect_tls();
	l.auth_table = 5;
	next.number = 8;
	next.listeners = &l;
	settings_renumber(&next);
	says("AUTH PLAIN " BAD "\r\n");
	assert_int_equal(keyd.conf, 8);
	assert_int_equal(keyd.table, 5);
	l.name = str_of("another");
	settings_renumber(&next);
	assert_string_equal(says("AUTH PLAIN " GOOD "\r\n"),
	    "502 5.5.1 Command not implemented\r\n");
	harness_disconnect();
}

#define TEST(t)	cmocka_unit_test_setup(test_##t, before)

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		TEST(auth_clear), TEST(no_table), TEST(misplaced),
		TEST(exchanges), TEST(every_split), TEST(asked),
		TEST(line_length), TEST(name_and_password_length),
		TEST(keyd_away), TEST(keyd_dies), TEST(client_gone),
		TEST(not_now_ends), TEST(auth_failures), TEST(auth_rate_client),
		TEST(auth_rate_account), TEST(auth_rate_capitals),
		TEST(auth_rate_at_a_time), TEST(auth_rate_gone),
		TEST(auth_rate_right), TEST(auth_rate_network),
		TEST(auth_rate_crowd), TEST(required), TEST(mail_parameter),
		TEST(envelope), TEST(logged), TEST(renumber),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
