/*
 * AUTH when the role state counts for all workers: its word holds, the one
 * of this worker where it is not there, and a password waits for it no
 * longer than for its answer.
 */
#include "smtpd_harness.h"
#include "tls_fake.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "guess_client.h"
#include "login.h"

#define EHLO	"EHLO c.example\r\n"
#define RIGHT	"235 2.7.0 Authentication successful\r\n"
#define WRONG	"535 5.7.8 Authentication credentials invalid\r\n"
#define NOT_NOW	"454 4.7.0 Cannot check that now, try again later\r\n"
/* \0user\0right, \0user\0wrong, \0user\0busy, and with other\0 before */
#define GOOD	"AUTH PLAIN AHVzZXIAcmlnaHQ=\r\n"
#define BAD	"AUTH PLAIN AHVzZXIAd3Jvbmc=\r\n"
#define BUSY	"AUTH PLAIN AHVzZXIAYnVzeQ==\r\n"
#define AS	"AUTH PLAIN b3RoZXIAdXNlcgByaWdodA==\r\n"
#define EMPTY	"AUTH PLAIN AHVzZXIA\r\n"

/* The fake state: what it says, and what it was told. */
static struct {
	bool			 mute;
	enum guess_verdict	 verdict;
	unsigned		 takes, ends;
	enum guess_result	 result;	/* of the last end */
	enum guess_verdict	 taken;
	char			 account[ACCOUNT_MAX + 1];
	struct netaddr		 client;
	struct frame_channel	 channel;
	struct peer		*peer;
} counter;

static const struct handlers	 counter_handlers = {
	.GUESS_TAKEN = on_guess_taken,
};
static struct certificate_ref	 certificate;

static void
counter_say(enum message type, uint32_t id, const void *x)
{
	if (frame_put(&counter.channel, type, id, -1,
	    message_rule(type)->encode, x) == -1)
		abort();
}

static void
counter_handle(const struct frame *f)
{
	const struct guess_taken	 answer = { counter.verdict };
	struct arena			 arena = ARENA_INIT(1 << 20);
	union payload			*u = calloc(1, sizeof(*u));
	struct wire			 w;

	wire_init(&w, f->payload.p, f->payload.n);
	if (u == NULL || message_rule(f->type)->decode(&w, &arena, u) == -1)
		abort();
	if (f->type == MSG_GUESS_TAKE) {
		counter.takes++;
		counter.client = u->guess.client;
		snprintf(counter.account, sizeof(counter.account), "%.*s",
		    STR_FMT(u->guess.account));
		if (!counter.mute)
			counter_say(MSG_GUESS_TAKEN, f->id, &answer);
	} else if (f->type == MSG_GUESS_END) {
		counter.ends++;
		counter.result = u->guess_end.result;
		counter.taken = u->guess_end.taken;
	}
	free(u);
	arena_clear(&arena);
}

static bool
counter_turn(void)
{
	struct frame	*f;
	bool		 did = false;

	if (counter.peer == NULL)
		return false;
	if (frame_read(&counter.channel) == FRAME_OK)
		while (frame_next(&counter.channel, &f) == FRAME_OK) {
			counter_handle(f);
			did = true;
		}
	frame_flush(&counter.channel);
	return did;
}

static void
run(void)
{
	do
		harness_run();
	while (counter_turn());
}

static void
counter_lost(struct peer *p)
{
	guess_down(p);
	counter.peer = NULL;
}

static void
counter_start(void)
{
	struct hello	 h = { ROLE_STATE, 0, ++harness_generation,
	    messages_hash() };
	int		 sv[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, sv) == -1)
		abort();
	counter.peer = peer_new(sv[0], ROLE_STATE, 0, harness_generation,
	    &counter_handlers, counter_lost);
	frame_init(&counter.channel, sv[1], harness_maxlen);
	counter_say(MSG_HELLO, 0, &h);
	frame_flush(&counter.channel);
	guess_up(counter.peer);
}

static void
counter_stop(void)
{
	if (counter.peer == NULL)
		return;
	frame_clear(&counter.channel);
	harness_run();
	assert_null(counter.peer);
}

/* ---- the client -------------------------------------------------------- */

static int
before(void **state)
{
	(void)state;
	harness_disconnect();
	harness_set_defaults();
	harness_listener.service = SERVICE_SUBMISSION;
	harness_listener.certificates = &certificate;
	harness_listener.n_certificates = 1;
	harness_listener.tls = TLS_LEVEL_MAY;
	harness_listener.auth_table = 3;
	harness_listener.max_errors = 0;
	counter_stop();
	counter.mute = false;
	counter.verdict = GUESS_COUNTED;
	counter.takes = counter.ends = 0;
	counter_start();
	run();
	return 0;
}

