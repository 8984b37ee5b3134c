/*
 * "recipients verify" in queued: what is asked, who waits for it, what is
 * answered and for how long it is known.
 */
#include "queue_fakes.h"

#include "dispatch.h"
#include "expand.h"
#include "submit.h"
#include "verify.h"
#include "verify_check.h"
#include "verify_known.h"

#define KEEP_S		1000
#define REFUSED_S	100

enum { ON_MX, ON_LOCAL };

static const struct listener_conf	 listeners[] = {
	{ .service = SERVICE_MX }, { .service = SERVICE_LOCAL },
};
static const struct service_conf	 service = {
	.name = STR("unix:/run/lmtp"), .socket = STR("/run/lmtp"),
};
static const struct table_conf		 table = { .name = STR("aliases") };
static const struct table_ref		 aliased[] = { { 0 } };

#define VERIFIED	.recipients = RECIPIENTS_VERIFY,		\
			.transport = TRANSPORT_LMTP

static const struct domain_conf		 domains[] = {
	{ .name = STR("v.test"), VERIFIED },
	{ .name = STR("relay.test"), .recipients = RECIPIENTS_VERIFY,
	    .transport = TRANSPORT_SMTP },
	{ .name = STR("old.test"), .recipients = RECIPIENTS_NONE,
	    .aliases = aliased, .n_aliases = 1 },
	{ .name = STR("catch.test"), VERIFIED, .aliases = aliased,
	    .n_aliases = 1 },
};
static const char *const		 aliases[][2] = {
	{ "team@old.test", "a@v.test\nb@v.test\nc@relay.test" },
	{ "@old.test", "@v.test" }, { "@catch.test", "rest@v.test" },
	{ NULL, NULL },
};
static const struct route_conf		 every = { .pattern = STR("*"),
	.concurrency = 5, .retry_min_s = 300, .retry_max_s = 3600,
	.expire_s = 86400 };

static struct peer	 mx, msa, out;

static int
set_up_all(void **state)
{
	(void)state;
	fakes_set_up();
	dispatch_init();
	return 0;
}

static int
set_up(void **state)
{
	struct nothing	 m;

	(void)state;
	fakes_set_up();
	fake_tables[0] = fake_table(aliases);
	fake_conf.tables = &table;
	fake_conf.n_tables = 1;
	fake_conf.number = 7;
	fake_conf.domains = domains;
	fake_conf.n_domains = COUNT(domains);
	fake_conf.services = &service;
	fake_conf.n_services = 1;
	fake_conf.routes = &every;
	fake_conf.n_routes = 1;
	fake_conf.listeners = listeners;
	fake_conf.n_listeners = COUNT(listeners);
	fake_conf.verify_keep_s = KEEP_S;
	fake_conf.verify_refused_s = REFUSED_S;
	fake_use_router();
	fake_n_sent = fake_n_asks = 0;
	mx = (struct peer){ .role = ROLE_SMTPD_MX };
	msa = (struct peer){ .role = ROLE_SMTPD_MSA };
	out = (struct peer){ .role = ROLE_DELIVERD_OUT };
	submit_peer_up(&mx);
	submit_peer_up(&msa);
	dispatch_peer_up(&out);
	on_job_resumed(&out, 0, &m);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	submit_peer_down(&mx);
	submit_peer_down(&msa);
	dispatch_peer_down(&out);
	verify_known_clear();
	fake_time(20 * 1000);	/* nothing of the next is too early */
	router_use(NULL);
	close(fake_tables[0]);
	return 0;
}

/* ---- what the ends do -------------------------------------------------- */

static void
check_from(struct peer *p, unsigned listener, uint32_t id, const char *first,
    const char *second)
{
	const struct rcpt_item	 rcpts[] = { { str_of(first) },
				    { str_of(second) } };
	struct rcpt_check	 m = { .conf = 7, .listener =
				    (uint16_t)listener, .rcpts = rcpts,
				    .n_rcpts = *second != '\0' ? 2 : 1 };

	on_rcpt_check(p, id, &m);
}

static void
check(uint32_t id, const char *first)
{
	check_from(&mx, ON_MX, id, first, "");
}

