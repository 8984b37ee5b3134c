/*
 * The SMTP client with STARTTLS and AUTH, against scripted servers with real
 * certificates: one of an issuer that is trusted, and one that is not.
 */
#include "client_harness.h"

#include <sys/mman.h>

#include <signal.h>

#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sodium.h>

#include "tls.h"

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))

/* ---- certificates ------------------------------------------------------ */

struct identity {
	EVP_PKEY	*key;
	X509		*cert;
};

static struct identity	 trusted, stranger, good, bad, selfmade;

static void
add_extension(X509 *x, int nid, const char *value)
{
	X509_EXTENSION	*e = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

	assert_non_null(e);
	X509_add_ext(x, e, -1);
	X509_EXTENSION_free(e);
}

/* A host's, or without a name an issuer's, which signs itself. */
static struct identity
make_identity(const char *host, const struct identity *issuer)
{
	struct identity	 id = { EVP_EC_gen("P-256"), X509_new() };
	X509_NAME	*name = X509_get_subject_name(id.cert);
	char		 alt[64];
	static long	 serial;

	X509_set_version(id.cert, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(id.cert), ++serial);
	X509_gmtime_adj(X509_getm_notBefore(id.cert), -60);
	X509_gmtime_adj(X509_getm_notAfter(id.cert), 3600);
	snprintf(alt, sizeof(alt), "%s%ld", host != NULL ? host : "issuer",
	    serial);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
	    (const unsigned char *)alt, -1, -1, 0);
	X509_set_pubkey(id.cert, id.key);
	add_extension(id.cert, NID_basic_constraints,
	    host != NULL ? "CA:FALSE" : "critical,CA:TRUE");
	if (host != NULL) {
		snprintf(alt, sizeof(alt), "DNS:%s", host);
		add_extension(id.cert, NID_subject_alt_name, alt);
	}
	X509_set_issuer_name(id.cert, X509_get_subject_name(issuer != NULL ?
	    issuer->cert : id.cert));
	assert_int_not_equal(X509_sign(id.cert, issuer != NULL ? issuer->key :
	    id.key, EVP_sha256()), 0);
	return id;
}

static struct tls_client	*tls;
static bool			 no_memory;

static struct tls_client *
the_tls(void)
{
	return no_memory ? NULL : tls;
}

static int
bundle(void)
{
	int	 fd = memfd_create("bundle", 0);
	BIO	*b = BIO_new_fd(fd, BIO_NOCLOSE);

	PEM_write_bio_X509(b, trusted.cert);
	BIO_free(b);
	return fd;
}

/* ---- the server's end -------------------------------------------------- */

static const struct identity	*shown;
static SSL			*ssl;

static ssize_t
tls_recv(int fd, void *to, size_t n, int flags)
{
	size_t	 got;

	if (ssl == NULL)
		return recv(fd, to, n, flags);
	return SSL_read_ex(ssl, to, n, &got) == 1 ? (ssize_t)got : -1;
}

static ssize_t
tls_send(int fd, const void *p, size_t n, int flags)
{
	size_t	 sent;

	if (ssl == NULL)
		return send(fd, p, n, flags);
	return SSL_write_ex(ssl, p, n, &sent) == 1 ? (ssize_t)sent : -1;
}

/* Until the client has what it needs of it, or ends the connection. */
static void
accept_tls(struct run *r, const char *before)
{
	SSL_CTX	*ctx = SSL_CTX_new(TLS_server_method());
	bool	 done = false;

	SSL_CTX_use_certificate(ctx, shown->cert);
	SSL_CTX_use_PrivateKey(ctx, shown->key);
	ssl = SSL_new(ctx);
	SSL_CTX_free(ctx);
	fcntl(r->server, F_SETFL, O_NONBLOCK);
	assert_int_equal(send(r->server, before, strlen(before), 0),
	    strlen(before));
	SSL_set_fd(ssl, r->server);
	for (int i = 0; i < 20 && !done && r->client != NULL; i++) {
		done = SSL_accept(ssl) == 1;
		event_base_loop(base, EVLOOP_NONBLOCK);
	}
	pump(r);
}

/* ---- logging in -------------------------------------------------------- */

static unsigned		 n_logins;
static struct run	*wants_login;
static struct str	 user = STR("me"), password = STR("secret");

static const char *
ask_login(struct run *r)
{
	n_logins++;
	wants_login = r;
	return NULL;
}

static const char *
nobody_to_ask(struct run *r)
{
	(void)r;
	return "there is no keeper of credentials";
}

