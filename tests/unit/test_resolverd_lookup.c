/*
 * Questions asked of name servers on loopback that behave in all the ways
 * there are; merging, failing over, time-outs, and what may be forged.
 */
#include "lookup.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <sodium.h>

#include "clock.h"
#include "dns_fake.h"
#include "io.h"
#include "log.h"
#include "query.h"

#define TIMEOUT_MS	1600	/* of a question; so a try has 400 */
#define PATIENT_MS	40000	/* of one whose first try is the longest */
#define GUARD_S		60

static const struct fake_record	 records[] = {
	{ "a.example", DNS_A, "192.0.2.1", 60 },
	{ "a.example", DNS_A, "192.0.2.2", 60 },
	{ "alias.example", DNS_CNAME, "a.example", 60 },
	{ "b.example", DNS_A, "192.0.2.3", 60 },
	{ "zero.example", DNS_A, "192.0.2.4", 0 },
	{ "t.example", DNS_TXT, "text", 60 },
	{ NULL, 0, NULL, 0 },
};

struct waiter {
	struct lookup_wait	 wait;
	struct answer		*answer;
};

static struct event_base	*base;
static struct fake		 first, second;
static char			 logged[LOG_LINE_MAX];	/* the last line */

static void
keep_line(enum log_level level, const char *line, size_t n)
{
	(void)level;
	snprintf(logged, sizeof(logged), "%.*s", (int)n, line);
}

static void
on_answered(void *arg, struct answer *a)
{
	struct waiter	*w = arg;

	assert_null(w->answer);
	w->answer = answer_ref(a);
}

static void
ask(struct waiter *w, enum dns_type type, const char *name)
{
	struct question	 q;

	assert_int_equal(question_of(&q, type, str_of(name)), 0);
	w->wait = (struct lookup_wait){ .answered = on_answered, .arg = w };
	w->answer = lookup(&q, &w->wait);
}

static void
wait_for(struct waiter *w)
{
	uint64_t	 until = clock_ms() + GUARD_S * 1000;

	while (w->answer == NULL) {
		assert_true(clock_ms() < until);
		event_base_loop(base, EVLOOP_ONCE);
	}
}

static enum names_result
result_of(enum dns_type type, const char *name)
{
	struct waiter		 w;
	enum names_result	 r;

	ask(&w, type, name);
	wait_for(&w);
	r = w.answer->result;
	answer_unref(&w.answer);
	return r;
}

static void
configure_time(unsigned n_servers, uint32_t timeout_ms)
{
	struct name_server_conf	 servers[2] = {
		{ first.addr, false }, { second.addr, true }
	};
	struct conf		 conf = {
		.name_servers = servers, .n_name_servers = n_servers,
		.dns_timeout_ms = timeout_ms, .dns_cache_entries = 100,
	};

	lookup_configure(&conf);
}

static void
configure(unsigned n_servers)
{
	configure_time(n_servers, TIMEOUT_MS);
}

static int
set_up(void **state)
{
	(void)state;
	lookup_teardown();
	fake_open(&first, base);
	fake_open(&second, base);
	first.records = second.records = records;
	configure(2);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	fake_close(&first);
	fake_close(&second);
	lookup_teardown();
	return 0;
}

/* ---- tests ------------------------------------------------------------- */

static void
test_plain(void **state)
{
	struct waiter	 w;

	(void)state;
	ask(&w, DNS_A, "alias.example");
	assert_null(w.answer);
	wait_for(&w);
	assert_int_equal(w.answer->result, NAMES_OK);
	assert_int_equal(w.answer->n_records, 2);
	assert_int_equal(w.answer->dnssec, DNSSEC_INSECURE);
	answer_unref(&w.answer);
	assert_int_equal(result_of(DNS_AAAA, "a.example"), NAMES_NONE);
	assert_int_equal(result_of(DNS_A, "no.example"), NAMES_NO_DOMAIN);
	assert_int_equal(first.n_udp, 3);
	assert_int_equal(second.n_udp, 0);
	assert_int_equal(lookup_in_flight(), 0);
}

static void
test_cached(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++) {
		result_of(DNS_A, "a.example");
		result_of(DNS_A, "no.example");
	}
	assert_int_equal(first.n_udp, 2);
	result_of(DNS_A, "zero.example");
	result_of(DNS_A, "zero.example");
	assert_int_equal(first.n_udp, 4);
	/* a new configuration forgets nothing */
	configure(2);
	result_of(DNS_A, "a.example");
	assert_int_equal(first.n_udp, 4);
}

static void
test_merged(void **state)
{
	struct waiter	 w[10];

	(void)state;
	for (int i = 0; i < 10; i++)
		ask(&w[i], DNS_A, "a.example");
	assert_int_equal(lookup_in_flight(), 1);
	lookup_cancel(&w[3].wait);
	for (int i = 0; i < 10; i++) {
		if (i == 3)
			continue;
		wait_for(&w[i]);
		answer_unref(&w[i].answer);
	}
	assert_null(w[3].answer);
	assert_int_equal(first.n_udp, 1);
}

