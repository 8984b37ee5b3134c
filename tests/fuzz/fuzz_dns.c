/*
 * libFuzzer target for packets from name servers: the pre-parser, ldns
 * behind it, and the answer made of both.  The first octet picks the type
 * asked for and whether the server is trusted; the name asked for is the one
 * in the packet, as no other packet gets so far.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "answer.h"
#include "preparse.h"
#include "question.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
must(bool holds)
{
	if (!holds)
		abort();
}

/* The name of the question; the root where there is none. */
static void
take_question(struct question *q, unsigned pick, const uint8_t *p, size_t n)
{
	static const uint16_t	 types[] = {
		DNS_A, DNS_AAAA, DNS_MX, DNS_PTR, DNS_TXT, DNS_TLSA
	};
	size_t			 end = DNS_HEADER;

	q->type = types[pick % (sizeof(types) / sizeof(types[0]))];
	while (end < n && p[end] != 0)
		end += 1u + p[end];
	if (end >= n || dname_from_wire(&q->name, p + DNS_HEADER,
	    end + 1 - DNS_HEADER) == -1)
		must(question_of(q, DNS_A, str_of(".")) == 0);
}

static void
check_record(uint16_t type, const struct record *r)
{
	switch (type) {
	case DNS_A:
		must(r->data.n == 4);
		break;
	case DNS_AAAA:
		must(r->data.n == 16);
		break;
	case DNS_MX:
	case DNS_PTR:
		must(r->data.n != 0 && r->data.n < DNAME_TEXT_MAX);
		for (size_t i = 0; i < r->data.n; i++)
			must(r->data.p[i] > ' ' && r->data.p[i] < 0x7f);
		break;
	case DNS_TXT:
		must(r->data.n <= NAME_RECORD_MAX);
		break;
	case DNS_TLSA:
		must(r->data.n != 0 && r->data.n <= TLSA_DATA_MAX);
		break;
	}
}

static void
check_answer(const struct question *q, const struct answer *a,
    enum answer_verdict verdict, bool trusted)
{
	must((verdict == ANSWER_GOOD) == (a->result != NAMES_FAILED));
	must((a->result == NAMES_FAILED) == (a->why.n != 0));
	must(a->dnssec != DNSSEC_SECURE || trusted);
	must(a->result == NAMES_OK || a->n_records == 0);
	must(a->n_records <= PREPARSE_RECORDS_MAX);
	must(answer_ttl_s(a) <= ANSWER_TTL_MAX_S);
	for (size_t i = 0; i < a->n_records; i++)
		check_record(q->type, &a->records[i]);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	enum answer_verdict	 verdict;
	struct question		 q;
	struct answer		*a;
	bool			 trusted;

	/* what is no answer for want of a header never comes so far */
	if (n < 1 + DNS_HEADER || n > PREPARSE_PACKET_MAX + 64)
		return 0;
	trusted = (data[0] & 0x80) != 0;
	take_question(&q, data[0] & 0x7f, data + 1, n - 1);
	a = answer_parse(&q, data + 1, n - 1, trusted, "fuzz", &verdict);
	check_answer(&q, a, verdict, trusted);
	answer_unref(&a);
	return 0;
}
