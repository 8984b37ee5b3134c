/*
 * The pre-parser: good packets, a table of what must be refused, and every
 * truncation and bit flip of some, which must be refused or leave ldns
 * something it can take.
 */
#include "preparse.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "answer.h"
#include "dns_packet.h"

static struct pk	 pk;

/* ---- packets ----------------------------------------------------------- */

static const char	 address[4] = { 1, 2, 3, 4 };

static void
make_mx(struct pk *p)
{
	size_t	 at;

	pk_start(p, PK_QR, "example.org", DNS_MX);
	pk_mx(p, "example.org", 60, 10, "mx1.example.org");
	at = pk_head(p, PK_ANSWER, "example.org", DNS_MX, 60);
	pk_u16(p, 20);
	pk_u8(p, 3);
	pk_put(p, "mx2", 3);
	pk_pointer(p, DNS_HEADER);
	pk_end(p, at);
	pk_to(p, PK_AUTHORITY, "example.org", DNS_NS, 60, "ns.example.org");
	pk_rr(p, PK_ADDITIONAL, "mx1.example.org", DNS_A, 60, address, 4);
	pk_opt(p, 0, -1);
}

static void
make_alias(struct pk *p)
{
	pk_start(p, PK_QR, "a.example.org", DNS_TXT);
	pk_to(p, PK_ANSWER, "a.example.org", DNS_CNAME, 60, "b.example.org");
	pk_rr(p, PK_ANSWER, "b.example.org", DNS_TXT, 60, "\3abc\2de", 7);
	pk_opt(p, 0, 3);
}

static void
make_none(struct pk *p)
{
	pk_start(p, PK_QR | 3, "no.example.org", DNS_A);
	pk_soa(p, "example.org", 3600, 900);
	pk_opt(p, 0, -1);
}

static void
make_tlsa(struct pk *p)
{
	pk_start(p, PK_QR | PK_AD, "_25._tcp.mx.example", DNS_TLSA);
	pk_rr(p, PK_ANSWER, "_25._tcp.mx.example", DNS_TLSA, 60,
	    "\3\1\1\xab\xcd\xef", 6);
	pk_rr(p, PK_ANSWER, "_25._tcp.mx.example", DNS_RRSIG, 60,
	    "\0\64\10\3\0\0\0\74....----\1\2\1x\0signature", 30);
}

static void
test_good(void **state)
{
	void			(*const makers[])(struct pk *) = {
		make_mx, make_alias, make_none
	};
	struct preparse		 x;

	(void)state;
	for (size_t i = 0; i < sizeof(makers) / sizeof(makers[0]); i++) {
		makers[i](&pk);
		assert_int_equal(preparse(pk.b, pk.n, &x), PREPARSE_OK);
		assert_true(x.authority_end < pk.n);
	}
	assert_int_equal(x.rcode, 3);
	assert_int_equal(x.ede, -1);
	make_alias(&pk);
	preparse(pk.b, pk.n, &x);
	assert_int_equal(x.ede, 3);
}

static void
test_extended_rcode(void **state)
{
	struct preparse	 x;

	(void)state;
	pk_start(&pk, PK_QR, "example.org", DNS_MX);
	pk_opt(&pk, 1, -1);
	assert_int_equal(preparse(pk.b, pk.n, &x), PREPARSE_OK);
	assert_int_equal(x.rcode, 16);
}

/* ---- what must be refused ---------------------------------------------- */

static void
begin(struct pk *p)
{
	pk_start(p, PK_QR, "example.org", DNS_A);
}

static void
make_empty(struct pk *p)
{
	p->n = 0;
}

static void
make_header_alone(struct pk *p)
{
	begin(p);
	p->n = DNS_HEADER;
}

static void
make_no_question(struct pk *p)
{
	begin(p);
	p->b[5] = 0;
}

static void
make_two_questions(struct pk *p)
{
	begin(p);
	p->b[5] = 2;
	pk_name(p, "example.org");
	pk_u16(p, DNS_A);
	pk_u16(p, DNS_CLASS_IN);
}

static void
make_chaos(struct pk *p)
{
	begin(p);
	p->b[p->n - 1] = 3;
}

static void
make_chaos_record(struct pk *p)
{
	begin(p);
	pk_rr(p, PK_ANSWER, "example.org", DNS_A, 1, address, 4);
	p->b[p->n - 4 - 7] = 3;
}

static void
make_trailing(struct pk *p)
{
	begin(p);
	pk_u8(p, 0);
}

