/*
 * Who may send to whom, and where it goes: tables of cases over one
 * configuration with real constant databases.  Aliases have a test of their
 * own.
 */
#include "queue_fakes.h"

#include "expand.h"

enum { MAILBOXES, HOSTED, ACCOUNTS, N_TABLES };

static const struct table_conf		 table_confs[N_TABLES] = {
	{ .name = STR("mailboxes") }, { .name = STR("hosted") },
	{ .name = STR("accounts"), .kind = TABLE_SYSTEM },
};

#define BY_TABLE(t)	.recipients = RECIPIENTS_TABLE, .recipients_table = (t)

static const struct domain_conf		 domains[] = {
	{ .name = STR("example.org"), BY_TABLE(MAILBOXES),
	    .transport = TRANSPORT_LOCAL, .delivery = 3 },
	{ .name = STR(""), .table = HOSTED, BY_TABLE(MAILBOXES),
	    .transport = TRANSPORT_LOCAL, .delivery = 4 },
	{ .name = STR("any.example"), .recipients = RECIPIENTS_ANY,
	    .transport = TRANSPORT_LMTP, .service = 0 },
	{ .name = STR("unix.example"), .recipients = RECIPIENTS_ANY,
	    .transport = TRANSPORT_LMTP, .service = 1 },
	{ .name = STR("address.example"), .recipients = RECIPIENTS_ANY,
	    .transport = TRANSPORT_LMTP, .service = 2 },
	{ .name = STR("host.example"), .recipients = RECIPIENTS_SYSTEM,
	    .recipients_table = ACCOUNTS, .transport = TRANSPORT_LOCAL,
	    .delivery = 5 },
	{ .name = STR("backup.example"), BY_TABLE(MAILBOXES),
	    .transport = TRANSPORT_SMTP },
	{ .name = STR("verify.example"), .recipients = RECIPIENTS_VERIFY },
	{ .name = STR("broken.example"), BY_TABLE(17) },
};

static const struct service_conf	 services[] = {
	{ .name = STR("localhost:24"), .host = STR("localhost"), .port = 24 },
	{ .name = STR("unix:/run/lmtp"), .socket = STR("/run/lmtp") },
	{ .name = STR("192.0.2.1:24"), .addr = { .family = 4,
	    .bytes = { 192, 0, 2, 1 }, .port = 24 }, .port = 24 },
};

/* the general one first: the most specific is taken all the same */
static const struct route_conf		 routes[] = {
	{ .pattern = STR("*"), .concurrency = 20, .retry_min_s = 1,
	    .credential = CREDENTIAL_NONE },
	{ .pattern = STR("big.example"), .via_host = STR("smart.example"),
	    .via_port = 587, .via_tls = true, .tls = TLS_LEVEL_VERIFY,
	    .tls_name = STR("mx.smart.example"), .credential = 1,
	    .retry_min_s = 2 },
	{ .pattern = STR(".example"), .retry_min_s = 3,
	    .credential = CREDENTIAL_NONE },
	{ .pattern = STR(".deep.example"), .retry_min_s = 4,
	    .credential = CREDENTIAL_NONE },
};

static const struct credential_conf	 credentials[] = {
	{ .name = STR("other") }, { .name = STR("smart") },
};

static const struct netblock_conf	 trusted[] = {
	{ { .family = 4, .bytes = { 192, 0, 2, 0 } }, 24 },
};

enum { ON_MX, ON_SUBMISSION, ON_LOCAL, ON_NOTHING };

static const struct listener_conf	 listeners[] = {
	{ .service = SERVICE_MX, .trust = trusted, .n_trust = 1 },
	{ .service = SERVICE_SUBMISSION },
	{ .service = SERVICE_LOCAL },
};

