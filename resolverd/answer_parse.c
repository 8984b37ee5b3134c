/*
 * From a packet to an answer.  The pre-parser goes first; ldns then takes
 * apart the answer and authority sections alone, as all that has made it
 * stumble (OPT, TSIG) is in the additional one.  Its results are copied out
 * and freed here.  A packet that ldns read is never printed with it.
 */
#include "answer.h"

#include <string.h>

#include <ldns/wire2host.h>

#include "arena.h"

#include "packet.h"

#define RCODE_NOERROR	0	/* RFC 1035 4.1.1 */
#define RCODE_FORMERR	1
#define RCODE_NXDOMAIN	3
#define RCODE_NOTIMP	4
#define RCODE_BADVERS	16	/* RFC 6891 9 */

/* names and texts of one packet: 256 names, each as long as can be */
#define SCRATCH_MAX	(128 << 10)

/* The reading of one packet. */
struct reading {
	const struct question	*question;
	struct dname		 name;		/* end of the chain so far */
	uint32_t		 ttl_s;		/* the least of the chain */
	enum dnssec		 dnssec;
	struct arena		*scratch;
	struct record		 list[PREPARSE_RECORDS_MAX];
	size_t			 n;
};

static const char *
rcode_name(unsigned rcode)
{
	static const char *const	 names[] = {
		"no error", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP",
		"REFUSED"
	};

	return rcode < sizeof(names) / sizeof(names[0]) ? names[rcode] :
	    "an error";
}

/* RFC 8914 4: those codes by which a validator says that it did not verify */
static bool
is_bogus(int ede)
{
	return (ede >= 6 && ede <= 10) || ede == 12;
}

/* ---- what ldns made of it ---------------------------------------------- */

static struct str
rdf_str(const ldns_rr *rr, size_t i)
{
	const ldns_rdf	*f = ldns_rr_rdf(rr, i);

	if (f == NULL)
		return STR_NONE;
	return str_bytes(ldns_rdf_data(f), ldns_rdf_size(f));
}

static int
rdf_name(const ldns_rr *rr, size_t i, struct dname *name)
{
	struct str	 s = rdf_str(rr, i);

	return dname_from_wire(name, s.p, s.n);
}

static bool
is_of(const ldns_rr *rr, const struct dname *name, uint16_t type)
{
	const ldns_rdf	*owner = ldns_rr_owner(rr);
	struct dname	 d;

	return ldns_rr_get_type(rr) == (ldns_rr_type)type && owner != NULL &&
	    dname_from_wire(&d, ldns_rdf_data(owner),
	    ldns_rdf_size(owner)) == 0 && dname_equal(&d, name);
}

/* The first record of the name and type at or behind i; n_rrs if none. */
static size_t
find_from(const ldns_rr_list *l, size_t i, const struct dname *name,
    uint16_t type)
{
	size_t	 n = ldns_rr_list_rr_count(l);

	while (i < n && !is_of(ldns_rr_list_rr(l, i), name, type))
		i++;
	return i;
}

static void
lower_ttl(struct reading *r, uint32_t ttl_s)
{
	if (ttl_s < r->ttl_s)
		r->ttl_s = ttl_s;
}

/* ---- records ----------------------------------------------------------- */

/* A name as text, or empty where it could not be a host's. */
static struct str
take_name(struct reading *r, const ldns_rr *rr, size_t i)
{
	char		 text[DNAME_TEXT_MAX];
	struct dname	 name;

	if (rdf_name(rr, i, &name) == -1)
		return STR_NONE;
	return arena_str(r->scratch, dname_print(&name, text));
}

/* RFC 1035 3.3.14: strings of up to 255 octets, each behind its length */
static int
take_text(struct reading *r, const ldns_rr *rr, struct str *text)
{
	char		*p = arena_calloc(r->scratch, 1, NAME_RECORD_MAX);
	struct str	 s;
	size_t		 n = 0;

	for (size_t i = 0; i < ldns_rr_rd_count(rr); i++) {
		s = str_skip(rdf_str(rr, i), 1);
		if (p == NULL || s.n > NAME_RECORD_MAX - n)
			return -1;
		memcpy(p + n, s.p, s.n);
		n += s.n;
	}
	*text = str_bytes(p, n);
	return 0;
}

