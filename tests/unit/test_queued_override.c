/*
 * Ways that the postmaster has chosen: whose they are, what policy they take
 * from the configuration, and that what it demands of TLS is never lost.
 */
#include "queue_fakes.h"

#include "override.h"
#include "router.h"
#include "router_via.h"

static const struct service_conf	 services[] = {
	{ .name = STR("unix:/run/lmtp"), .socket = STR("/run/lmtp") },
	{ .name = STR("box.example:2400"), .host = STR("box.example"),
	    .port = 2400 },
};

static const struct credential_conf	 credentials[] = {
	{ .name = STR("smart") },
};

static const struct route_conf		 routes[] = {
	{ .pattern = STR("*"), .tls = TLS_LEVEL_MAY, .concurrency = 20,
	    .retry_min_s = 7, .retry_max_s = 70, .expire_s = 700,
	    .credential = CREDENTIAL_NONE },
	{ .pattern = STR("a.example"), .via_host = STR("relay.example"),
	    .via_port = 2525, .tls = TLS_LEVEL_MAY, .concurrency = 3,
	    .retry_min_s = 1, .retry_max_s = 2, .expire_s = 3,
	    .credential = CREDENTIAL_NONE },
	{ .pattern = STR("b.example"), .via_host = STR("relay.example"),
	    .via_port = 2525, .tls = TLS_LEVEL_VERIFY,
	    .tls_name = STR("name.example"), .credential = 0,
	    .concurrency = 4, .rate_messages = 5, .rate_ms = 6000,
	    .retry_min_s = 1, .retry_max_s = 2, .expire_s = 3 },
	{ .pattern = STR("none.example"), .via_host = STR("plain.example"),
	    .via_port = 25, .tls = TLS_LEVEL_NONE, .concurrency = 3,
	    .retry_min_s = 1, .retry_max_s = 2, .expire_s = 3,
	    .credential = CREDENTIAL_NONE },
	{ .pattern = STR("strict.example"), .tls = TLS_LEVEL_ENCRYPT,
	    .concurrency = 3, .retry_min_s = 4, .retry_max_s = 5,
	    .expire_s = 6, .credential = CREDENTIAL_NONE },
	{ .pattern = STR("proof.example"), .tls = TLS_LEVEL_VERIFY,
	    .tls_name = STR("mx.proof.example"), .concurrency = 3,
	    .retry_min_s = 4, .retry_max_s = 5, .expire_s = 6,
	    .credential = CREDENTIAL_NONE },
};

static void
use(size_t n_services)
{
	struct router	*r;
	char		 why[TEXT_MAX];

	fake_conf.n_services = n_services;
	r = router_new(&fake_conf, why, sizeof(why));
	assert_non_null(r);
	router_use(r);
}

static int
set_up(void **state)
{
	(void)state;
	fakes_set_up();
	fake_conf.smtp_port = 25;
	fake_conf.routes = routes;
	fake_conf.n_routes = COUNT(routes);
	fake_conf.services = services;
	fake_conf.credentials = credentials;
	fake_conf.n_credentials = COUNT(credentials);
	use(COUNT(services));
	return 0;
}

/* ---- whose ------------------------------------------------------------- */

static struct msgid
id_of(uint8_t n)
{
	return (struct msgid){ { n } };
}

/* The ways of recipients 0 to 3, as "a,b,," */
static const char *
ways(uint8_t message)
{
	static char	 text[128];
	struct msgid	 id = id_of(message);
	size_t		 n = 0;

	text[0] = '\0';
	for (uint16_t i = 0; i < 4; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%.*s,",
		    STR_FMT(override_of(&id, i)));
	return text;
}

static void
set(uint8_t message, const char *rcpts, const char *via)
{
	struct msgid	 id = id_of(message);
	uint16_t	 list[8];
	size_t		 n = 0;

	for (; *rcpts != '\0'; rcpts++)
		list[n++] = (uint16_t)(*rcpts - '0');
	assert_int_equal(override_set(&id, list, n, str_of(via)), 0);
}

static void
test_whose(void **state)
{
	struct msgid	 one = id_of(1), two = id_of(2);

	(void)state;
	assert_string_equal(ways(1), ",,,,");
	set(1, "0", "");			/* nothing to take back */
	set(1, "02", "x");
	set(2, "0", "y");
	assert_string_equal(ways(1), "x,,x,,");
	set(1, "12", "y");			/* from one to another */
	set(1, "3", "x");
	assert_string_equal(ways(1), "x,y,y,x,");
	set(1, "0", "x");			/* said twice, there once */
	set(1, "0", "");
	assert_string_equal(ways(1), ",y,y,x,");
	assert_string_equal(ways(2), "y,,,,");
	set(1, "0123", "");
	assert_string_equal(ways(1), ",,,,");
	set(1, "0123", "z");
	override_forget(&one);
	override_forget(&one);
	assert_string_equal(ways(1), ",,,,");
	override_forget(&two);
}

/* ---- what policy ------------------------------------------------------- */

static const char *
spec_text(const struct route_spec *s)
{
	static const char *const	 levels[] = { "none", "may", "encrypt",
	    "verify" };
	static char			 text[256];

	snprintf(text, sizeof(text), "%s%.*s:%u %s%s%.*s %.*s c%u r%u e%u",
	    s->transport == TRANSPORT_LMTP ? "lmtp " : "",
	    STR_FMT(s->next_hop), s->port, s->via_tls ? "tls " : "",
	    levels[s->tls], STR_FMT(s->tls_name), STR_FMT(s->credential),
	    s->concurrency, s->rate_messages, s->expire_s);
	return text;
}