static int
set_up(void **state)
{
	static const char *const	 mailboxes[][2] = {
		{ "alice@example.org", "" }, { "bob", "" },
		{ "@catchall.example", "" }, { NULL, NULL } };
	static const char *const	 hosted[][2] = {
		{ "hosted.example", "" }, { "catchall.example", "" },
		{ NULL, NULL } };
	static const char *const	 accounts[][2] = {
		{ "carol", "1" }, { "#1", "1000:1000:/home/carol:carol" },
		{ "odd", "x" }, { NULL, NULL } };

	(void)state;
	fakes_set_up();
	fake_tables[MAILBOXES] = fake_table(mailboxes);
	fake_tables[HOSTED] = fake_table(hosted);
	fake_tables[ACCOUNTS] = fake_table(accounts);
	fake_conf.tables = table_confs;
	fake_conf.n_tables = N_TABLES;
	fake_conf.domains = domains;
	fake_conf.n_domains = COUNT(domains);
	fake_conf.routes = routes;
	fake_conf.n_routes = COUNT(routes);
	fake_conf.credentials = credentials;
	fake_conf.n_credentials = COUNT(credentials);
	fake_conf.services = services;
	fake_conf.n_services = COUNT(services);
	fake_conf.listeners = listeners;
	fake_conf.n_listeners = COUNT(listeners);
	fake_use_router();
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	router_use(NULL);
	for (size_t i = 0; i < N_TABLES; i++)
		close(fake_tables[i]);
	return 0;
}

/* ---- may it come in ---------------------------------------------------- */

static enum rcpt_verdict
may(const struct origin_of *o, const char *address)
{
	struct recipient	 rcpt = { .address = str_of(address) };
	struct rcpt_answer	 answer;

	expand_begin(NULL, router_may_relay(o));
	expand_rcpt(&rcpt, &answer);
	return answer.verdict;
}

/* What is stored for mail to that address. */
static struct str
becomes(const char *address)
{
	const struct recipient	*list;
	struct origin_of	 o = { .role = ROLE_SMTPD_MSA,
	    .listener = ON_LOCAL };

	assert_int_equal(may(&o, address), RCPT_OK);
	assert_int_equal(expand_results(&list), 1);
	return list[0].address;
}

static void
test_recipients_from_strangers(void **state)
{
	static const struct {
		const char		*address;
		enum rcpt_verdict	 want;
	} cases[] = {
		{ "alice@example.org", RCPT_OK },
		{ "ALICE@example.org", RCPT_OK },
		{ "alice@EXAMPLE.org", RCPT_OK },
		{ "bob@example.org", RCPT_OK },		/* user alone */
		{ "mallory@example.org", RCPT_UNKNOWN },
		{ "alice@sub.example.org", RCPT_NO_RELAY },
		{ "bob@hosted.example", RCPT_OK },
		{ "alice@hosted.example", RCPT_UNKNOWN },
		{ "anybody@catchall.example", RCPT_OK },
		{ "anybody@any.example", RCPT_OK },
		{ "carol@host.example", RCPT_OK },
		{ "Carol@host.example", RCPT_OK },
		{ "dave@host.example", RCPT_UNKNOWN },
		{ "\"#1\"@host.example", RCPT_UNKNOWN },
		{ "#1@host.example", RCPT_UNKNOWN },
		{ "bob@backup.example", RCPT_OK },
		{ "dave@backup.example", RCPT_UNKNOWN },
		{ "bob@verify.example", RCPT_TEMPORARY },
		{ "bob@broken.example", RCPT_TEMPORARY },
		{ "bob@elsewhere.test", RCPT_NO_RELAY },
		{ "bob@[192.0.2.1]", RCPT_NO_RELAY },
		{ "bob%elsewhere.test@example.org", RCPT_UNKNOWN },
		{ "elsewhere.test!bob@example.org", RCPT_UNKNOWN },
		{ "\"bob@elsewhere.test\"@example.org", RCPT_UNKNOWN },
		/* RFC 5321 4.5.1 */
		{ "postmaster", RCPT_OK },
		{ "PostMaster", RCPT_OK },
		{ "postmaster@example.org", RCPT_OK },
		{ "postmaster@hosted.example", RCPT_OK },
		{ "postmaster@broken.example", RCPT_OK },
		{ "postmaster@elsewhere.test", RCPT_NO_RELAY },
		{ "bob", RCPT_UNKNOWN },
		{ "", RCPT_UNKNOWN },
		{ "@example.org", RCPT_UNKNOWN },
		{ "alice@example.org\r\nRCPT", RCPT_UNKNOWN },
	};
	struct origin_of	 o = { ROLE_SMTPD_MX, ON_MX,
	    { .family = 4, .bytes = { 192, 0, 2, 1 } }, STR("alice"), 0 };

	(void)state;
	/* whatever an mx worker says of itself, it is a stranger's */
	for (o.listener = ON_MX; o.listener <= ON_NOTHING; o.listener++)
		for (size_t i = 0; i < COUNT(cases); i++)
			if (may(&o, cases[i].address) != cases[i].want)
				fail_msg("%s", cases[i].address);
}

