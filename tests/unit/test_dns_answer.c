/*
 * From packets to answers: records of each type, chains of aliases, what is
 * not of the question, how long things are believed, and who is believed.
 */
#include "answer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "clock.h"
#include "dns_packet.h"

#define NOW_MS	1000000

static struct pk	 pk;
static const char	 address[4] = { (char)192, 0, 2, 1 };

static struct answer *
parse_as(const char *name, enum dns_type type, bool trusted,
    enum answer_verdict *verdict)
{
	struct question	 q;

	assert_int_equal(question_of(&q, type, str_of(name)), 0);
	return answer_parse(&q, pk.b, pk.n, trusted, "192.0.2.53:53",
	    verdict);
}

/* A good one, from a server that is not trusted. */
static struct answer *
parse(const char *name, enum dns_type type)
{
	enum answer_verdict	 verdict;
	struct answer		*a = parse_as(name, type, false, &verdict);

	assert_int_equal(verdict, ANSWER_GOOD);
	return a;
}

static void
check_text(struct str s, const char *text)
{
	if (!str_equal(s, str_of(text)))
		fail_msg("%.*s is not %s", STR_FMT(s), text);
}

static void
test_mx(void **state)
{
	struct answer	*a;

	(void)state;
	pk_start(&pk, PK_QR, "eXample.org", DNS_MX);
	pk_mx(&pk, "example.org", 300, 20, "MX2.Example.org");
	pk_mx(&pk, "example.org", 60, 10, "mx1.example.org");
	pk_mx(&pk, "example.net", 60, 5, "mx.example.net");
	a = parse("example.org", DNS_MX);
	assert_int_equal(a->result, NAMES_OK);
	assert_int_equal(a->dnssec, DNSSEC_INSECURE);
	assert_int_equal(a->n_records, 2);
	assert_int_equal(a->records[0].preference, 20);
	check_text(a->records[0].data, "mx2.example.org");
	check_text(a->records[1].data, "mx1.example.org");
	assert_int_equal(answer_ttl_s(a), 60);
	answer_unref(&a);
}

static void
test_texts(void **state)
{
	struct answer	*a;

	(void)state;
	pk_start(&pk, PK_QR, "example.org", DNS_TXT);
	pk_rr(&pk, PK_ANSWER, "example.org", DNS_TXT, 60,
	    "\6v=spf1\0\5 -all", 14);
	pk_rr(&pk, PK_ANSWER, "example.org", DNS_TXT, 60, "\0", 1);
	a = parse("example.org", DNS_TXT);
	assert_int_equal(a->n_records, 2);
	check_text(a->records[0].data, "v=spf1 -all");
	assert_int_equal(a->records[1].data.n, 0);
	answer_unref(&a);
}

static void
test_tlsa(void **state)
{
	static const char	 data[] = { 3, 1, 1, 'd', 'a', 't', 'a' };
	struct answer		*a;

	(void)state;
	pk_start(&pk, PK_QR, "_25._tcp.mx", DNS_TLSA);
	pk_rr(&pk, PK_ANSWER, "_25._tcp.mx", DNS_TLSA, 60, data, 7);
	a = parse("_25._tcp.mx", DNS_TLSA);
	assert_int_equal(a->n_records, 1);
	assert_int_equal(a->records[0].usage, 3);
	assert_int_equal(a->records[0].selector, 1);
	assert_int_equal(a->records[0].matching, 1);
	check_text(a->records[0].data, "data");
	answer_unref(&a);
}

/* A TXT of strings that is cut within one of them: that record is left out,
 * or the packet refused; never read beyond. */
static void
test_text_cut(void **state)
{
	enum answer_verdict	 verdict;
	struct answer		*a;

	(void)state;
	pk_start(&pk, PK_QR, "example.org", DNS_TXT);
	pk_rr(&pk, PK_ANSWER, "example.org", DNS_TXT, 60, "\5abc", 4);
	a = parse_as("example.org", DNS_TXT, false, &verdict);
	assert_true(a->result == NAMES_FAILED || a->n_records == 0);
	answer_unref(&a);
}

static void
test_alias(void **state)
{
	struct answer	*a;

	(void)state;
	pk_start(&pk, PK_QR, "a.example", DNS_A);
	pk_to(&pk, PK_ANSWER, "b.example", DNS_CNAME, 50, "c.example");
	pk_rr(&pk, PK_ANSWER, "c.example", DNS_A, 300, address, 4);
	pk_to(&pk, PK_ANSWER, "a.example", DNS_CNAME, 60, "B.example");
	a = parse("a.example", DNS_A);
	assert_int_equal(a->n_records, 1);
	assert_memory_equal(a->records[0].data.p, address, 4);
	assert_int_equal(answer_ttl_s(a), 50);
	answer_unref(&a);
}