/* The question goes on when nobody waits for it. */
static void
test_abandoned(void **state)
{
	struct waiter	 w;

	(void)state;
	ask(&w, DNS_A, "a.example");
	lookup_cancel(&w.wait);
	while (lookup_in_flight() != 0)
		event_base_loop(base, EVLOOP_ONCE);
	ask(&w, DNS_A, "a.example");
	assert_non_null(w.answer);
	answer_unref(&w.answer);
}

static void
test_forged(void **state)
{
	static const enum fake_mode	 modes[] = {
		FAKE_WRONG_ID, FAKE_WRONG_CASE, FAKE_WRONG_TYPE,
		FAKE_NOT_ANSWER
	};

	(void)state;
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		first.mode = modes[i];
		assert_int_equal(result_of(DNS_A, "zero.example"), NAMES_OK);
		assert_int_equal(first.n_udp, i + 1);
	}
	assert_int_equal(first.n_tcp, 0);
	/* so many that it is no accident */
	first.mode = FAKE_FORGERY_ONLY;
	assert_int_equal(result_of(DNS_A, "zero.example"), NAMES_OK);
	assert_int_equal(first.n_tcp, 1);
	assert_int_equal(second.n_udp, 0);
}

/* Every question has a port and an id of its own. */
static void
test_ports(void **state)
{
	unsigned	 same_port = 0, same_id = 0;

	(void)state;
	for (int i = 0; i < 64; i++)
		result_of(DNS_A, "zero.example");
	for (int i = 0; i < 64; i++)
		for (int j = 0; j < i; j++) {
			same_port += first.ports[i] == first.ports[j];
			same_id += first.ids[i] == first.ids[j];
		}
	/* of 28,000 ports and 65,536 ids, 2,016 pairs: few by chance */
	assert_true(same_port < 5);
	assert_true(same_id < 4);
}

static void
test_truncated(void **state)
{
	(void)state;
	first.mode = FAKE_TRUNCATED;
	assert_int_equal(result_of(DNS_A, "a.example"), NAMES_OK);
	assert_int_equal(first.n_udp, 1);
	assert_int_equal(first.n_tcp, 1);
	first.mode = FAKE_TCP_CLOSES;
	assert_int_equal(result_of(DNS_A, "b.example"), NAMES_OK);
	assert_int_equal(first.n_tcp, 2);
	assert_int_equal(second.n_udp, 1);
}

static void
test_servfail(void **state)
{
	(void)state;
	first.mode = FAKE_SERVFAIL;
	assert_int_equal(result_of(DNS_A, "a.example"), NAMES_OK);
	assert_int_equal(first.n_udp, 1);
	assert_int_equal(second.n_udp, 1);
	second.mode = FAKE_SERVFAIL;
	assert_int_equal(result_of(DNS_A, "b.example"), NAMES_FAILED);
	assert_int_equal(first.n_udp, 2);
	assert_int_equal(second.n_udp, 2);
	/* remembered for a moment */
	assert_int_equal(result_of(DNS_A, "b.example"), NAMES_FAILED);
	assert_int_equal(first.n_udp, 2);
}

/* What was good a minute ago is better than nothing, for a while. */
static void
test_stale(void **state)
{
	uint64_t	 now = clock_ms();

	(void)state;
	assert_int_equal(result_of(DNS_A, "a.example"), NAMES_OK);
	first.mode = second.mode = FAKE_SERVFAIL;
	clock_hold(now + 70 * 1000, 0);
	assert_int_equal(result_of(DNS_A, "a.example"), NAMES_OK);
	assert_int_equal(first.n_udp, 2);
	assert_int_equal(result_of(DNS_A, "a.example"), NAMES_OK);
	assert_int_equal(first.n_udp, 2);	/* not asked again at once */
	clock_hold(now + 600 * 1000, 0);
	assert_int_equal(result_of(DNS_A, "a.example"), NAMES_FAILED);
	clock_let_go();
}

static void
test_malformed(void **state)
{
	struct waiter	 w;

	(void)state;
	first.mode = FAKE_MALFORMED;
	assert_int_equal(result_of(DNS_A, "a.example"), NAMES_OK);
	assert_int_equal(second.n_udp, 1);
	configure(1);
	ask(&w, DNS_A, "b.example");
	wait_for(&w);
	assert_int_equal(w.answer->result, NAMES_FAILED);
	assert_non_null(memmem(w.answer->why.p, w.answer->why.n, "malformed",
	    9));
	answer_unref(&w.answer);
}

static void
test_no_edns(void **state)
{
	(void)state;
	first.mode = FAKE_NO_EDNS;
	assert_int_equal(result_of(DNS_A, "a.example"), NAMES_OK);
	assert_int_equal(first.n_udp, 2);
	assert_int_equal(second.n_udp, 0);
}