static void
make_too_long(struct pk *p)
{
	begin(p);
	p->n = PREPARSE_PACKET_MAX + 1;
}

static void
make_many_records(struct pk *p)
{
	begin(p);
	for (int i = 0; i <= PREPARSE_RECORDS_MAX; i++)
		pk_rr(p, PK_ANSWER, "a", DNS_A, 1, address, 4);
}

static void
make_self_pointer(struct pk *p)
{
	begin(p);
	pk_count(p, PK_ANSWER);
	pk_pointer(p, p->n);
	pk_u16(p, DNS_A);
	pk_put(p, "\0\1\0\0\0\1\0\4\1\2\3\4", 12);
}

static void
make_forward_pointer(struct pk *p)
{
	begin(p);
	pk_count(p, PK_ANSWER);
	pk_pointer(p, p->n + 2);
	pk_u16(p, DNS_A);
	pk_put(p, "\0\1\0\0\0\1\0\4\1\2\3\4", 12);
}

/* back to a label in front that leads to the pointer again */
static void
make_pointer_circle(struct pk *p)
{
	size_t	 label;

	begin(p);
	pk_count(p, PK_ANSWER);
	label = p->n;
	pk_put(p, "\1a", 2);
	pk_pointer(p, label);
	pk_u16(p, DNS_A);
	pk_put(p, "\0\1\0\0\0\1\0\4\1\2\3\4", 12);
}

static void
make_header_pointer(struct pk *p)
{
	begin(p);
	pk_count(p, PK_ANSWER);
	pk_pointer(p, 4);
	pk_u16(p, DNS_A);
	pk_put(p, "\0\1\0\0\0\1\0\4\1\2\3\4", 12);
}

static void
make_many_hops(struct pk *p)
{
	size_t	 before = DNS_HEADER, at;

	begin(p);
	for (int i = 0; i <= PREPARSE_HOPS_MAX; i++) {
		at = pk_head(p, PK_ANSWER, "a", DNS_CNAME, 1);
		pk_pointer(p, before);
		pk_end(p, at);
		before = at;
	}
}

static void
make_long_name(struct pk *p)
{
	begin(p);
	pk_count(p, PK_ANSWER);
	for (int i = 0; i < 4; i++) {
		pk_u8(p, 63);
		pk_put(p, "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
		    "xxxxxxxxxxxxxxx", 63);
	}
	pk_u8(p, 0);
	pk_u16(p, DNS_A);
	pk_put(p, "\0\1\0\0\0\1\0\4\1\2\3\4", 12);
}

static void
make_odd_label(struct pk *p)
{
	begin(p);
	pk_count(p, PK_ANSWER);
	pk_put(p, "\x41" "a\0", 3);
	pk_u16(p, DNS_A);
	pk_put(p, "\0\1\0\0\0\1\0\4\1\2\3\4", 12);
}

static void
make_tsig(struct pk *p)
{
	begin(p);
	pk_rr(p, PK_ADDITIONAL, "key", DNS_TSIG, 0, "\0", 1);
}

static void
make_two_opts(struct pk *p)
{
	begin(p);
	pk_opt(p, 0, -1);
	pk_opt(p, 0, -1);
}

static void
make_opt_in_answer(struct pk *p)
{
	begin(p);
	pk_opt(p, 0, -1);
	p->b[PK_ANSWER + 1] = 1;
	p->b[PK_ADDITIONAL + 1] = 0;
}

static void
make_opt_cut(struct pk *p)
{
	begin(p);
	pk_opt(p, 0, 6);
	p->b[p->n - 3] = 3;	/* the option is longer than the record */
}

static void
make_short_a(struct pk *p)
{
	begin(p);
	pk_rr(p, PK_ANSWER, "example.org", DNS_A, 1, address, 3);
}

static void
make_long_a(struct pk *p)
{
	begin(p);
	pk_rr(p, PK_ANSWER, "example.org", DNS_A, 1, "\1\2\3\4\5", 5);
}

static void
make_short_aaaa(struct pk *p)
{
	begin(p);
	pk_rr(p, PK_ANSWER, "example.org", DNS_AAAA, 1, address, 4);
}

static void
make_short_mx(struct pk *p)
{
	begin(p);
	pk_rr(p, PK_ANSWER, "example.org", DNS_MX, 1, "\0", 1);
	pk_rr(p, PK_ANSWER, "example.org", DNS_A, 1, address, 4);
}