/* ---- scripts ----------------------------------------------------------- */

struct tls_script {
	enum tls_level		 level;
	const struct identity	*shown;
	struct script		 script;
};

#define EHLO	">220 mx.b.test ESMTP\r\n", "<EHLO mx.test\r\n"
#define OFFER	EHLO, ">250-mx.b.test\r\n250-PIPELINING\r\n250-AUTH PLAIN\r\n" \
		"250 STARTTLS\r\n", "<STARTTLS\r\n"
#define START	OFFER, "S220 go\r\n", "<EHLO mx.test\r\n"
#define NO_PIPE	">250 mx.b.test\r\n"
#define MAIL	"MAIL FROM:<s@a.test>\r\n"
#define JOB	"<" MAIL, ">250 ok\r\n", "<" RCPT0, ">250 ok\r\n",	\
		"<" DATA, ">354 go\r\n", "<" CONTENT, END
#define SUITE	"TLSv1.3 TLS_AES_256_GCM_SHA384"
#define DONE(v)	"0:D250/2.0.0 tls=" v " idle"
#define CLEAR	EHLO, ">250 mx.b.test\r\n"

/* What a test that fails leaves behind must not be seen by the next. */
static struct run	 r;
static bool		 running;

static void
begin_tls(void)
{
	begin(&r);
	running = true;
}

static int
end_tls(void **state)
{
	(void)state;
	if (running)
		finish(&r);
	running = false;
	SSL_free(ssl);
	ssl = NULL;
	return 0;
}

static void
play_tls(const struct tls_script *s)
{
	size_t	 at = 0;

	shown = s->shown;
	wish.level = s->level;
	n_logins = 0;
	wants_login = NULL;
	begin_tls();
	r.rcpts = 1;
	add_job(&r);
	for (size_t i = 0; i < STEPS_MAX && s->script.steps[i] != NULL; i++) {
		step(&r, s->script.steps[i], 0, &at, s->script.name);
		if (wants_login != NULL && r.client != NULL)
			client_login(r.client, user, password);
		wants_login = NULL;
		pump(&r);
	}
	if (r.client != NULL)
		note(&r, r.idle ? "idle" : "open");
	if (strcmp(r.outcome, s->script.outcome) != 0)
		fail_msg("%s: \"%s\", not \"%s\"", s->script.name, r.outcome,
		    s->script.outcome);
	end_tls(NULL);
}

#define PLAY(...)	play_tls(&(struct tls_script){ __VA_ARGS__ })

static int
set_up(void **state)
{
	(void)state;
	wish = (struct client_wish){ .name = STR("mx.b.test") };
	harness_login = ask_login;
	no_memory = false;
	return 0;
}

/* ---- STARTTLS ---------------------------------------------------------- */

static void
opportunistic(void **state)
{
	(void)state;
	PLAY(TLS_LEVEL_NONE, NULL, { "none", 1, 1, { EHLO,
	    ">250-mx\r\n250 STARTTLS\r\n", JOB }, "0:D250/2.0.0 idle" });
	PLAY(TLS_LEVEL_MAY, NULL, { "not offered", 1, 1, { CLEAR, JOB },
	    "0:D250/2.0.0 idle" });
	PLAY(TLS_LEVEL_MAY, &good, { "trusted", 1, 1, { START, NO_PIPE, JOB },
	    DONE("opportunistic " SUITE " trusted") });
	PLAY(TLS_LEVEL_MAY, &selfmade, { "self-made", 1, 1, { START, NO_PIPE,
	    JOB }, DONE("opportunistic " SUITE " untrusted") });
	PLAY(TLS_LEVEL_MAY, NULL, { "HELO", 1, 1, { EHLO, ">502 what\r\n",
	    "<HELO mx.test\r\n", ">250 hello\r\n", JOB },
	    "0:D250/2.0.0 idle" });
}

/* Somebody took STARTTLS out of the answer: THREATS 4. */
static void
strip(void **state)
{
	static const enum tls_level	 levels[] = {
		TLS_LEVEL_ENCRYPT, TLS_LEVEL_VERIFY,
	};

	(void)state;
	for (size_t i = 0; i < COUNT(levels); i++) {
		PLAY(levels[i], NULL, { "stripped", 1, 1, { CLEAR, "<" },
		    "refused 0/4.7.4" });
		PLAY(levels[i], NULL, { "no EHLO", 1, 1, { EHLO,
		    ">502 what\r\n", "<HELO mx.test\r\n", ">250 hello\r\n",
		    "<" }, "refused 0/4.7.4" });
		PLAY(levels[i], NULL, { "refused", 1, 1, { OFFER,
		    ">454 4.7.0 not now\r\n", "<" }, "refused 0/4.7.4" });
		PLAY(levels[i], NULL, { "broken", 1, 1, { OFFER, ">220 go\r\n",
		    "~", ">250 no TLS at all\r\n", "~" },
		    "refused 0/4.7.5" });
	}
}