/* What deliverd says to question n of all. */
static void
say(size_t n, enum rcpt_status status, uint16_t code, const char *enhanced,
    const char *reply)
{
	struct verified	 m = { status, code, str_of(enhanced),
			    str_of(reply) };

	assert_true(n < fake_n_asks);
	on_verified(&out, fake_asks[n].asker, &m);
	fake_asks[n].asker = NULL;
}

/* The one answer: its id, verdict, and how it is to be said. */
static void
expect(uint32_t id, enum rcpt_verdict verdict, const char *text)
{
	static struct fake_sent	 s;

	if (!fake_take(MSG_RCPT_CHECKED, &s))
		fail_msg("no answer to %u", id);
	assert_int_equal(s.id, id);
	assert_int_equal(s.answer.verdict, verdict);
	assert_string_equal(s.text, text);
}

static void
expect_none(void)
{
	struct fake_sent	 s;

	assert_false(fake_take(MSG_RCPT_CHECKED, &s));
}

static enum store_result
submit(struct peer *p, unsigned listener, const char *rcpt)
{
	static uint8_t		 last;
	struct recipient	 r = { .address = str_of(rcpt) };
	struct mail_submit	 m = { .conf = 7, .envelope = {
	    .id = { { 9, ++last } }, .sender = STR("x@far.test"),
	    .listener = (uint16_t)listener, .rcpts = &r, .n_rcpts = 1 },
	    .header = STR("\r\n"), .body = STR("x\r\n") };
	struct fake_sent	 s = { .id = 0 };

	on_mail_submit(p, 1, &m);
	fake_run();
	assert_true(fake_take(MSG_MAIL_STORED, &s));
	return s.stored.result;
}

/* ---- tests ------------------------------------------------------------- */

static void
test_yes(void **state)
{
	(void)state;
	check(1, "alice@v.test");
	expect_none();
	assert_int_equal(fake_n_asks, 1);
	assert_string_equal(fake_asks[0].rcpt, "alice@v.test");
	assert_string_equal(fake_asks[0].next_hop, "unix:/run/lmtp");
	assert_int_equal(fake_asks[0].route.transport, TRANSPORT_LMTP);
	assert_int_equal(fake_asks[0].route.service, 0);
	assert_int_equal(fake_asks[0].route.conf, 7);
	say(0, RCPT_DELIVERED, 250, "2.1.5", "ok");
	expect(1, RCPT_OK, "0  ");
	/* it is known now, whatever its case */
	check(2, "Alice@V.test");
	expect(2, RCPT_OK, "0  ");
	assert_int_equal(submit(&mx, ON_MX, "alice@v.test"), STORE_OK);
	assert_int_equal(fake_n_asks, 1);
	/* nor when that is over between RCPT and the message */
	fake_time(KEEP_S * 1000);
	assert_int_equal(submit(&mx, ON_MX, "alice@v.test"), STORE_OK);
	assert_int_equal(fake_n_asks, 1);
	check(3, "alice@v.test");
	expect_none();
	assert_int_equal(fake_n_asks, 2);
	say(1, RCPT_DELIVERED, 250, "2.1.5", "ok");
	expect(3, RCPT_OK, "0  ");
}

static void
test_no(void **state)
{
	(void)state;
	check(1, "bob@relay.test");
	assert_string_equal(fake_asks[0].next_hop, "relay.test");
	assert_int_equal(fake_asks[0].route.service, SERVICE_NONE);
	say(0, RCPT_FAILED, 551, "5.1.6", "he has moved");
	expect(1, RCPT_UNKNOWN, "551 5.1.6 he has moved");
	check(2, "bob@relay.test");
	expect(2, RCPT_UNKNOWN, "551 5.1.6 he has moved");
	/* whoever hands in a mail to him all the same is told to come again:
	 * he may have gone between two commands */
	assert_int_equal(submit(&mx, ON_MX, "bob@relay.test"),
	    STORE_TEMPORARY);
	fake_time(REFUSED_S * 1000);
	check(3, "bob@relay.test");
	assert_int_equal(fake_n_asks, 2);
	/* our own words: the domain takes no mail */
	say(1, RCPT_FAILED, 0, "5.1.10", "relay.test takes no mail");
	expect(3, RCPT_UNKNOWN, "550 5.1.10 relay.test takes no mail");
}