static int
take_tlsa(const ldns_rr *rr, struct record *rec)
{
	struct str	 usage = rdf_str(rr, 0), selector = rdf_str(rr, 1),
			 matching = rdf_str(rr, 2);

	if (usage.n != 1 || selector.n != 1 || matching.n != 1)
		return -1;
	rec->usage = (uint8_t)usage.p[0];
	rec->selector = (uint8_t)selector.p[0];
	rec->matching = (uint8_t)matching.p[0];
	rec->data = rdf_str(rr, 3);
	return rec->data.n != 0 && rec->data.n <= TLSA_DATA_MAX ? 0 : -1;
}

static int
take_mx(struct reading *r, const ldns_rr *rr, struct record *rec)
{
	struct str	 s = rdf_str(rr, 0);

	if (s.n != 2)
		return -1;
	rec->preference = (uint16_t)((uint8_t)s.p[0] << 8 |
	    (uint8_t)s.p[1]);
	rec->data = take_name(r, rr, 1);
	return rec->data.n != 0 ? 0 : -1;
}

/* -1: a record that we can make nothing of is left out, not the others. */
static int
take_record(struct reading *r, const ldns_rr *rr, struct record *rec)
{
	*rec = (struct record){ 0 };
	switch (r->question->type) {
	case DNS_A:
		rec->data = rdf_str(rr, 0);
		return rec->data.n == 4 ? 0 : -1;
	case DNS_AAAA:
		rec->data = rdf_str(rr, 0);
		return rec->data.n == 16 ? 0 : -1;
	case DNS_MX:
		return take_mx(r, rr, rec);
	case DNS_PTR:
		rec->data = take_name(r, rr, 0);
		return rec->data.n != 0 ? 0 : -1;
	case DNS_TXT:
		return take_text(r, rr, &rec->data);
	case DNS_TLSA:
		return take_tlsa(rr, rec);
	default:
		return -1;
	}
}

/* False when there are none of that name and type, usable or not. */
static bool
take_records(struct reading *r, const ldns_rr_list *l)
{
	uint16_t	 type = r->question->type;
	size_t		 n = ldns_rr_list_rr_count(l);
	const ldns_rr	*rr;
	bool		 found = false;

	for (size_t i = find_from(l, 0, &r->name, type); i < n;
	    i = find_from(l, i + 1, &r->name, type)) {
		found = true;
		rr = ldns_rr_list_rr(l, i);
		lower_ttl(r, ldns_rr_ttl(rr));
		if (r->n < PREPARSE_RECORDS_MAX &&
		    take_record(r, rr, &r->list[r->n]) == 0)
			r->n++;
	}
	return found;
}

/* ---- the chain --------------------------------------------------------- */

/* From alias to alias; -1 when there are too many, or they form a circle. */
static int
follow_aliases(struct reading *r, const ldns_rr_list *l)
{
	size_t		 n = ldns_rr_list_rr_count(l), i;
	const ldns_rr	*rr;

	for (unsigned hops = 0; hops <= ANSWER_ALIASES_MAX; hops++) {
		if (find_from(l, 0, &r->name, r->question->type) < n)
			return 0;
		if ((i = find_from(l, 0, &r->name, DNS_CNAME)) == n)
			return 0;
		rr = ldns_rr_list_rr(l, i);
		lower_ttl(r, ldns_rr_ttl(rr));
		if (rdf_name(rr, 0, &r->name) == -1)
			return -1;
	}
	return -1;
}

/*
 * How long nothing may be believed: as the SOA of the zone says (RFC 2308
 * 5), and without one not at all.
 */
static uint32_t
negative_ttl_s(const struct reading *r, const ldns_rr_list *l)
{
	const ldns_rr	*rr;
	struct dname	 zone;
	struct str	 owner;
	uint32_t	 ttl_s, minimum;

	for (size_t i = 0; i < ldns_rr_list_rr_count(l); i++) {
		rr = ldns_rr_list_rr(l, i);
		if (ldns_rr_get_type(rr) != LDNS_RR_TYPE_SOA ||
		    ldns_rr_owner(rr) == NULL || ldns_rr_rd_count(rr) != 7)
			continue;
		owner = str_bytes(ldns_rdf_data(ldns_rr_owner(rr)),
		    ldns_rdf_size(ldns_rr_owner(rr)));
		if (dname_from_wire(&zone, owner.p, owner.n) == -1 ||
		    !dname_is_within(&r->name, &zone))
			continue;
		minimum = ldns_rdf2native_int32(ldns_rr_rdf(rr, 6));
		ttl_s = ldns_rr_ttl(rr);
		if (minimum < ttl_s)
			ttl_s = minimum;
		if (r->ttl_s < ttl_s)
			ttl_s = r->ttl_s;
		return ttl_s < ANSWER_NEGATIVE_MAX_S ? ttl_s :
		    ANSWER_NEGATIVE_MAX_S;
	}
	return 0;
}