static void
test_silent(void **state)
{
	uint64_t	 began;

	(void)state;
	first.mode = FAKE_SILENT;
	assert_int_equal(result_of(DNS_A, "a.example"), NAMES_OK);
	assert_int_equal(second.n_udp, 1);
	second.mode = FAKE_SILENT;
	began = clock_ms();
	assert_int_equal(result_of(DNS_A, "b.example"), NAMES_FAILED);
	assert_in_range(clock_ms() - began, TIMEOUT_MS - 20, 2 * TIMEOUT_MS);
	/* four tries, in turn */
	assert_int_equal(first.n_udp + second.n_udp, 2 + 4);
}

/* A dead server costs the wait a few times; then it is asked last. */
static void
test_shunned(void **state)
{
	(void)state;
	first.mode = FAKE_SILENT;
	for (int i = 0; i < 5; i++)
		assert_int_equal(result_of(DNS_A, "zero.example"), NAMES_OK);
	assert_int_equal(first.n_udp, 3);
	assert_int_equal(second.n_udp, 5);
	assert_non_null(strstr(logged, "state=down why=\"no answer\""));
}

static void
test_refused(void **state)
{
	uint64_t	 began = clock_ms();

	(void)state;
	configure_time(2, PATIENT_MS);
	fake_close(&first);	/* nobody listens there now */
	assert_int_equal(result_of(DNS_A, "a.example"), NAMES_OK);
	assert_int_equal(second.n_udp, 1);
	assert_true(clock_ms() - began < QUERY_FIRST_MS);
	configure(1);
	assert_int_equal(result_of(DNS_A, "b.example"), NAMES_FAILED);
	fake_open(&first, base);
}

static void
test_trusted(void **state)
{
	struct waiter	 w;

	(void)state;
	first.ad = second.ad = true;
	ask(&w, DNS_A, "a.example");
	wait_for(&w);
	assert_int_equal(w.answer->dnssec, DNSSEC_INSECURE);
	answer_unref(&w.answer);
	first.mode = FAKE_SERVFAIL;
	ask(&w, DNS_A, "b.example");
	wait_for(&w);
	assert_int_equal(w.answer->dnssec, DNSSEC_SECURE);
	answer_unref(&w.answer);
}

static void
test_without_servers(void **state)
{
	static const struct {
		enum dns_type		 type;
		const char		*name;
		enum names_result	 result;
	} cases[] = {
		{ DNS_A, "localhost", NAMES_OK },
		{ DNS_AAAA, "mail.localhost", NAMES_OK },
		{ DNS_MX, "localhost", NAMES_NONE },
		{ DNS_A, "x.invalid", NAMES_NO_DOMAIN },
		{ DNS_A, "x.onion", NAMES_NO_DOMAIN },
		{ DNS_A, "notlocalhost", NAMES_FAILED },
		{ DNS_A, "a.example", NAMES_FAILED },
	};
	struct waiter	 w;

	(void)state;
	configure(0);
	assert_non_null(strstr(logged, "no name server is configured"));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ask(&w, cases[i].type, cases[i].name);
		assert_non_null(w.answer);
		assert_int_equal(w.answer->result, cases[i].result);
		answer_unref(&w.answer);
	}
}

/* Beyond the most in flight, the answer is a failure at once. */
static void
test_many(void **state)
{
	static struct waiter	 w[LOOKUPS_MAX + 1];
	char			 name[32];

	(void)state;
	first.mode = second.mode = FAKE_SILENT;
	for (unsigned i = 0; i <= LOOKUPS_MAX; i++) {
		snprintf(name, sizeof(name), "n%u.example", i);
		ask(&w[i], DNS_A, name);
		assert_int_equal(w[i].answer != NULL, i == LOOKUPS_MAX);
	}
	assert_int_equal(w[LOOKUPS_MAX].answer->result, NAMES_FAILED);
	answer_unref(&w[LOOKUPS_MAX].answer);
	assert_int_equal(lookup_in_flight(), LOOKUPS_MAX);
	for (unsigned i = 0; i < LOOKUPS_MAX; i++)
		lookup_cancel(&w[i].wait);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest	 tests[] = {
		TEST(test_plain), TEST(test_cached), TEST(test_merged),
		TEST(test_abandoned), TEST(test_forged), TEST(test_ports),
		TEST(test_truncated), TEST(test_servfail), TEST(test_stale),
		TEST(test_malformed), TEST(test_no_edns), TEST(test_silent),
		TEST(test_shunned), TEST(test_refused), TEST(test_trusted),
		TEST(test_without_servers), TEST(test_many),
	};
	int			 failed;

	if (sodium_init() == -1 || (base = event_base_new()) == NULL)
		return 1;
	log_set_sink(keep_line);
	io_setup(base);
	lookup_setup(base);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	event_base_free(base);
	return failed;
}
