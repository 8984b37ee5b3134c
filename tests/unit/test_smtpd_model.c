/*
 * smtp_model: sequences of commands against a model of the protocol that
 * shares no code with smtpd: every sequence to length four, and random ones
 * to length forty in random pieces.  The model writes down what is to be
 * said, as after a 354 that is content, and what is to be answered.  Where
 * TLS begins the client waits for its reply, as nothing may follow it.
 */
#include "smtpd_harness.h"
#include "tls_fake.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define LENGTH		4
#define LENGTH_RANDOM	40
#define RANDOM_RUNS	400
#define SEED		20261121
#define RCPTS		5	/* as harness_set_defaults has it */
#define WAITS_MAX	2

struct model {
	bool	 greeted, mail, extended, tls, user;
	int	 accepted, tried;
	size_t	 waits[WAITS_MAX];	/* here says is cut */
	size_t	 n_waits;
	char	 says[4096], told[8192];
};

static void
say(struct model *m, const char *line)
{
	strcat(m->says, line);
}

/* Only the code and the class: texts are tested elsewhere. */
static void
answer(struct model *m, const char *code)
{
	strcat(m->told, code);
	strcat(m->told, "\n");
}

static void
end_of_mail(struct model *m)
{
	m->mail = false;
	m->accepted = m->tried = 0;
}

static void
do_hello(struct model *m)
{
	say(m, "HELO c.example\r\n");
	answer(m, "250");
	end_of_mail(m);
	m->greeted = true;
	m->extended = false;
}

static void
do_ehlo(struct model *m)
{
	say(m, "EHLO c.example\r\n");
	/* and STARTTLS or AUTH */
	for (int i = 0; i < 10; i++)
		answer(m, "250");
	end_of_mail(m);
	m->greeted = m->extended = true;
}

static void
do_starttls(struct model *m)
{
	if (!m->greeted || m->mail || m->tls) {
		say(m, "STARTTLS\r\n");
		answer(m, "503");
		return;
	}
	say(m, "STARTTLS\r\n");
	m->waits[m->n_waits++] = strlen(m->says);
	say(m, TLS_FAKE_HELLO);
	answer(m, "220");
	m->tls = true;
	m->greeted = m->extended = false;
}

/* What AUTH is answered with when it cannot be; or NULL. */
static const char *
no_auth(const struct model *m)
{
	if (!m->greeted || m->mail || !m->extended)
		return "503";
	return !m->tls ? "538" : m->user ? "503" : NULL;
}

static void
do_auth(struct model *m)
{
	const char	*no = no_auth(m);

	say(m, "AUTH PLAIN AHVzZXIAcmlnaHQ=\r\n");
	answer(m, no != NULL ? no : "235");
	m->user = m->user || no == NULL;
}

/* A command in the middle of it is none. */
static void
do_bad_auth(struct model *m)
{
	const char	*no = no_auth(m);

	say(m, "AUTH LOGIN\r\n");
	answer(m, no != NULL ? no : "334");
	if (no != NULL)
		return;
	say(m, "dXNlcg==\r\nMAIL FROM:<>\r\n");
	answer(m, "334");
	answer(m, "501");
}

static void
do_mail(struct model *m)
{
	say(m, "MAIL FROM:<a@b.example>\r\n");
	answer(m, m->greeted && !m->mail ? "250" : "503");
	m->mail = m->greeted;
}

static void
do_bad_mail(struct model *m)
{
	say(m, "MAIL FROM:<a@b.example> FOO\r\n");
	answer(m, m->greeted && !m->mail ? "555" : "503");
}

static void
do_rcpt(struct model *m)
{
	say(m, "RCPT TO:<ok@example.org>\r\n");
	if (!m->mail) {
		answer(m, "503");
		return;
	}
	m->tried++;
	answer(m, m->accepted < RCPTS ? "250" : "452");
	m->accepted += m->accepted < RCPTS;
}

static void
do_unknown_rcpt(struct model *m)
{
	say(m, "RCPT TO:<no@example.org>\r\n");
	answer(m, !m->mail ? "503" : m->accepted < RCPTS ? "550" : "452");
	m->tried += m->mail;
}

static void
do_bad_rcpt(struct model *m)
{
	say(m, "RCPT TO:<a..b@example.org>\r\n");
	answer(m, m->mail ? "501" : "503");
	m->tried += m->mail;
}