static void
no_tls_after_all(void **state)
{
	(void)state;
	PLAY(TLS_LEVEL_MAY, NULL, { "refused", 1, 1, { OFFER,
	    ">454 4.7.0 not now\r\n", "<" }, "no-tls 0/4.7.4" });
	PLAY(TLS_LEVEL_MAY, NULL, { "junk", 1, 1, { OFFER, ">220 go\r\n",
	    "~", ">250 no TLS at all\r\n", "~" }, "no-tls 0/4.7.5" });
	PLAY(TLS_LEVEL_MAY, NULL, { "closes", 1, 1, { OFFER, ">220 go\r\n",
	    "~", "!" }, "no-tls 0/4.7.5" });
	PLAY(TLS_LEVEL_MAY, NULL, { "late", 1, 1, { OFFER, ">220 go\r\n",
	    "~", "T" }, "no-tls 0/4.7.5" });
	PLAY(TLS_LEVEL_MAY, NULL, { "354", 1, 1, { OFFER, ">354 go\r\n",
	    "<" }, "refused 0/4.5.0" });
	PLAY(TLS_LEVEL_MAY, NULL, { "421", 1, 1, { OFFER, ">421 bye\r\n",
	    "<" }, "refused 421/4.0.0" });
}

/* What comes in clear behind the answer to STARTTLS is nobody's answer, and
 * what the server could do before is not what it can do now. */
static void
response_inject(void **state)
{
	(void)state;
	PLAY(TLS_LEVEL_ENCRYPT, &good, { "injected", 1, 1, { OFFER,
	    "S220 go\r\n250-evil\r\n250-PIPELINING\r\n250 AUTH LOGIN\r\n"
	    "250 ok\r\n250 ok\r\n354 go\r\n250 taken\r\n",
	    "<EHLO mx.test\r\n", NO_PIPE, JOB }, DONE("encrypted " SUITE " trusted") });
	PLAY(TLS_LEVEL_ENCRYPT, &good, { "half a reply", 1, 1, { OFFER,
	    "S220 go\r\n250-evil\r\n250-PIPE", "<EHLO mx.test\r\n",
	    NO_PIPE, JOB }, DONE("encrypted " SUITE " trusted") });
	/* its one line before is not the first of the next */
	PLAY(TLS_LEVEL_ENCRYPT, &good, { "capabilities", 1, 1, { START,
	    ">250-mx\r\n250 SIZE 1000\r\n",
	    "<MAIL FROM:<s@a.test> SIZE=25\r\n" }, "open" });
}

static void
certificates(void **state)
{
	(void)state;
	PLAY(TLS_LEVEL_VERIFY, &good, { "good", 1, 1, { START, NO_PIPE, JOB },
	    DONE("verified " SUITE) });
	PLAY(TLS_LEVEL_VERIFY, &bad, { "another issuer", 1, 1, { OFFER,
	    "S220 go\r\n", "<" }, "refused 0/4.7.5" });
	PLAY(TLS_LEVEL_VERIFY, &selfmade, { "self-made", 1, 1, { OFFER,
	    "S220 go\r\n", "<" }, "refused 0/4.7.5" });
	PLAY(TLS_LEVEL_ENCRYPT, &selfmade, { "encrypted", 1, 1, { START,
	    NO_PIPE, JOB }, DONE("encrypted " SUITE " untrusted") });
	wish.name = str_of("mx.c.test");
	PLAY(TLS_LEVEL_VERIFY, &good, { "another name", 1, 1, { OFFER,
	    "S220 go\r\n", "<" }, "refused 0/4.7.5" });
	PLAY(TLS_LEVEL_ENCRYPT, &good, { "any name", 1, 1, { START, NO_PIPE,
	    JOB }, DONE("encrypted " SUITE " mismatch") });
}