/* What a worker that was broken into could say goes out harmless. */
static void
test_evil_words(void **state)
{
	static const struct {
		enum rcpt_status	 status;
		uint16_t		 code;
		const char		*enhanced, *reply, *text;
	} cases[] = {
		{ RCPT_FAILED, 550, "5.1.1\r\n", "a\r\n250 ok\x80",
		    "550 5.1.1 a  250 ok\\x80" },
		{ RCPT_FAILED, 250, "2.0.0", "ok", "550 5.1.1 ok" },
		{ RCPT_FAILED, 421, "x", "bye", "550 5.1.1 bye" },
		{ RCPT_FAILED, 65535, "", "", "550 5.1.1 " },
		{ RCPT_DEFERRED, 550, "5.1.1", "no",
		    "451 4.3.0 The recipient cannot be verified now" },
		{ RCPT_DEFERRED, 450, "4.2.1", "later", "450 4.2.1 later" },
		{ RCPT_DEFERRED, 0, "4.4.1", "unix:/run/lmtp: refused",
		    "451 4.4.1 The recipient cannot be verified now" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char	 rcpt[32];

		snprintf(rcpt, sizeof(rcpt), "%zu@v.test", i);
		check(1, rcpt);
		say(i, cases[i].status, cases[i].code, cases[i].enhanced,
		    cases[i].reply);
		expect(1, cases[i].status == RCPT_FAILED ? RCPT_UNKNOWN :
		    RCPT_TEMPORARY, cases[i].text);
	}
}

/* A worker that retires gives a question back: another is asked, once. */
static void
test_returned(void **state)
{
	(void)state;
	check(1, "a@v.test");
	say(0, RCPT_RETURNED, 0, "", "");
	expect_none();
	assert_string_equal(fake_asks[1].rcpt, "a@v.test");
	say(1, RCPT_DELIVERED, 250, "2.1.5", "ok");
	expect(1, RCPT_OK, "0  ");
	check(2, "b@v.test");
	say(2, RCPT_RETURNED, 0, "", "");
	say(3, RCPT_RETURNED, 0, "", "");
	expect(2, RCPT_TEMPORARY,
	    "451 4.3.0 The recipient cannot be verified now");
}

static void
test_long_words(void **state)
{
	char			 reply[REPLY_TEXT_MAX];
	struct fake_sent	 s;

	(void)state;
	memset(reply, 'a', sizeof(reply) - 1);
	reply[sizeof(reply) - 1] = '\0';
	check(1, "a@v.test");
	say(0, RCPT_FAILED, 550, "5.1.1", reply);
	assert_true(fake_take(MSG_RCPT_CHECKED, &s));
	assert_true(s.answer.text.n <= VERIFY_TEXT_MAX);
}

/* Nobody is asked again at once, and then somebody is. */
static void
test_later(void **state)
{
	(void)state;
	check(1, "a@v.test");
	say(0, RCPT_DEFERRED, 450, "4.2.0", "greylisted");
	expect(1, RCPT_TEMPORARY, "450 4.2.0 greylisted");
	check(2, "a@v.test");
	expect(2, RCPT_TEMPORARY, "450 4.2.0 greylisted");
	fake_time(VERIFY_LATER_S * 1000);
	check(3, "a@v.test");
	assert_int_equal(fake_n_asks, 2);
	say(1, RCPT_DELIVERED, 250, "2.1.5", "ok");
	expect(3, RCPT_OK, "0  ");
}

/* Mail of our own clients waits in the queue instead. */
static void
test_own_clients(void **state)
{
	(void)state;
	check_from(&msa, ON_LOCAL, 1, "a@v.test", "");
	say(0, RCPT_DEFERRED, 0, "4.4.1", "refused");
	expect(1, RCPT_OK, "0  ");
	assert_int_equal(submit(&msa, ON_LOCAL, "a@v.test"), STORE_OK);
	check_from(&msa, ON_LOCAL, 2, "no@v.test", "");
	say(1, RCPT_FAILED, 550, "5.1.1", "who");
	expect(2, RCPT_UNKNOWN, "550 5.1.1 who");
}

static void
test_late(void **state)
{
	(void)state;
	check(1, "a@v.test");
	fake_asks[0].lost(fake_asks[0].asker, LOST_TIMEOUT);
	expect(1, RCPT_TEMPORARY,
	    "451 4.4.1 The recipient cannot be verified now");
	/* it comes after all: nobody waits */
	fake_asks[0].asker = NULL;
	say(0, RCPT_DELIVERED, 250, "2.1.5", "ok");
	expect_none();
	check(2, "b@v.test");
	fake_asks[1].lost(fake_asks[1].asker, LOST_PEER);
	expect(2, RCPT_TEMPORARY,
	    "451 4.3.0 The recipient cannot be verified now");
}

static void
test_no_worker(void **state)
{
	(void)state;
	out.down = true;
	check(1, "a@v.test");
	expect(1, RCPT_TEMPORARY, "0  ");
	out.down = false;
	check(2, "a@v.test");
	assert_int_equal(fake_n_asks, 1);
	say(0, RCPT_DELIVERED, 250, "2.1.5", "ok");
	expect(2, RCPT_OK, "0  ");
}

/* Everybody waits for the same answer. */
static void
test_merged(void **state)
{
	(void)state;
	check(1, "a@v.test");
	check(2, "A@v.test");
	check_from(&msa, ON_LOCAL, 3, "a@v.test", "");
	check_from(&mx, ON_MX, 4, "a@v.test", "b@v.test");
	assert_int_equal(fake_n_asks, 2);
	say(0, RCPT_DELIVERED, 250, "2.1.5", "ok");
	/* in some order */
	assert_int_equal(fake_n_sent, 3);
	fake_n_sent = 0;
	say(1, RCPT_FAILED, 550, "5.1.1", "who");
	assert_int_equal(fake_n_sent, 1);
	assert_int_equal(fake_sent[0].n_rcpts, 2);
	assert_int_equal(fake_sent[0].rcpts[0], RCPT_OK);
	assert_int_equal(fake_sent[0].rcpts[1], RCPT_UNKNOWN);
}

/* One that waits may be gone when the answer comes. */
static void
test_client_gone(void **state)
{
	(void)state;
	check(1, "a@v.test");
	check_from(&msa, ON_LOCAL, 2, "a@v.test", "");
	submit_peer_down(&mx);
	submit_peer_up(&mx);
	say(0, RCPT_DELIVERED, 250, "2.1.5", "ok");
	expect(2, RCPT_OK, "0  ");
	expect_none();
}

/* All members of an alias are asked at once; those who are not there are
 * left out. */
static void
test_alias(void **state)
{
	struct fake_sent	 s;

	(void)state;
	check(1, "team@old.test");
	assert_int_equal(fake_n_asks, 3);
	say(1, RCPT_DELIVERED, 250, "2.1.5", "ok");
	say(0, RCPT_FAILED, 550, "5.1.1", "who");
	expect_none();
	say(2, RCPT_DELIVERED, 250, "2.1.5", "ok");
	assert_true(fake_take(MSG_RCPT_CHECKED, &s));
	assert_int_equal(s.answer.verdict, RCPT_OK);
	assert_int_equal(s.answer.results, 2);
	/* a whole domain that has moved: its unknown users are unknown */
	check(2, "nobody@old.test");
	assert_string_equal(fake_asks[3].rcpt, "nobody@v.test");
	say(3, RCPT_FAILED, 550, "5.1.1", "who");
	expect(2, RCPT_UNKNOWN, "550 5.1.1 who");
}

/* A no may lead to a catch-all, whose target is asked about in its turn. */
static void
test_catch_all(void **state)
{
	(void)state;
	check(1, "x@catch.test");
	say(0, RCPT_FAILED, 550, "5.1.1", "who");
	expect_none();
	assert_string_equal(fake_asks[1].rcpt, "rest@v.test");
	say(1, RCPT_DELIVERED, 250, "2.1.5", "ok");
	expect(1, RCPT_OK, "0  ");
}

/* Always accepted (RFC 5321 4.5.1), by whoever takes it. */
static void
test_postmaster(void **state)
{
	(void)state;
	check(1, "postmaster@v.test");
	say(0, RCPT_FAILED, 550, "5.1.1", "who");
	expect(1, RCPT_OK, "0  ");
	fake_time(REFUSED_S * 1000);
	check(2, "postmaster@v.test");
	say(1, RCPT_DEFERRED, 0, "4.4.1", "refused");
	expect(2, RCPT_OK, "0  ");
}

/* What one next hop has said is not what another says. */
static void
test_other_hop(void **state)
{
	static const struct service_conf	 other = {
		.name = STR("unix:/run/other"), .socket = STR("/run/other"),
	};

	(void)state;
	check(1, "a@v.test");
	say(0, RCPT_FAILED, 550, "5.1.1", "who");
	expect(1, RCPT_UNKNOWN, "550 5.1.1 who");
	fake_conf.services = &other;
	fake_use_router();
	check(2, "a@v.test");
	expect_none();
	say(1, RCPT_DELIVERED, 250, "2.1.5", "ok");
	expect(2, RCPT_OK, "0  ");
	fake_conf.services = &service;
	fake_use_router();
	check(3, "a@v.test");
	expect(3, RCPT_UNKNOWN, "550 5.1.1 who");
}

static void
test_known_is_bounded(void **state)
{
	const struct verify_words	 w = { 550, STR("5.1.1"), STR("who") };
	struct verify_words		 got;
	enum verify_result		 r;

	(void)state;
	for (uint64_t k = 0; k < VERIFY_KNOWN_MAX; k++)
		verify_known_add(k, VERIFY_NO, &w, 10);
	assert_int_equal(verify_known_count(), VERIFY_KNOWN_MAX);
	/* the one asked about last stays, the oldest goes */
	assert_int_equal(verify_known_find(0, &r, &got), 0);
	verify_known_add(VERIFY_KNOWN_MAX, VERIFY_YES, &w, 10);
	assert_int_equal(verify_known_count(), VERIFY_KNOWN_MAX);
	assert_int_equal(verify_known_find(0, &r, &got), 0);
	assert_int_equal(r, VERIFY_NO);
	assert_true(str_equal(got.text, w.text));
	assert_int_equal(verify_known_find(1, &r, &got), -1);
	assert_int_equal(verify_known_find(VERIFY_KNOWN_MAX, &r, &got), 0);
	assert_int_equal(r, VERIFY_YES);
	/* anew, in its place */
	verify_known_add(2, VERIFY_YES, &w, 20);
	assert_int_equal(verify_known_count(), VERIFY_KNOWN_MAX);
	fake_time(10 * 1000);
	assert_int_equal(verify_known_find(0, &r, &got), -1);
	assert_int_equal(verify_known_find(2, &r, &got), 0);
}

/* More questions than may be open: the rest is told to come again. */
static void
test_flood(void **state)
{
	char			 rcpt[32];
	struct fake_sent	 s;

	(void)state;
	for (unsigned i = 0; i < 1024 + 10; i++) {
		snprintf(rcpt, sizeof(rcpt), "%u@v.test", i);
		fake_n_asks = 0;	/* they stay open */
		check(1, rcpt);
	}
	assert_int_equal(fake_n_sent, 10);
	while (fake_take(MSG_RCPT_CHECKED, &s))
		assert_int_equal(s.answer.verdict, RCPT_TEMPORARY);
}

#define TEST(test)	cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		TEST(test_yes), TEST(test_no), TEST(test_evil_words),
		TEST(test_returned), TEST(test_long_words), TEST(test_later),
		TEST(test_own_clients), TEST(test_late),
		TEST(test_no_worker), TEST(test_merged),
		TEST(test_client_gone), TEST(test_alias),
		TEST(test_catch_all), TEST(test_postmaster),
		TEST(test_other_hop), TEST(test_known_is_bounded),
		TEST(test_flood),	/* the last: its questions stay */
	};

	return cmocka_run_group_tests(tests, set_up_all, NULL);
}