static void
do_data(struct model *m)
{
	say(m, "DATA\r\n");
	if (m->accepted == 0) {
		answer(m, m->tried != 0 ? "554" : "503");
		return;
	}
	say(m, "A: b\r\n\r\nMAIL FROM:<>\r\n..\r\n.\r\n");
	answer(m, "354");
	answer(m, "250");
	end_of_mail(m);
}

static void
do_bad_data(struct model *m)
{
	if (m->accepted == 0) {
		do_data(m);
		return;
	}
	say(m, "DATA\r\n\n.\r\n.\nDATA\r\n\r\n.\r\n");
	answer(m, "354");
	answer(m, "550");
	end_of_mail(m);
}

static void
do_rset(struct model *m)
{
	say(m, "RSET\r\n");
	answer(m, "250");
	end_of_mail(m);
}

static void
do_vrfy(struct model *m)
{
	say(m, "VRFY x\r\n");
	answer(m, "252");
}

static void
do_unknown(struct model *m)
{
	say(m, "FOO\r\n");
	answer(m, "500");
}

static void	(*const steps[])(struct model *) = {
	do_hello, do_mail, do_rcpt, do_unknown_rcpt, do_data, do_rset,
	do_ehlo, do_starttls, do_auth,
	do_bad_mail, do_bad_rcpt, do_bad_data, do_bad_auth, do_vrfy,
	do_unknown,
};

#define STEPS	(sizeof(steps) / sizeof(steps[0]))

static void
model_begin(struct model *m)
{
	memset(m, 0, sizeof(*m));
	answer(m, "220");
}

/* The codes of what was told, a line each. */
static void
codes(const char *told, char *to)
{
	const char	*end;

	for (; (end = strstr(told, "\r\n")) != NULL; told = end + 2)
		to += sprintf(to, "%.3s\n", told);
	*to = '\0';
}

static void
check(const struct model *m)
{
	char	 got[8192];

	codes(harness_told(), got);
	if (strcmp(got, m->told) != 0)
		print_message("said: %s", m->says);
	assert_string_equal(got, m->told);
}

/* All that is to be said, with a stop where a reply is waited for. */
static void
send_waiting(const struct model *m, void (*send_all)(struct str))
{
	struct str	 rest = str_of(m->says);
	size_t		 sent = 0;

	for (size_t i = 0; i < m->n_waits; i++) {
		send_all(str_bytes(rest.p, m->waits[i] - sent));
		harness_run();
		rest = str_skip(rest, m->waits[i] - sent);
		sent = m->waits[i];
	}
	send_all(rest);
	harness_run();
}

static void
test_exhaustive(void **state)
{
	struct model	 m;
	size_t		 all = 1, rest;

	(void)state;
	for (size_t i = 0; i < LENGTH; i++)
		all *= STEPS;
	for (size_t n = 0; n < all; n++) {
		model_begin(&m);
		rest = n;
		for (size_t i = 0; i < LENGTH; i++, rest /= STEPS)
			steps[rest % STEPS](&m);
		harness_connect();
		send_waiting(&m, harness_send);
		harness_disconnect();
		check(&m);
	}
}

/* RFC 2920: the same replies, whatever comes together. */
static void
send_in_pieces(struct str s)
{
	struct str	 piece;

	while (s.n != 0) {
		piece = s;
		piece.n = 1 + (size_t)rand() % (s.n < 80 ? s.n : 80);
		harness_send(piece);
		if (rand() % 2)
			harness_run();
		s = str_skip(s, piece.n);
	}
}

static void
test_random(void **state)
{
	struct model	 m;
	unsigned	 length;

	(void)state;
	srand(SEED);
	for (unsigned n = 0; n < RANDOM_RUNS; n++) {
		model_begin(&m);
		length = (unsigned)rand() % LENGTH_RANDOM;
		for (unsigned i = 0; i < length; i++)
			steps[(size_t)rand() % STEPS](&m);
		harness_connect();
		send_waiting(&m, send_in_pieces);
		harness_disconnect();
		check(&m);
	}
}

static int
setup(void **state)
{
	static struct certificate_ref	 certificate;

	(void)state;
	harness_setup();
	harness_listener.max_errors = 0;
	harness_listener.certificates = &certificate;
	harness_listener.n_certificates = 1;
	harness_listener.tls = TLS_LEVEL_MAY;
	harness_listener.auth_table = 0;
	return 0;
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(test_exhaustive),
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