static void
test_who_may_relay(void **state)
{
	static const struct {
		enum role		 role;
		unsigned		 listener;
		uint8_t			 last;	/* of 192.0.x.1 */
		const char		*account;
		enum rcpt_verdict	 want;
	} cases[] = {
		{ ROLE_SMTPD_MX, ON_MX, 2, "", RCPT_NO_RELAY },
		{ ROLE_SMTPD_MX, ON_LOCAL, 2, "", RCPT_NO_RELAY },
		{ ROLE_SMTPD_MSA, ON_MX, 2, "", RCPT_OK },
		{ ROLE_SMTPD_MSA, ON_MX, 3, "", RCPT_NO_RELAY },
		{ ROLE_SMTPD_MSA, ON_MX, 3, "alice", RCPT_NO_RELAY },
		{ ROLE_SMTPD_MSA, ON_SUBMISSION, 2, "", RCPT_NO_RELAY },
		{ ROLE_SMTPD_MSA, ON_SUBMISSION, 2, "alice", RCPT_OK },
		{ ROLE_SMTPD_MSA, ON_LOCAL, 3, "", RCPT_OK },
		{ ROLE_SMTPD_MSA, ON_NOTHING, 2, "alice", RCPT_NO_RELAY },
		{ ROLE_SMTPD_API, ON_LOCAL, 2, "alice", RCPT_NO_RELAY },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct origin_of	 o = { cases[i].role,
		    cases[i].listener, { .family = 4,
		    .bytes = { 192, 0, cases[i].last, 1 } },
		    str_of(cases[i].account), 0 };

		assert_int_equal(may(&o, "x@elsewhere.test"),
		    cases[i].want);
		/* nobody may send to those who are not there */
		assert_int_equal(may(&o, "x@example.org"),
		    RCPT_UNKNOWN);
	}
}

/*
 * A reload gives listeners other indexes.  Who was not told yet is understood
 * all the same; who speaks of what is no more, or not yet, may nothing.
 */
static void
test_listeners_of_another_configuration(void **state)
{
	static const struct listener_conf	 later[] = {
		{ .service = SERVICE_LOCAL }, { .service = SERVICE_MX } };
	static struct conf			 next;
	struct origin_of			 o = { .role =
						    ROLE_SMTPD_MSA,
						    .listener = ON_LOCAL };
	struct router				*r;
	char					 why[TEXT_MAX];

	(void)state;
	assert_true(router_may_relay(&o));
	next = fake_conf;
	next.number = fake_conf.number + 1;
	next.listeners = later;
	next.n_listeners = COUNT(later);
	r = router_new(&next, why, sizeof(why));
	assert_non_null(r);
	router_use(r);

	assert_true(router_may_relay(&o));
	o.listener = ON_SUBMISSION;	/* it is gone */
	o.account = str_of("alice");
	assert_false(router_is_known(&o) || router_may_relay(&o));
	o.listener = ON_MX;		/* now the second */
	assert_true(router_is_known(&o));
	assert_false(router_may_relay(&o));

	o.conf = next.number;
	o.listener = 0;
	assert_true(router_may_relay(&o));
	o.conf = next.number + 1;
	assert_false(router_is_known(&o) || router_may_relay(&o));
}

