/*
 * Mail hosts and plain records as the other processes get them, from a name
 * server on loopback.
 */
#include "hosts.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <sodium.h>

#include "clock.h"
#include "dns_fake.h"
#include "io.h"
#include "log.h"
#include "name.h"

#define TIMEOUT_MS	1600
#define GUARD_S		60
#define TEXT_SIZE	4096

static const struct fake_record	 records[] = {
	{ "plain.example", DNS_MX, "20 b.example", 60 },
	{ "plain.example", DNS_MX, "10 a.example", 30 },
	{ "a.example", DNS_A, "192.0.2.1", 60 },
	{ "a.example", DNS_AAAA, "2001:db8::1", 60 },
	{ "b.example", DNS_A, "192.0.2.2", 60 },
	{ "null.example", DNS_MX, "0 .", 60 },
	{ "null.example", DNS_A, "192.0.2.1", 60 },
	{ "nullandmore.example", DNS_MX, "0 .", 60 },
	{ "nullandmore.example", DNS_MX, "5 b.example", 60 },
	{ "itself.example", DNS_A, "192.0.2.9", 60 },
	{ "text.example", DNS_TXT, "v=spf1 -all", 60 },
	{ "equal.example", DNS_MX, "10 e1.example", 60 },
	{ "equal.example", DNS_MX, "10 e2.example", 60 },
	{ "equal.example", DNS_MX, "10 e3.example", 60 },
	{ "equal.example", DNS_MX, "5 b.example", 60 },
	{ "e1.example", DNS_A, "192.0.2.11", 60 },
	{ "e2.example", DNS_A, "192.0.2.12", 60 },
	{ "e3.example", DNS_A, "192.0.2.13", 60 },
	{ "alias.example", DNS_CNAME, "plain.example", 60 },
	{ "mxalias.example", DNS_MX, "10 ca.example", 60 },
	{ "ca.example", DNS_CNAME, "b.example", 60 },
	{ "half.example", DNS_MX, "10 nowhere.example", 60 },
	{ "half.example", DNS_MX, "20 b.example", 60 },
	{ "none.example", DNS_MX, "10 nowhere.example", 60 },
	{ "numeric.example", DNS_MX, "10 192.0.2.1", 60 },
	{ "twice.example", DNS_MX, "20 b.example", 60 },
	{ "twice.example", DNS_MX, "10 b.example", 60 },
	{ "_25._tcp.a.example", DNS_TLSA, "030101abcdef", 60 },
	{ "1.2.0.192.in-addr.arpa", DNS_PTR, "a.example", 60 },
	{ NULL, 0, NULL, 0 },
};

static struct event_base	*base;
static struct fake		 fake;
static char			 text[TEXT_SIZE];
static bool			 done;

static void
drop_line(enum log_level level, const char *line, size_t n)
{
	(void)level, (void)line, (void)n;
}

/* ---- answers as text --------------------------------------------------- */

static const char *const	 results[] = { "ok", "none", "nodomain",
    "nullmx", "failed" };
static const char *const	 verdicts[] = { "failed", "bogus",
    "insecure", "secure" };

static void __attribute__((format(printf, 1, 2)))
add(const char *fmt, ...)
{
	size_t	 n = strlen(text);
	va_list	 ap;

	va_start(ap, fmt);
	vsnprintf(text + n, sizeof(text) - n, fmt, ap);
	va_end(ap);
}