static void
make_mx_with_more(struct pk *p)
{
	begin(p);
	pk_rr(p, PK_ANSWER, "example.org", DNS_MX, 1, "\0\1\0x", 4);
}

static void
make_short_tlsa(struct pk *p)
{
	begin(p);
	pk_rr(p, PK_ANSWER, "example.org", DNS_TLSA, 1, "\3\1\1", 3);
}

static void
make_long_rdlength(struct pk *p)
{
	begin(p);
	pk_rr(p, PK_ANSWER, "example.org", DNS_A, 1, address, 4);
	p->b[p->n - 6] = 0xff;
}

static void
make_naptr(struct pk *p)
{
	begin(p);
	pk_rr(p, PK_ANSWER, "example.org", 35, 1, address, 4);
}

static void
test_refused(void **state)
{
	static const struct {
		void			(*make)(struct pk *);
		enum preparse_result	 result;
	} cases[] = {
		{ make_empty, PREPARSE_SHORT },
		{ make_header_alone, PREPARSE_SHORT },
		{ make_no_question, PREPARSE_QUESTION },
		{ make_two_questions, PREPARSE_QUESTION },
		{ make_chaos, PREPARSE_CLASS },
		{ make_chaos_record, PREPARSE_CLASS },
		{ make_trailing, PREPARSE_LONG },
		{ make_too_long, PREPARSE_LONG },
		{ make_many_records, PREPARSE_RECORDS },
		{ make_self_pointer, PREPARSE_POINTER },
		{ make_forward_pointer, PREPARSE_POINTER },
		{ make_pointer_circle, PREPARSE_POINTER },
		{ make_header_pointer, PREPARSE_POINTER },
		{ make_many_hops, PREPARSE_POINTER },
		{ make_long_name, PREPARSE_NAME },
		{ make_odd_label, PREPARSE_NAME },
		{ make_tsig, PREPARSE_TYPE },
		{ make_naptr, PREPARSE_TYPE },
		{ make_two_opts, PREPARSE_OPTION },
		{ make_opt_in_answer, PREPARSE_OPTION },
		{ make_opt_cut, PREPARSE_OPTION },
		{ make_short_a, PREPARSE_LENGTH },
		{ make_long_a, PREPARSE_LENGTH },
		{ make_short_aaaa, PREPARSE_LENGTH },
		{ make_short_mx, PREPARSE_NAME },
		{ make_mx_with_more, PREPARSE_LENGTH },
		{ make_short_tlsa, PREPARSE_LENGTH },
		{ make_long_rdlength, PREPARSE_SHORT },
	};
	struct preparse		 x;
	enum preparse_result	 r;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		cases[i].make(&pk);
		r = preparse(pk.b, pk.n, &x);
		if (r != cases[i].result)
			fail_msg("case %zu: %s, not %s", i,
			    preparse_result_name(r),
			    preparse_result_name(cases[i].result));
	}
}

/* ---- every cut and every flip ------------------------------------------ */

/* In memory of just that size, so that a reader beyond it is seen. */
static void
parse_exact(const struct question *q, const uint8_t *b, size_t n)
{
	uint8_t			*copy = malloc(n != 0 ? n : 1);
	enum answer_verdict	 verdict;
	struct answer		*a;

	memcpy(copy, b, n);
	if (n >= DNS_HEADER) {
		a = answer_parse(q, copy, n, true, "test", &verdict);
		assert_non_null(a);
		answer_unref(&a);
	}
	free(copy);
}

static void
damage(const char *name, enum dns_type type, void (*make)(struct pk *))
{
	struct question	 q;
	struct preparse	 x;

	assert_int_equal(question_of(&q, type, str_of(name)), 0);
	make(&pk);
	for (size_t n = 0; n < pk.n; n++) {
		assert_int_not_equal(preparse(pk.b, n, &x), PREPARSE_OK);
		parse_exact(&q, pk.b, n);
	}
	for (size_t bit = 0; bit < pk.n * 8; bit++) {
		pk.b[bit / 8] ^= (uint8_t)(1 << bit % 8);
		parse_exact(&q, pk.b, pk.n);
		pk.b[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
}

static void
test_damaged(void **state)
{
	(void)state;
	damage("example.org", DNS_MX, make_mx);
	damage("a.example.org", DNS_TXT, make_alias);
	damage("no.example.org", DNS_A, make_none);
	damage("_25._tcp.mx.example", DNS_TLSA, make_tlsa);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_extended_rcode),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_damaged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