static void
test_missing_table_is_temporary(void **state)
{
	struct origin_of	 o = { .role = ROLE_SMTPD_MX };

	(void)state;
	close(fake_tables[HOSTED]);
	fake_tables[HOSTED] = -1;
	fake_use_router();
	assert_int_equal(may(&o, "x@elsewhere.test"),
	    RCPT_TEMPORARY);
	assert_int_equal(may(&o, "alice@example.org"),
	    RCPT_OK);
}

static void
test_garbage_is_no_table(void **state)
{
	char	 why[TEXT_MAX];

	(void)state;
	assert_int_equal(ftruncate(fake_tables[HOSTED], 10), 0);
	assert_null(router_new(&fake_conf, why, sizeof(why)));
	assert_string_equal(why, "table hosted: not a database");
}

/* ---- where does it go -------------------------------------------------- */

static void
test_routes(void **state)
{
	static const struct {
		const char	*address;
		enum transport	 transport;
		const char	*next_hop;
		uint16_t	 port, delivery;
		bool		 via;
		uint32_t	 retry_min_s;
	} cases[] = {
		{ "alice@example.org", TRANSPORT_LOCAL, "", 0, 3, false, 1 },
		{ "bob@hosted.example", TRANSPORT_LOCAL, "", 0, 4, false, 3 },
		{ "x@any.example", TRANSPORT_LMTP, "localhost", 24,
		    DELIVERY_NONE, true, 3 },
		{ "x@unix.example", TRANSPORT_LMTP, "unix:/run/lmtp", 0,
		    DELIVERY_NONE, true, 3 },
		{ "x@address.example", TRANSPORT_LMTP, "192.0.2.1:24", 0,
		    DELIVERY_NONE, true, 3 },
		{ "bob@backup.example", TRANSPORT_SMTP, "backup.example", 0,
		    DELIVERY_NONE, false, 3 },
		{ "x@elsewhere.test", TRANSPORT_SMTP, "elsewhere.test", 0,
		    DELIVERY_NONE, false, 1 },
		{ "x@ELSEWHERE.test", TRANSPORT_SMTP, "elsewhere.test", 0,
		    DELIVERY_NONE, false, 1 },
		{ "x@big.example", TRANSPORT_SMTP, "smart.example", 587,
		    DELIVERY_NONE, true, 2 },
		{ "x@sub.big.example", TRANSPORT_SMTP, "sub.big.example", 0,
		    DELIVERY_NONE, false, 3 },
		{ "x@example", TRANSPORT_SMTP, "example", 0, DELIVERY_NONE,
		    false, 1 },	/* .example is what lies below it */
		{ "x@very.deep.example", TRANSPORT_SMTP, "very.deep.example",
		    0, DELIVERY_NONE, false, 4 },
		{ "x@[192.0.2.1]", TRANSPORT_SMTP, "[192.0.2.1]", 0,
		    DELIVERY_NONE, false, 1 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct route	*r;

		assert_int_equal(router_route(str_of(cases[i].address), &r),
		    ROUTE_FOUND);
		assert_int_equal(r->spec.transport, cases[i].transport);
		assert_true(str_equal(r->spec.next_hop,
		    str_of(cases[i].next_hop)));
		assert_int_equal(r->spec.port, cases[i].port);
		assert_int_equal(r->spec.delivery, cases[i].delivery);
		assert_int_equal(r->spec.via, cases[i].via);
		assert_int_equal(r->spec.retry_min_s, cases[i].retry_min_s);
		route_drop(r);
	}
}

/* How its connections are protected goes with the route, a credential by its
 * name; without a route block, TLS is tried. */
static void
test_protection(void **state)
{
	struct route_wake	 m;
	struct route		*r;

	(void)state;
	router_route(str_of("x@big.example"), &r);
	router_wake(r, &m);
	assert_true(m.via_tls);
	assert_int_equal(m.tls, TLS_LEVEL_VERIFY);
	assert_true(str_equal(m.tls_name, str_of("mx.smart.example")));
	assert_int_equal(m.credential, 1);
	/* gone by a reload, but the route is still there */
	fake_conf.n_credentials = 1;
	router_wake(r, &m);
	assert_int_equal(m.credential, 1);
	fake_conf.credentials = credentials + 1;
	router_wake(r, &m);
	assert_int_equal(m.credential, 0);
	route_drop(r);
	router_route(str_of("x@any.example"), &r);
	router_wake(r, &m);
	assert_false(m.via_tls);
	assert_int_equal(m.credential, CREDENTIAL_NONE);
	route_drop(r);
	fake_conf.n_routes = 0;
	fake_use_router();
	router_route(str_of("x@elsewhere.test"), &r);
	router_wake(r, &m);
	assert_int_equal(m.tls, TLS_LEVEL_MAY);
	assert_int_equal(m.credential, CREDENTIAL_NONE);
	route_drop(r);
}

static void
test_no_address_has_no_route(void **state)
{
	struct route	*r;

	(void)state;
	assert_int_equal(router_route(str_of("a b@example.org"), &r),
	    ROUTE_NONE);
	assert_int_equal(router_route(str_of(""), &r), ROUTE_NONE);
}

static void
test_postmaster(void **state)
{
	static const struct {
		const char	*address, *want;
	} cases[] = {
		{ "postmaster", "admin@elsewhere.test" },
		{ "POSTMASTER@example.org", "admin@elsewhere.test" },
		{ "postmaster@any.example", "admin@elsewhere.test" },
		{ "postmaster@elsewhere.test", "postmaster@elsewhere.test" },
		{ "alice@example.org", "alice@example.org" },
		{ "postmaster2@any.example", "postmaster2@any.example" },
		/* where there is such a mailbox it is that one's */
		{ "postmaster@catchall.example",
		    "postmaster@catchall.example" },
	};

	(void)state;
	fake_conf.postmaster = (struct str)STR("admin@elsewhere.test");
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_true(str_equal(becomes(cases[i].address),
		    str_of(cases[i].want)));
	fake_conf.postmaster = STR_NONE;
	assert_true(str_equal(becomes("postmaster"), str_of("postmaster")));
}

static void
test_slots(void **state)
{
	uint32_t	 slot;

	(void)state;
	assert_int_equal(router_slot(str_of("carol@host.example"), &slot),
	    TABLE_FOUND);
	assert_int_equal(slot, 1);
	assert_int_equal(router_slot(str_of("alice@example.org"), &slot),
	    TABLE_FOUND);
	assert_int_equal(slot, 0);
	assert_int_equal(router_slot(str_of("dave@host.example"), &slot),
	    TABLE_ABSENT);
	assert_int_equal(router_slot(str_of("odd@host.example"), &slot),
	    TABLE_ERROR);
}

static void
test_epoch_rises(void **state)
{
	uint16_t	 before = router_epoch();

	(void)state;
	fake_use_router();
	assert_int_equal(router_epoch(), (uint16_t)(before + 1));
}

#define TEST(name)	cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		TEST(test_recipients_from_strangers),
		TEST(test_who_may_relay),
		TEST(test_listeners_of_another_configuration),
		TEST(test_missing_table_is_temporary),
		TEST(test_garbage_is_no_table),
		TEST(test_routes),
		TEST(test_protection),
		TEST(test_no_address_has_no_route),
		TEST(test_postmaster),
		TEST(test_slots),
		TEST(test_epoch_rises),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