static struct answer *
read_packet(struct reading *r, const ldns_pkt *pkt, unsigned rcode)
{
	const ldns_rr_list	*answers = ldns_pkt_answer(pkt);
	const ldns_rr_list	*authority = ldns_pkt_authority(pkt);

	if (follow_aliases(r, answers) == -1)
		return answer_none(NAMES_FAILED, DNSSEC_FAILED,
		    ANSWER_FAILURE_S, "the chain of aliases does not end");
	if (rcode == RCODE_NXDOMAIN)
		return answer_none(NAMES_NO_DOMAIN, r->dnssec,
		    negative_ttl_s(r, authority), NULL);
	if (!take_records(r, answers))
		return answer_none(NAMES_NONE, r->dnssec,
		    negative_ttl_s(r, authority), NULL);
	return answer_new(r->dnssec, r->ttl_s, r->list, r->n);
}

/* ---- the packet -------------------------------------------------------- */

/* Without the additional section; NULL when ldns refuses it. */
static ldns_pkt *
to_ldns(const uint8_t *p, size_t authority_end)
{
	static uint8_t	 copy[PREPARSE_PACKET_MAX];
	ldns_pkt	*pkt;

	memcpy(copy, p, authority_end);
	copy[10] = copy[11] = 0;	/* ARCOUNT */
	if (ldns_wire2pkt(&pkt, copy, authority_end) != LDNS_STATUS_OK)
		return NULL;
	return pkt;
}

static struct answer *
failure_of(const struct preparse *x, bool trusted, const char *by)
{
	bool	 bogus = trusted && is_bogus(x->ede);

	return answer_none(NAMES_FAILED, bogus ? DNSSEC_BOGUS : DNSSEC_FAILED,
	    ANSWER_FAILURE_S, "name server %s answers %s%s", by,
	    rcode_name(x->rcode), bogus ? ": DNSSEC bogus" : "");
}

static bool
is_lack_of_edns(unsigned rcode)
{
	return rcode == RCODE_FORMERR || rcode == RCODE_NOTIMP ||
	    rcode == RCODE_BADVERS;
}

struct answer *
answer_parse(const struct question *q, const uint8_t *p, size_t n,
    bool trusted, const char *by, enum answer_verdict *verdict)
{
	static struct arena	 scratch = ARENA_INIT(SCRATCH_MAX);
	static struct reading	 r;
	enum preparse_result	 fault;
	struct preparse		 x;
	struct answer		*a;
	ldns_pkt		*pkt = NULL;

	*verdict = ANSWER_BAD;
	if ((fault = preparse(p, n, &x)) == PREPARSE_OK &&
	    x.rcode != RCODE_NOERROR && x.rcode != RCODE_NXDOMAIN) {
		if (is_lack_of_edns(x.rcode))
			*verdict = ANSWER_NO_EDNS;
		return failure_of(&x, trusted, by);
	}
	if (fault != PREPARSE_OK || packet_is_truncated(p) ||
	    (pkt = to_ldns(p, x.authority_end)) == NULL)
		return answer_none(NAMES_FAILED, DNSSEC_FAILED,
		    ANSWER_FAILURE_S, "name server %s sends a malformed "
		    "packet (%s)", by, fault != PREPARSE_OK ?
		    preparse_result_name(fault) : "not whole");
	r = (struct reading){
		.question = q, .name = q->name, .ttl_s = ANSWER_TTL_MAX_S,
		.dnssec = trusted && packet_has_ad(p) ? DNSSEC_SECURE :
		    DNSSEC_INSECURE,
		.scratch = &scratch,
	};
	a = read_packet(&r, pkt, x.rcode);
	if (a->result != NAMES_FAILED)
		*verdict = ANSWER_GOOD;
	ldns_pkt_free(pkt);
	arena_reset(&scratch);
	return a;
}
