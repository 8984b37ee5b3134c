/*
 * Names between text and octets, the questions made of them, and the packets
 * that carry these: what is random in them and what answers them.
 */
#include "packet.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#define LABEL63	"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" \
		"xxxxxxx"
/* 3 * 64 + 61 = 253 octets of text, 255 with the first length and the root */
#define LONGEST	LABEL63 "." LABEL63 "." LABEL63 "." \
		"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

static void
test_names(void **state)
{
	static const struct {
		const char	*in, *out;	/* NULL: not a name */
	} cases[] = {
		{ "example.org", "example.org" },
		{ "Example.ORG.", "example.org" },
		{ ".", "." },
		{ "_25._tcp.mx", "_25._tcp.mx" },
		{ "a/b.arpa", "a/b.arpa" },
		{ LABEL63, LABEL63 },
		{ LABEL63 "x", NULL },
		{ LONGEST, LONGEST },
		{ LONGEST ".", LONGEST },
		{ LONGEST "x", NULL },
		{ "", NULL }, { "..", NULL }, { "a..b", NULL },
		{ ".a", NULL }, { "a..", NULL }, { "a b", NULL },
		{ "a\\.b", NULL }, { "\xc3\xa4.de", NULL },
	};
	struct dname	 d, again;
	char		 text[DNAME_TEXT_MAX];
	int		 r;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		r = dname_parse(&d, str_of(cases[i].in));
		assert_int_equal(r, cases[i].out != NULL ? 0 : -1);
		if (r == -1)
			continue;
		assert_true(str_equal(dname_print(&d, text),
		    str_of(cases[i].out)));
		assert_int_equal(dname_from_wire(&again, d.b, d.n), 0);
		assert_true(dname_equal(&again, &d));
	}
}

static void
test_bad_wire(void **state)
{
	static const struct str	cases[] = {
		STR(""), STR("\3abc"), STR("\3abc\0x"), STR("\1a\0\1b\0"),
		STR("\x40" "a\0"), STR("\5ab\0"),
	};
	struct dname	 d;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(dname_from_wire(&d, cases[i].p, cases[i].n),
		    -1);
}

static void
test_within(void **state)
{
	static const struct {
		const char	*name, *parent;
		bool		 within;
	} cases[] = {
		{ "a.example.org", "example.org", true },
		{ "example.org", "example.org", true },
		{ "example.org", ".", true },
		{ ".", ".", true },
		{ "example.org", "a.example.org", false },
		{ "anexample.org", "example.org", false },
		{ "example.net", "example.org", false },
	};
	struct dname	 name, parent;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		dname_parse(&name, str_of(cases[i].name));
		dname_parse(&parent, str_of(cases[i].parent));
		assert_int_equal(dname_is_within(&name, &parent),
		    cases[i].within);
	}
}

static void
test_reverse(void **state)
{
	static const struct {
		const char	*address, *name;
	} cases[] = {
		{ "192.0.2.7", "7.2.0.192.in-addr.arpa" },
		{ "2001:db8::1", "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0"
		    ".0.0.8.b.d.0.1.0.0.2.ip6.arpa" },
	};
	struct netaddr	 a;
	struct question	 q;
	char		 text[DNAME_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		netaddr_parse(&a, str_of(cases[i].address));
		assert_int_equal(question_reverse(&q, &a), 0);
		assert_int_equal(q.type, DNS_PTR);
		assert_true(str_equal(dname_print(&q.name, text),
		    str_of(cases[i].name)));
	}
	question_tlsa(&q, str_of("mx.example"), 25);
	assert_true(str_equal(dname_print(&q.name, text),
	    str_of("_25._tcp.mx.example")));
	assert_int_equal(question_tlsa(&q, str_of(LONGEST), 25), -1);
}

static void
test_packet(void **state)
{
	struct question	 q;
	struct packet	 p;

	(void)state;
	question_of(&q, DNS_MX, str_of(LONGEST));
	packet_ask(&p, &q, true);
	assert_int_equal(p.n, PACKET_MAX);
	question_of(&q, DNS_MX, str_of("example.org"));
	packet_ask(&p, &q, false);
	assert_int_equal(p.n, DNS_HEADER + q.name.n + 4);
	assert_int_equal(p.b[11], 0);
	packet_ask(&p, &q, true);
	assert_int_equal(p.n, DNS_HEADER + q.name.n + 4 + PACKET_OPT);
	assert_int_equal(p.b[11], 1);
	assert_int_equal(p.question_end, DNS_HEADER + q.name.n + 4);
}

/* Over many packets each bit of the id and each letter's case is even. */
static void
test_randomness(void **state)
{
	enum { ROUNDS = 2000 };
	unsigned	 ones[16] = { 0 }, upper[11] = { 0 };
	struct question	 q;
	struct packet	 p;

	(void)state;
	question_of(&q, DNS_A, str_of("example.org"));
	for (int i = 0; i < ROUNDS; i++) {
		packet_ask(&p, &q, true);
		for (int bit = 0; bit < 16; bit++)
			ones[bit] += p.b[bit / 8] >> bit % 8 & 1;
		for (int at = 0; at < 11; at++)
			upper[at] += p.b[DNS_HEADER + 1 + at] >= 'A' &&
			    p.b[DNS_HEADER + 1 + at] <= 'Z';
	}
	/* ten standard deviations */
	for (int bit = 0; bit < 16; bit++)
		assert_in_range(ones[bit], ROUNDS / 2 - 224, ROUNDS / 2 + 224);
	for (int at = 0; at < 11; at++)
		if (at != 7)	/* a length */
			assert_in_range(upper[at], ROUNDS / 2 - 224,
			    ROUNDS / 2 + 224);
	assert_int_equal(upper[7], 0);
}

static void
test_match(void **state)
{
	struct question	 q;
	struct packet	 p, answer;

	(void)state;
	question_of(&q, DNS_A, str_of("example.org"));
	packet_ask(&p, &q, true);
	answer = p;
	assert_false(packet_is_answer(&p, answer.b, answer.n));
	answer.b[2] |= 0x80;
	assert_true(packet_is_answer(&p, answer.b, answer.n));
	assert_true(packet_is_answer(&p, answer.b, p.question_end));
	for (size_t n = 0; n < p.question_end; n++)
		assert_false(packet_is_answer(&p, answer.b, n));
	for (size_t at = 0; at < p.question_end; at++)
		for (int bit = 0; bit < 8; bit++) {
			/* flags and the counts of other sections may differ */
			if ((at == 2 && bit < 3) || at == 3 ||
			    (at >= 6 && at < DNS_HEADER))
				continue;
			answer.b[at] ^= (uint8_t)(1 << bit);
			assert_false(packet_is_answer(&p, answer.b,
			    answer.n));
			answer.b[at] ^= (uint8_t)(1 << bit);
		}
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_bad_wire),
		cmocka_unit_test(test_within),
		cmocka_unit_test(test_reverse),
		cmocka_unit_test(test_packet),
		cmocka_unit_test(test_randomness),
		cmocka_unit_test(test_match),
	};

	return sodium_init() == -1 ? 1 :
	    cmocka_run_group_tests(tests, NULL, NULL);
}