/* "ok insecure | a.example 10 192.0.2.1 2001:db8::1 | ..." */
static void
on_hosts(struct hosts_job *j, const struct hosts *m)
{
	char	 address[NETADDR_TEXT_MAX];

	text[0] = '\0';
	add("%s %s", results[m->result], verdicts[m->dnssec]);
	for (size_t i = 0; i < m->n_hosts; i++) {
		add(" | %.*s %u", STR_FMT(m->hosts[i].name),
		    m->hosts[i].preference);
		if (m->hosts[i].result != NAMES_OK)
			add(" %s", results[m->hosts[i].result]);
		for (size_t a = 0; a < m->hosts[i].n_addrs; a++)
			add(" %s", netaddr_print(&m->hosts[i].addrs[a].addr,
			    address));
		if (m->hosts[i].tlsa_result != NAMES_NONE)
			add(" tlsa=%s", results[m->hosts[i].tlsa_result]);
		for (size_t t = 0; t < m->hosts[i].n_tlsas; t++)
			add(" %u-%u-%u:%zu", m->hosts[i].tlsas[t].usage,
			    m->hosts[i].tlsas[t].selector,
			    m->hosts[i].tlsas[t].matching,
			    m->hosts[i].tlsas[t].data.n);
	}
	done = true;
	hosts_clear(j);
}

static void
on_name(struct name_job *j, const struct name *m)
{
	text[0] = '\0';
	add("%s", results[m->result]);
	for (size_t i = 0; i < m->n_records; i++)
		add(" %u:%.*s", m->records[i].preference,
		    STR_FMT(m->records[i].data));
	done = true;
	name_clear(j);
}

static void
wait_done(void)
{
	uint64_t	 until = clock_ms() + GUARD_S * 1000;

	while (!done) {
		assert_true(clock_ms() < until);
		event_base_loop(base, EVLOOP_ONCE);
	}
	done = false;
}

static const char *
hosts_of(const char *name, bool mx, bool tlsa)
{
	struct hosts_ask	 ask = { str_of(name), mx, tlsa, 25 };
	struct hosts_job	 job;

	hosts_start(&job, &ask, on_hosts);
	wait_done();
	return text;
}

static const char *
records_of(enum name_type type, const char *name)
{
	struct name_ask	 ask = { type, str_of(name) };
	struct name_job	 job;

	name_start(&job, &ask, on_name);
	wait_done();
	return text;
}

static int
set_up(void **state)
{
	struct name_server_conf	 server;
	struct conf		 conf = {
		.name_servers = &server, .n_name_servers = 1,
		.dns_timeout_ms = TIMEOUT_MS, .dns_cache_entries = 1000,
	};

	(void)state;
	fake_open(&fake, base);
	fake.records = records;
	server = (struct name_server_conf){ fake.addr, true };
	lookup_configure(&conf);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	fake_close(&fake);
	lookup_teardown();
	return 0;
}

/* ---- tests ------------------------------------------------------------- */

static void
test_hosts(void **state)
{
	static const struct {
		const char	*name, *answer;
		bool		 mx;
	} cases[] = {
		{ "plain.example", "ok insecure | a.example 10 2001:db8::1 "
		    "192.0.2.1 | b.example 20 192.0.2.2", true },
		{ "PLAIN.example.", "ok insecure | a.example 10 2001:db8::1 "
		    "192.0.2.1 | b.example 20 192.0.2.2", true },
		{ "alias.example", "ok insecure | a.example 10 2001:db8::1 "
		    "192.0.2.1 | b.example 20 192.0.2.2", true },
		{ "null.example", "nullmx insecure", true },
		{ "nullandmore.example",
		    "ok insecure | b.example 5 192.0.2.2", true },
		{ "itself.example",
		    "ok insecure | itself.example 0 192.0.2.9", true },
		{ "text.example", "none insecure | text.example 0 none",
		    true },
		{ "no.example", "nodomain insecure", true },
		{ "not a name", "nodomain insecure", true },
		{ "", "nodomain insecure", true },
		{ "mxalias.example",
		    "ok insecure | ca.example 10 192.0.2.2", true },
		{ "half.example", "ok insecure | b.example 20 192.0.2.2",
		    true },
		{ "none.example",
		    "none insecure | nowhere.example 10 nodomain", true },
		{ "numeric.example", "none insecure", true },
		{ "twice.example", "ok insecure | b.example 10 192.0.2.2",
		    true },
		{ "[192.0.2.7]", "ok insecure | [192.0.2.7] 0 192.0.2.7",
		    true },
		{ "[IPv6:2001:db8::7]",
		    "ok insecure | [IPv6:2001:db8::7] 0 2001:db8::7", true },
		{ "a.example",
		    "ok insecure | a.example 0 2001:db8::1 192.0.2.1", false },
		{ "192.0.2.7", "ok insecure | 192.0.2.7 0 192.0.2.7", false },
		{ "localhost", "ok insecure | localhost 0 ::1 127.0.0.1",
		    true },
		{ "no.example", "nodomain insecure | no.example 0 nodomain",
		    false },
	};

	(void)state;
	for (int round = 0; round < 2; round++)	/* asked, and cached */
		for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
			assert_string_equal(hosts_of(cases[i].name,
			    cases[i].mx, false), cases[i].answer);
}