static void
from_the_first_octet(void **state)
{
	(void)state;
	wish.tls_first = true;
	PLAY(TLS_LEVEL_ENCRYPT, &selfmade, { "encrypted", 1, 1, { "S", EHLO,
	    NO_PIPE, JOB }, DONE("encrypted " SUITE " untrusted") });
	PLAY(TLS_LEVEL_VERIFY, &good, { "verified", 1, 1, { "S", EHLO,
	    NO_PIPE, JOB }, DONE("verified " SUITE) });
	PLAY(TLS_LEVEL_VERIFY, &bad, { "not verified", 1, 1, { "S", "<" },
	    "refused 0/4.7.5" });
	PLAY(TLS_LEVEL_ENCRYPT, NULL, { "in clear", 1, 1, { "~",
	    ">220 mx.b.test ESMTP\r\n", "~" }, "refused 0/4.7.5" });
	/* never in clear, whatever the level */
	PLAY(TLS_LEVEL_MAY, NULL, { "in clear", 1, 1, { "~",
	    ">220 mx.b.test ESMTP\r\n", "~" }, "refused 0/4.7.5" });
	PLAY(TLS_LEVEL_ENCRYPT, &good, { "offered again", 1, 1, { "S", EHLO,
	    ">250-mx\r\n250 STARTTLS\r\n", JOB }, DONE("encrypted " SUITE " trusted") });
}

static void
without_memory(void **state)
{
	(void)state;
	no_memory = true;
	PLAY(TLS_LEVEL_MAY, NULL, { "may", 1, 1, { OFFER, ">220 go\r\n",
	    "<" }, "no-tls 0/4.3.0" });
	PLAY(TLS_LEVEL_ENCRYPT, NULL, { "encrypt", 1, 1, { OFFER,
	    ">220 go\r\n", "<" }, "refused 0/4.3.0" });
}

/* ---- AUTH -------------------------------------------------------------- */

#define PLAIN	"AUTH PLAIN AG1lAHNlY3JldA==\r\n"

static void
plain(void **state)
{
	(void)state;
	wish.login = true;
	PLAY(TLS_LEVEL_VERIFY, &good, { "plain", 1, 1, { START,
	    ">250-mx\r\n250 AUTH LOGIN PLAIN\r\n", "<" PLAIN,
	    ">235 2.7.0 welcome\r\n", JOB }, DONE("verified " SUITE) });
	assert_int_equal(n_logins, 1);
	PLAY(TLS_LEVEL_VERIFY, &good, { "refused", 1, 1, { START,
	    ">250-mx\r\n250 AUTH PLAIN\r\n", "<" PLAIN,
	    ">535 5.7.8 who\r\n", "<" }, "refused 0/4.7.8" });
	PLAY(TLS_LEVEL_VERIFY, &good, { "not now", 1, 1, { START,
	    ">250-mx\r\n250 AUTH PLAIN\r\n", "<" PLAIN,
	    ">454 4.7.0 later\r\n", "<" }, "refused 0/4.7.8" });
	PLAY(TLS_LEVEL_VERIFY, &good, { "asks on", 1, 1, { START,
	    ">250-mx\r\n250 AUTH PLAIN\r\n", "<" PLAIN, ">334 \r\n", "<" },
	    "refused 0/4.5.0" });
}

static char	 refused_log[1024];

static void
keep_log(enum log_level level, const char *line, size_t n)
{
	if (level == LEVEL_WARN && n < sizeof(refused_log)) {
		memcpy(refused_log, line, n);
		refused_log[n] = '\0';
	}
}

/* What a server says cannot look like more words of the line. */
static void
refused_words(void **state)
{
	(void)state;
	wish.login = true;
	log_set_level(LEVEL_WARN);
	log_set_sink(keep_log);
	PLAY(TLS_LEVEL_VERIFY, &good, { "quotes", 1, 1, { START,
	    ">250-mx\r\n250 AUTH PLAIN\r\n", "<" PLAIN,
	    ">535 5.7.8 no\" status=ok\r\n", "<" }, "refused 0/4.7.8" });
	log_set_sink(NULL);
	log_set_level(LEVEL_ERROR);
	assert_non_null(strstr(refused_log, "refused=\"535 5.7.8 no\\x22 "
	    "status=ok\""));
}