static void
test_policy(void **state)
{
	static const struct {
		const char	*via, *to, *want;
	} cases[] = {
		/* no such route: the defaults, with its own times */
		{ "x.example", "u@far.test", "x.example:25 may  c20 r0 e700" },
		{ "x.example", "u@a.example", "x.example:25 may  c20 r0 e3" },
		{ "smtps://x.example", "u@far.test",
		    "x.example:465 tls encrypt  c20 r0 e700" },
		{ "x.example:2525", "u@far.test",
		    "x.example:2525 may  c20 r0 e700" },
		/* of two that lead there, the one that demands more */
		{ "relay.example:2525", "u@far.test",
		    "relay.example:2525 verifyname.example smart c4 r5 e3" },
		/* another port is another next hop; so is TLS from the first
		 * octet */
		{ "relay.example:25", "u@far.test",
		    "relay.example:25 may  c20 r0 e700" },
		{ "smtps://relay.example:2525", "u@far.test",
		    "relay.example:2525 tls encrypt  c20 r0 e700" },
		{ "plain.example", "u@far.test",
		    "plain.example:25 none  c3 r0 e3" },
		/* what its own route demands holds */
		{ "plain.example", "u@strict.example",
		    "plain.example:25 encrypt  c3 r0 e3" },
		{ "x.example", "u@strict.example",
		    "x.example:25 encrypt  c20 r0 e6" },
		{ "x.example", "u@proof.example",
		    "x.example:25 verify  c20 r0 e6" },
		{ "relay.example:2525", "u@strict.example",
		    "relay.example:2525 verifyname.example smart c4 r5 e3" },
		{ "lmtp:unix:/run/lmtp", "u@proof.example",
		    "lmtp unix:/run/lmtp:0 may  c20 r0 e6" },
		{ "lmtp:box.example:2400", "u@far.test",
		    "lmtp box.example:2400 may  c20 r0 e700" },
	};
	struct route_spec	 s;
	struct nexthop		 h;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(nexthop_parse(&h, str_of(cases[i].via)), 0);
		assert_null(router_via_refusal(&h));
		assert_int_equal(router_via(&h, str_of(cases[i].to), &s),
		    VIA_GOOD);
		assert_string_equal(spec_text(&s), cases[i].want);
	}
}

static void
test_what_cannot_be(void **state)
{
	static const struct {
		const char	*via, *to;
		enum via_result	 want;
	} cases[] = {
		{ "x.example:4242", "u@far.test", VIA_NO_PORT },
		{ "lmtp:unix:/run/other", "u@far.test", VIA_NO_SERVICE },
		{ "lmtp:box.example:24", "u@far.test", VIA_NO_SERVICE },
		{ "lmtp:box.example:2400", "u@strict.example", VIA_NO_TLS },
		{ "lmtp:box.example:2400", "u@proof.example", VIA_NO_TLS },
	};
	struct route_spec	 s;
	struct nexthop		 h;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(nexthop_parse(&h, str_of(cases[i].via)), 0);
		assert_int_equal(router_via(&h, str_of(cases[i].to), &s),
		    cases[i].want);
		/* that of one address is not that of all */
		assert_int_equal(router_via_refusal(&h) == NULL,
		    cases[i].want == VIA_NO_TLS);
	}
}

/* ---- routes ------------------------------------------------------------ */

/* The name of the recipient's route. */
static const char *
name_of(uint8_t message, uint16_t rcpt, const char *address)
{
	static char	 text[ROUTE_NAME_MAX + 1];
	char		 name[ROUTE_NAME_MAX + 1];
	struct msgid	 id = id_of(message);
	struct route	*r;

	assert_int_equal(override_route(&id, rcpt, str_of(address), &r),
	    ROUTE_FOUND);
	snprintf(text, sizeof(text), "%.*s", STR_FMT(route_name(r, name)));
	route_drop(r);
	return text;
}

static void
test_route(void **state)
{
	struct msgid	 id = id_of(1);

	(void)state;
	set(1, "0", "smtp://x.example");
	set(1, "1", "lmtp:box.example:2400");
	assert_string_equal(name_of(1, 0, "u@far.test"), "x.example:25");
	assert_string_equal(name_of(1, 1, "u@far.test"), "box.example:2400");
	assert_string_equal(name_of(1, 2, "u@far.test"), "far.test");
	assert_string_equal(name_of(2, 0, "u@far.test"), "far.test");
	assert_string_equal(name_of(1, 1, "u@strict.example"),
	    "strict.example");
	assert_true(fake_logged("cannot be any more"));
	use(1);				/* its service has gone ... */
	assert_string_equal(name_of(1, 1, "u@far.test"), "far.test");
	assert_true(fake_logged("cannot be any more"));
	use(2);				/* ... and come back */
	assert_string_equal(name_of(1, 1, "u@far.test"), "box.example:2400");
	override_forget(&id);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(test_whose), cmocka_unit_test(test_policy),
		cmocka_unit_test(test_what_cannot_be),
		cmocka_unit_test(test_route),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