/* Equal preferences: each order comes, and none before a better host. */
static void
test_shuffled(void **state)
{
	unsigned	 first[3] = { 0 };
	const char	*answer, *e;

	(void)state;
	for (int i = 0; i < 300; i++) {
		answer = hosts_of("equal.example", true, false);
		e = strstr(answer, "| e");
		assert_non_null(e);
		assert_true(strstr(answer, "| b.example 5") < e);
		first[e[3] - '1']++;
	}
	for (int i = 0; i < 3; i++)
		assert_in_range(first[i], 20, 180);
}

static void
test_failures(void **state)
{
	(void)state;
	fake.servfail_type = DNS_AAAA;
	assert_string_equal(hosts_of("plain.example", true, false),
	    "ok insecure | a.example 10 192.0.2.1 | "
	    "b.example 20 192.0.2.2");
	/* no address of the other family: nothing is known for sure */
	assert_string_equal(hosts_of("text.example", true, false),
	    "failed insecure | text.example 0 failed");
	fake.servfail_type = DNS_MX;
	assert_string_equal(hosts_of("itself.example", true, false),
	    "failed failed");
}

/* A secure answer, TLSA and what an attacker might suppress (RFC 7672). */
static void
test_tlsa(void **state)
{
	(void)state;
	fake.ad = true;
	assert_string_equal(hosts_of("plain.example", true, true),
	    "ok secure | a.example 10 2001:db8::1 192.0.2.1 tlsa=ok 3-1-1:3 "
	    "| b.example 20 192.0.2.2 tlsa=nodomain");
	lookup_teardown();
	tear_down(state);
	set_up(state);
	fake.ad = true;
	fake.servfail_type = DNS_AAAA;
	assert_string_equal(hosts_of("a.example", false, true),
	    "ok secure | a.example 0 192.0.2.1 tlsa=ok 3-1-1:3");
	fake.servfail_type = DNS_TLSA;
	assert_string_equal(hosts_of("b.example", false, true),
	    "ok secure | b.example 0 192.0.2.2 tlsa=failed");
}

static void
test_tlsa_insecure(void **state)
{
	unsigned	 before;

	(void)state;
	hosts_of("plain.example", true, false);
	before = fake.n_udp;
	assert_string_equal(hosts_of("plain.example", true, true),
	    "ok insecure | a.example 10 2001:db8::1 192.0.2.1 | "
	    "b.example 20 192.0.2.2");
	assert_int_equal(fake.n_udp, before);	/* not even asked */
}

/* The whole ask has a deadline; what came by then is used, but nobody gets
 * round DANE by being slow. */
static void
test_deadline(void **state)
{
	uint64_t	 began = clock_ms();
	const char	*answer;

	(void)state;
	fake.ad = true;
	fake.silent_type = DNS_AAAA;
	answer = hosts_of("plain.example", true, true);
	assert_non_null(strstr(answer, "ok secure | a.example 10 192.0.2.1 "
	    "tlsa="));
	assert_in_range(clock_ms() - began, TIMEOUT_MS - 20, 2 * TIMEOUT_MS);
	fake.silent_type = DNS_MX;
	assert_string_equal(hosts_of("itself.example", true, true),
	    "failed failed");
	fake.silent_type = DNS_TLSA;
	assert_string_equal(hosts_of("itself.example", false, true),
	    "ok secure | itself.example 0 192.0.2.9 tlsa=failed");
	while (lookup_in_flight() != 0)
		event_base_loop(base, EVLOOP_ONCE);
}