static void
put_aliases(unsigned n)
{
	char	 from[32], to[32];

	pk_start(&pk, PK_QR, "n0.example", DNS_A);
	for (unsigned i = 0; i < n; i++) {
		snprintf(from, sizeof(from), "n%u.example", i);
		snprintf(to, sizeof(to), "n%u.example", i + 1);
		pk_to(&pk, PK_ANSWER, from, DNS_CNAME, 60, to);
	}
	snprintf(to, sizeof(to), "n%u.example", n);
	pk_rr(&pk, PK_ANSWER, to, DNS_A, 60, address, 4);
}

static void
test_alias_limit(void **state)
{
	enum answer_verdict	 verdict;
	struct answer		*a;

	(void)state;
	put_aliases(ANSWER_ALIASES_MAX);
	a = parse("n0.example", DNS_A);
	assert_int_equal(a->n_records, 1);
	answer_unref(&a);
	put_aliases(ANSWER_ALIASES_MAX + 1);
	a = parse_as("n0.example", DNS_A, false, &verdict);
	assert_int_equal(verdict, ANSWER_BAD);
	assert_int_equal(a->result, NAMES_FAILED);
	answer_unref(&a);

	pk_start(&pk, PK_QR, "a.example", DNS_A);
	pk_to(&pk, PK_ANSWER, "a.example", DNS_CNAME, 60, "b.example");
	pk_to(&pk, PK_ANSWER, "b.example", DNS_CNAME, 60, "a.example");
	a = parse_as("a.example", DNS_A, false, &verdict);
	assert_int_equal(a->result, NAMES_FAILED);
	answer_unref(&a);
}

/* Records that nobody asked for, in every section. */
static void
test_bailiwick(void **state)
{
	struct answer	*a;

	(void)state;
	pk_start(&pk, PK_QR, "example.org", DNS_A);
	pk_rr(&pk, PK_ANSWER, "bank.example", DNS_A, 60, address, 4);
	pk_to(&pk, PK_ANSWER, "bank.example", DNS_CNAME, 60, "evil.example");
	pk_soa(&pk, "example.net", 3600, 600);
	pk_rr(&pk, PK_ADDITIONAL, "example.org", DNS_A, 60, address, 4);
	a = parse("example.org", DNS_A);
	assert_int_equal(a->result, NAMES_NONE);
	assert_int_equal(a->n_records, 0);
	assert_int_equal(answer_ttl_s(a), 0);	/* not its zone's SOA */
	answer_unref(&a);
}

static void
test_ttls(void **state)
{
	static const struct {
		uint32_t	 in, out;
	} cases[] = {
		{ 0, 0 }, { 1, 1 }, { 3600, 3600 },
		{ ANSWER_TTL_MAX_S, ANSWER_TTL_MAX_S },
		{ ANSWER_TTL_MAX_S + 1, ANSWER_TTL_MAX_S },
		{ 0x7fffffff, ANSWER_TTL_MAX_S },
		{ 0x80000000, ANSWER_TTL_MAX_S },
		{ 0xffffffff, ANSWER_TTL_MAX_S },
	};
	struct answer	*a;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		pk_start(&pk, PK_QR, "example.org", DNS_A);
		pk_rr(&pk, PK_ANSWER, "example.org", DNS_A, cases[i].in,
		    address, 4);
		a = parse("example.org", DNS_A);
		assert_int_equal(answer_ttl_s(a), cases[i].out);
		answer_unref(&a);
	}
}