static const char *
say(const char *line)
{
	buf_reset(&harness_out);
	harness_send(str_of(line));
	run();
	return harness_told();
}

static void
connect_tls(void)
{
	harness_disconnect();
	harness_connect();
	say(EHLO "STARTTLS\r\n");
	say(TLS_FAKE_HELLO);
	say(EHLO);
}

/* ---- tests ------------------------------------------------------------- */

static void
test_counted(void **state)
{
	static const struct {
		const char		*line, *reply;
		enum guess_verdict	 verdict;
		enum guess_result	 result;
	} cases[] = {
		{ GOOD, RIGHT, GUESS_COUNTED, GUESS_RIGHT },
		{ GOOD, RIGHT, GUESS_KNOWN, GUESS_RIGHT },
		{ BAD, WRONG, GUESS_COUNTED, GUESS_WRONG },
		{ BAD, WRONG, GUESS_KNOWN, GUESS_WRONG },
		{ BUSY, NOT_NOW, GUESS_COUNTED, GUESS_OPEN },
		{ BUSY, NOT_NOW, GUESS_KNOWN, GUESS_OPEN },
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		connect_tls();
		counter.verdict = cases[i].verdict;
		assert_string_equal(say(cases[i].line), cases[i].reply);
		assert_int_equal(counter.takes, i + 1);
		assert_int_equal(counter.ends, i + 1);
		assert_int_equal(counter.result, cases[i].result);
		assert_int_equal(counter.taken, cases[i].verdict);
	}
	assert_string_equal(counter.account, "user");
	assert_true(str_equal(buf_str(&keyd.password), str_of("busy")));
}

/* keyd is not asked; and what this worker thinks is not. */
static void
test_refused(void **state)
{
	(void)state;
	connect_tls();
	counter.verdict = GUESS_REFUSED;
	assert_string_equal(say(GOOD), NOT_NOW);
	assert_int_equal(keyd.checks, 0);
	assert_int_equal(counter.ends, 0);
	counter.verdict = GUESS_COUNTED;
	for (unsigned i = 0; i < 2 * GUESSES_ACCOUNT_MAX; i++)
		throttle_wrong(&counter.client, str_of("user"));
	assert_string_equal(say(GOOD), RIGHT);
}

/* What is not even a guess costs nobody anything but the session. */
static void
test_no_guess(void **state)
{
	(void)state;
	connect_tls();
	assert_string_equal(say(AS), WRONG);
	assert_string_equal(say(EMPTY), WRONG);
	assert_int_equal(counter.takes + counter.ends, 0);
	assert_int_equal(keyd.checks, 0);
	for (unsigned i = 0; i < GUESSES_ACCOUNT_MAX; i++) {
		connect_tls();
		say(AS);
	}
	counter_stop();
	connect_tls();
	assert_string_equal(say(GOOD), RIGHT);
}

/* It goes while it is asked, or is not there: this worker decides. */
static void
test_away(void **state)
{
	(void)state;
	counter.mute = true;
	connect_tls();
	assert_string_equal(say(GOOD), "");
	counter_stop();
	run();
	assert_string_equal(harness_told(), RIGHT);
	for (unsigned i = 0; i < GUESSES_CLIENT_MAX; i++) {
		connect_tls();
		assert_string_equal(say("AUTH PLAIN AGEAYg==\r\n"), WRONG);
	}
	connect_tls();
	assert_string_equal(say("AUTH PLAIN AGEAYg==\r\n"), NOT_NOW);
}

/* What it has counted while state was there, the worker knows as well. */
static void
test_goes_later(void **state)
{
	(void)state;
	for (unsigned i = 0; i < GUESSES_CLIENT_MAX; i++) {
		connect_tls();
		assert_string_equal(say("AUTH PLAIN AGEAYg==\r\n"), WRONG);
	}
	counter_stop();
	connect_tls();
	assert_string_equal(say("AUTH PLAIN AGEAYg==\r\n"), NOT_NOW);
}

/* The client leaves, or all end, while it is asked: nothing is left. */
static void
test_client_gone(void **state)
{
	(void)state;
	counter.mute = true;
	connect_tls();
	assert_string_equal(say(GOOD), "");
	harness_disconnect();
	counter_stop();
	run();
	assert_int_equal(session_count(), 0);

	counter_start();
	connect_tls();
	assert_string_equal(say(GOOD), "");
	keyd.checks = 0;
	session_stop_all();
	run();
	harness_disconnect();
	counter_stop();
	run();
	assert_int_equal(session_count(), 0);
	assert_int_equal(keyd.checks, 0);
}

#define TEST(name)	cmocka_unit_test_setup(test_##name, before)

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		TEST(counted), TEST(refused), TEST(no_guess), TEST(away),
		TEST(goes_later), TEST(client_gone),
	};

	return cmocka_run_group_tests(tests, harness_begin, NULL);
}