#define MANY	200

/* A domain with very many hosts costs a limited number of questions. */
static void
test_many(void **state)
{
	static struct fake_record	 many[2 * MANY + 1];
	static char			 names[MANY][32], data[MANY][40];
	const char			*answer;
	unsigned			 n = 0;

	(void)state;
	for (unsigned i = 0; i < MANY; i++) {
		snprintf(names[i], sizeof(names[i]), "h%u.example", i);
		snprintf(data[i], sizeof(data[i]), "%u %s", i, names[i]);
		many[2 * i] = (struct fake_record){ "many.example", DNS_MX,
		    data[i], 60 };
		many[2 * i + 1] = (struct fake_record){ names[i], DNS_A,
		    "192.0.2.1", 60 };
	}
	fake.records = many;
	answer = hosts_of("many.example", true, false);
	assert_true(fake.n_udp <= HOSTS_QUESTIONS_MAX);
	for (const char *s = answer; (s = strchr(s, '|')) != NULL; s++)
		n++;
	assert_int_equal(n, (HOSTS_QUESTIONS_MAX - 1) / 2 + 1);
	assert_non_null(strstr(answer, "ok insecure | h0.example 0"));
	/* what is cached does not count: more are found the next time */
	answer = hosts_of("many.example", true, false);
	n = 0;
	for (const char *s = answer; (s = strchr(s, '|')) != NULL; s++)
		n++;
	assert_int_equal(n, HOSTS_MAX);
}

static void
test_cancelled(void **state)
{
	struct hosts_ask	 ask = { STR("plain.example"), true, true,
				    25 };
	struct hosts_job	 job;

	(void)state;
	hosts_start(&job, &ask, on_hosts);
	hosts_clear(&job);
	hosts_start(&job, &ask, on_hosts);
	while (fake.n_udp < 3)		/* the addresses are asked for */
		event_base_loop(base, EVLOOP_ONCE);
	hosts_clear(&job);
	while (lookup_in_flight() != 0)
		event_base_loop(base, EVLOOP_ONCE);
	assert_false(done);
}

static void
test_records(void **state)
{
	static const struct {
		enum name_type	 type;
		const char	*name, *answer;
	} cases[] = {
		{ NAME_A, "a.example", "ok 0:192.0.2.1" },
		{ NAME_AAAA, "a.example", "ok 0:2001:db8::1" },
		{ NAME_AAAA, "b.example", "none" },
		{ NAME_A, "no.example", "nodomain" },
		{ NAME_A, "a..example", "nodomain" },
		{ NAME_TXT, "text.example", "ok 0:v=spf1 -all" },
		{ NAME_MX, "half.example",
		    "ok 10:nowhere.example 20:b.example" },
		{ NAME_PTR, "192.0.2.1", "ok 0:a.example" },
		{ NAME_PTR, "1.2.0.192.in-addr.arpa", "ok 0:a.example" },
		{ NAME_PTR, "192.0.2.2", "nodomain" },
	};

	(void)state;
	for (int round = 0; round < 2; round++)
		for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
			assert_string_equal(records_of(cases[i].type,
			    cases[i].name), cases[i].answer);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest	 tests[] = {
		TEST(test_hosts), TEST(test_shuffled), TEST(test_failures),
		TEST(test_tlsa), TEST(test_tlsa_insecure), TEST(test_many),
		TEST(test_cancelled), TEST(test_records), TEST(test_deadline),
	};
	int			 failed;

	if (sodium_init() == -1 || (base = event_base_new()) == NULL)
		return 1;
	log_set_sink(drop_line);
	io_setup(base);
	lookup_setup(base);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	event_base_free(base);
	return failed;
}