static void
test_negative_ttls(void **state)
{
	static const struct {
		unsigned	 flags;
		const char	*zone;
		uint32_t	 ttl, minimum, out;
		enum names_result result;
	} cases[] = {
		{ PK_QR | 3, "example.org", 3600, 900, 900, NAMES_NO_DOMAIN },
		{ PK_QR | 3, "example.org", 300, 900, 300, NAMES_NO_DOMAIN },
		{ PK_QR, "org", 3600, 900, 900, NAMES_NONE },
		{ PK_QR, ".", 86400, 86400, ANSWER_NEGATIVE_MAX_S,
		    NAMES_NONE },
		{ PK_QR, "www.no.example.org", 900, 900, 0, NAMES_NONE },
		{ PK_QR | 3, "ple.org", 900, 900, 0, NAMES_NO_DOMAIN },
		{ PK_QR | 3, NULL, 900, 900, 0, NAMES_NO_DOMAIN },
	};
	struct answer	*a;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		pk_start(&pk, cases[i].flags, "no.example.org", DNS_MX);
		if (cases[i].zone != NULL)
			pk_soa(&pk, cases[i].zone, cases[i].ttl,
			    cases[i].minimum);
		a = parse("no.example.org", DNS_MX);
		assert_int_equal(a->result, cases[i].result);
		assert_int_equal(answer_ttl_s(a), cases[i].out);
		answer_unref(&a);
	}
}

static void
test_verdicts(void **state)
{
	static const struct {
		unsigned		 flags;
		int			 ede;	/* -2: no OPT */
		bool			 trusted;
		enum answer_verdict	 verdict;
		enum dnssec		 dnssec;
	} cases[] = {
		{ PK_QR, -1, false, ANSWER_GOOD, DNSSEC_INSECURE },
		{ PK_QR | PK_AD, -1, false, ANSWER_GOOD, DNSSEC_INSECURE },
		{ PK_QR, -1, true, ANSWER_GOOD, DNSSEC_INSECURE },
		{ PK_QR | PK_AD, -1, true, ANSWER_GOOD, DNSSEC_SECURE },
		{ PK_QR | PK_AD | 3, -1, true, ANSWER_GOOD, DNSSEC_SECURE },
		{ PK_QR | PK_AD | 2, -1, true, ANSWER_BAD, DNSSEC_FAILED },
		{ PK_QR | 2, 6, true, ANSWER_BAD, DNSSEC_BOGUS },
		{ PK_QR | 2, 22, true, ANSWER_BAD, DNSSEC_FAILED },
		{ PK_QR | 2, 6, false, ANSWER_BAD, DNSSEC_FAILED },
		{ PK_QR | 5, -1, true, ANSWER_BAD, DNSSEC_FAILED },
		{ PK_QR | 1, -2, true, ANSWER_NO_EDNS, DNSSEC_FAILED },
		{ PK_QR | 4, -2, true, ANSWER_NO_EDNS, DNSSEC_FAILED },
		{ PK_QR | PK_TC, -1, true, ANSWER_BAD, DNSSEC_FAILED },
	};
	enum answer_verdict	 verdict;
	struct answer		*a;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		pk_start(&pk, cases[i].flags, "example.org", DNS_A);
		pk_rr(&pk, PK_ANSWER, "example.org", DNS_A, 60, address, 4);
		if (cases[i].ede != -2)
			pk_opt(&pk, 0, cases[i].ede);
		a = parse_as("example.org", DNS_A, cases[i].trusted,
		    &verdict);
		assert_int_equal(verdict, cases[i].verdict);
		assert_int_equal(a->dnssec, cases[i].dnssec);
		if (verdict != ANSWER_GOOD) {
			assert_int_equal(a->result, NAMES_FAILED);
			assert_true(a->why.n != 0);
		}
		answer_unref(&a);
	}
}

/* There are MX records, but none can be a host: not the same as none. */
static void
test_unusable(void **state)
{
	struct answer	*a;
	size_t		 at;

	(void)state;
	pk_start(&pk, PK_QR, "example.org", DNS_MX);
	at = pk_head(&pk, PK_ANSWER, "example.org", DNS_MX, 60);
	pk_put(&pk, "\0\12\3a.b\0", 7);
	pk_end(&pk, at);
	a = parse("example.org", DNS_MX);
	assert_int_equal(a->result, NAMES_OK);
	assert_int_equal(a->n_records, 0);
	answer_unref(&a);
}

static int
hold_clock(void **state)
{
	(void)state;
	clock_hold(NOW_MS, 1700000000);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(test_mx),
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_tlsa),
		cmocka_unit_test(test_text_cut),
		cmocka_unit_test(test_alias),
		cmocka_unit_test(test_alias_limit),
		cmocka_unit_test(test_bailiwick),
		cmocka_unit_test(test_ttls),
		cmocka_unit_test(test_negative_ttls),
		cmocka_unit_test(test_verdicts),
		cmocka_unit_test(test_unusable),
	};

	return cmocka_run_group_tests(tests, hold_clock, NULL);
}