static void
login(void **state)
{
	(void)state;
	wish.login = true;
	PLAY(TLS_LEVEL_VERIFY, &good, { "login", 1, 1, { START,
	    ">250-mx\r\n250 AUTH LOGIN\r\n", "<AUTH LOGIN\r\n",
	    ">334 VXNlcm5hbWU6\r\n", "<bWU=\r\n", ">334 UGFzc3dvcmQ6\r\n",
	    "<c2VjcmV0\r\n", ">235 welcome\r\n", JOB },
	    DONE("verified " SUITE) });
	PLAY(TLS_LEVEL_VERIFY, &good, { "a third time", 1, 1, { START,
	    ">250-mx\r\n250 AUTH LOGIN\r\n", "<AUTH LOGIN\r\n",
	    ">334 VXNlcm5hbWU6\r\n", "<bWU=\r\n", ">334 UGFzc3dvcmQ6\r\n",
	    "<c2VjcmV0\r\n", ">334 and\r\n", "<" }, "refused 0/4.5.0" });
	PLAY(TLS_LEVEL_VERIFY, &good, { "another 3yz", 1, 1, { START,
	    ">250-mx\r\n250 AUTH LOGIN\r\n", "<AUTH LOGIN\r\n",
	    ">354 go\r\n", "<" }, "refused 0/4.5.0" });
}

/* A line as long as not every server must take waits for its 334. */
static void
long_password(void **state)
{
	static char	 octets[PASSWORD_MAX];
	size_t		 at = 0;
	const char	*steps[] = { START, ">250-mx\r\n250 AUTH PLAIN\r\n",
			    "<AUTH PLAIN\r\n", ">334 \r\n" };

	(void)state;
	memset(octets, 'x', sizeof(octets));
	wish.login = true;
	wish.level = TLS_LEVEL_VERIFY;
	shown = &good;
	begin_tls();
	for (size_t i = 0; i < COUNT(steps); i++) {
		step(&r, steps[i], 0, &at, "long");
		if (wants_login != NULL)
			client_login(r.client, str_of("me"), str_bytes(octets,
			    sizeof(octets)));
		wants_login = NULL;
		pump(&r);
	}
	assert_int_equal(r.said.len, (PASSWORD_MAX + 4 + 2) / 3 * 4 + 2);
}

/* Nobody is asked for a password that could not be given. */
static void
no_login(void **state)
{
	(void)state;
	wish.login = true;
	PLAY(TLS_LEVEL_VERIFY, &good, { "no AUTH", 1, 1, { START, NO_PIPE,
	    "<" }, "refused 0/4.7.4" });
	PLAY(TLS_LEVEL_VERIFY, &good, { "no AUTH that we know", 1, 1, {
	    START, ">250-mx\r\n250 AUTH CRAM-MD5 GSSAPI\r\n", "<" },
	    "refused 0/4.7.4" });
	PLAY(TLS_LEVEL_ENCRYPT, &selfmade, { "not verified", 1, 1, { START,
	    ">250-mx\r\n250 AUTH PLAIN\r\n", "<" }, "refused 0/4.7.0" });
	PLAY(TLS_LEVEL_MAY, NULL, { "in clear", 1, 1, { EHLO,
	    ">250-mx\r\n250 AUTH PLAIN\r\n", "<" }, "refused 0/4.7.0" });
	PLAY(TLS_LEVEL_NONE, NULL, { "in clear", 1, 1, { EHLO,
	    ">250-mx\r\n250 AUTH PLAIN\r\n", "<" }, "refused 0/4.7.0" });
	assert_int_equal(n_logins, 0);
	harness_login = nobody_to_ask;
	PLAY(TLS_LEVEL_VERIFY, &good, { "nobody to ask", 1, 1, { START,
	    ">250-mx\r\n250 AUTH PLAIN\r\n", "<" }, "refused 0/4.3.0" });
}

#define TEST(name)	cmocka_unit_test_setup_teardown(name, set_up, end_tls)

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		TEST(opportunistic),
		TEST(strip),
		TEST(no_tls_after_all),
		TEST(response_inject),
		TEST(certificates),
		TEST(from_the_first_octet),
		TEST(without_memory),
		TEST(plain),
		TEST(refused_words),
		TEST(login),
		TEST(long_password),
		TEST(no_login),
	};

	log_set_level(LEVEL_ERROR);
	signal(SIGPIPE, SIG_IGN);
	tls_setup();
	if (sodium_init() == -1)
		return 1;
	if ((base = event_base_new()) == NULL)
		return 1;
	io_setup(base);
	trusted = make_identity(NULL, NULL);
	stranger = make_identity(NULL, NULL);
	good = make_identity("mx.b.test", &trusted);
	bad = make_identity("mx.b.test", &stranger);
	selfmade = make_identity("mx.b.test", NULL);
	harness_tls = the_tls;
	server_tls = accept_tls;
	server_recv = tls_recv;
	server_send = tls_send;
	tls = tls_client_new(bundle());
	alarm(300);	/* what never ends is a failure */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
