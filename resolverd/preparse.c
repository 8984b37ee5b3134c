/*
 * The walk.  struct walk is a reader with a sticky fault: after the first
 * one every step does nothing, so that the fault is looked at once.
 */
#include "preparse.h"

#include <stdbool.h>
#include <string.h>

#include "question.h"

#define POINTER		0xc0	/* the upper bits of a label's length */
#define OPTION_EDE	15	/* RFC 8914 2 */

struct walk {
	const uint8_t		*p;
	size_t			 n, at;
	enum preparse_result	 fault;
	bool			 seen_opt;
	struct preparse		*out;
};

struct record_head {
	uint16_t	 type, class;
	uint32_t	 ttl;
	size_t		 end;		/* of its data */
	bool		 is_root;	/* its owner */
};

/*
 * What may stand in the answer and authority sections, and the form of its
 * data: octets, then names, then octets, exactly so many or at least.
 */
enum rest { EXACTLY, AT_LEAST };
static const struct form {
	uint16_t	 type;
	size_t		 before;
	unsigned	 names;
	enum rest	 rest;
	size_t		 after;
} forms[] = {
	{ DNS_A,	0, 0, EXACTLY, 4 },
	{ DNS_NS,	0, 1, EXACTLY, 0 },
	{ DNS_CNAME,	0, 1, EXACTLY, 0 },
	{ DNS_SOA,	0, 2, EXACTLY, 20 },
	{ DNS_PTR,	0, 1, EXACTLY, 0 },
	{ DNS_MX,	2, 1, EXACTLY, 0 },
	{ DNS_TXT,	0, 0, AT_LEAST, 1 },
	{ DNS_AAAA,	0, 0, EXACTLY, 16 },
	{ DNS_DNAME,	0, 1, EXACTLY, 0 },
	{ DNS_DS,	4, 0, AT_LEAST, 1 },
	{ DNS_RRSIG,	18, 1, AT_LEAST, 1 },
	{ DNS_NSEC,	0, 1, AT_LEAST, 0 },
	{ DNS_DNSKEY,	4, 0, AT_LEAST, 1 },
	{ DNS_NSEC3,	5, 0, AT_LEAST, 1 },
	{ DNS_TLSA,	3, 0, AT_LEAST, 1 },
};

const char *
preparse_result_name(enum preparse_result r)
{
	static const char *const	 names[PREPARSE_RESULT_N] = {
		[PREPARSE_OK] = "ok", [PREPARSE_SHORT] = "short",
		[PREPARSE_LONG] = "long", [PREPARSE_QUESTION] = "question",
		[PREPARSE_RECORDS] = "records", [PREPARSE_NAME] = "name",
		[PREPARSE_POINTER] = "pointer", [PREPARSE_CLASS] = "class",
		[PREPARSE_TYPE] = "type", [PREPARSE_OPTION] = "option",
		[PREPARSE_LENGTH] = "length",
	};

	return names[r];
}

static void
set_fault(struct walk *w, enum preparse_result fault)
{
	if (w->fault == PREPARSE_OK)
		w->fault = fault;
}

static void
skip(struct walk *w, size_t n)
{
	if (w->fault != PREPARSE_OK)
		return;
	if (n > w->n - w->at)
		set_fault(w, PREPARSE_SHORT);
	else
		w->at += n;
}

static uint16_t
take_u16(struct walk *w)
{
	size_t	 at = w->at;

	skip(w, 2);
	if (w->fault != PREPARSE_OK)
		return 0;
	return (uint16_t)(w->p[at] << 8 | w->p[at + 1]);
}

/*
 * Each pointer must lead before everything of the name so far, so no circle
 * is possible; the hops are limited beside that, for the time they take.
 */
static size_t
follow_pointer(struct walk *w, size_t at, size_t lowest, unsigned hops)
{
	size_t	 target;

	if (w->n - at < 2) {
		set_fault(w, PREPARSE_SHORT);
		return 0;
	}
	target = (size_t)(w->p[at] & ~POINTER) << 8 | w->p[at + 1];
	if (target < DNS_HEADER || target >= lowest ||
	    hops > PREPARSE_HOPS_MAX)
		set_fault(w, PREPARSE_POINTER);
	return target;
}

/* Walks a name; its length when spelt out, 1 for the root. */
static size_t
take_name(struct walk *w)
{
	size_t		 at = w->at, lowest = w->at, len = 0, end = 0;
	unsigned	 hops = 0;
	uint8_t		 c;

	while (w->fault == PREPARSE_OK) {
		if (at >= w->n) {
			set_fault(w, PREPARSE_SHORT);
			break;
		}
		c = w->p[at];
		if ((c & POINTER) == POINTER) {
			if (hops++ == 0)
				end = at + 2;
			at = lowest = follow_pointer(w, at, lowest, hops);
			continue;
		}
		len += 1u + c;
		if (c > DNAME_LABEL_MAX || len > DNAME_MAX)
			set_fault(w, PREPARSE_NAME);
		at += 1u + c;
		if (c == 0)
			break;
	}
	if (w->fault == PREPARSE_OK)
		w->at = hops != 0 ? end : at;
	return len;
}

static struct record_head
take_head(struct walk *w)
{
	struct record_head	 h = { 0 };
	uint32_t		 upper;
	size_t			 rdlength;

	h.is_root = take_name(w) == 1;
	h.type = take_u16(w);
	h.class = take_u16(w);
	upper = take_u16(w);
	h.ttl = upper << 16 | take_u16(w);
	rdlength = take_u16(w);
	if (w->fault == PREPARSE_OK && rdlength > w->n - w->at)
		set_fault(w, PREPARSE_SHORT);
	h.end = w->at + rdlength;
	return h;
}

/* The options of OPT (RFC 6891 6.1.2); of all we want one code. */
static void
walk_opt(struct walk *w, const struct record_head *h)
{
	size_t		 option_end;
	uint16_t	 code, len;

	if (w->seen_opt || !h->is_root)
		set_fault(w, PREPARSE_OPTION);
	w->seen_opt = true;
	w->out->rcode |= (uint16_t)(h->ttl >> 24 << 4);
	while (w->fault == PREPARSE_OK && w->at < h->end) {
		if (h->end - w->at < 4) {
			set_fault(w, PREPARSE_OPTION);
			break;
		}
		code = take_u16(w);
		len = take_u16(w);
		if (len > h->end - w->at ||
		    (code == OPTION_EDE && len < 2)) {
			set_fault(w, PREPARSE_OPTION);
			break;
		}
		option_end = w->at + len;
		if (code == OPTION_EDE && w->out->ede == -1)
			w->out->ede = take_u16(w);
		w->at = option_end;
	}
}

static const struct form *
form_of(uint16_t type)
{
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		if (forms[i].type == type)
			return &forms[i];
	return NULL;
}

static void
walk_data(struct walk *w, const struct record_head *h)
{
	const struct form	*f = form_of(h->type);
	size_t			 left;

	if (f == NULL) {
		set_fault(w, PREPARSE_TYPE);
		return;
	}
	skip(w, f->before);
	for (unsigned i = 0; i < f->names; i++)
		take_name(w);
	if (w->fault != PREPARSE_OK)
		return;
	left = w->at <= h->end ? h->end - w->at : 0;
	if (w->at > h->end || left < f->after ||
	    (f->rest == EXACTLY && left != f->after))
		set_fault(w, PREPARSE_LENGTH);
	w->at = h->end;
}

static void
walk_record(struct walk *w, bool additional)
{
	struct record_head	 h = take_head(w);

	if (w->fault != PREPARSE_OK)
		return;
	if (h.type == DNS_OPT && additional) {
		walk_opt(w, &h);
		return;
	}
	if (h.type == DNS_TSIG)
		set_fault(w, PREPARSE_TYPE);
	if (h.type == DNS_OPT)
		set_fault(w, PREPARSE_OPTION);
	if (h.class != DNS_CLASS_IN)
		set_fault(w, PREPARSE_CLASS);
	if (!additional)
		walk_data(w, &h);	/* of the others nothing is read */
	else
		w->at = h.end;
}

static void
walk_question(struct walk *w)
{
	take_name(w);
	take_u16(w);
	if (take_u16(w) != DNS_CLASS_IN)
		set_fault(w, PREPARSE_CLASS);
}

static void
walk_sections(struct walk *w, unsigned n_first, unsigned n_additional)
{
	for (unsigned i = 0; i < n_first && w->fault == PREPARSE_OK; i++)
		walk_record(w, false);
	w->out->authority_end = w->at;
	for (unsigned i = 0; i < n_additional && w->fault == PREPARSE_OK; i++)
		walk_record(w, true);
	if (w->fault == PREPARSE_OK && w->at != w->n)
		set_fault(w, PREPARSE_LONG);
}

enum preparse_result
preparse(const uint8_t *p, size_t n, struct preparse *out)
{
	struct walk	 w = { p, n, 4, PREPARSE_OK, false, out };
	unsigned	 questions, first, additional;

	*out = (struct preparse){ 0, -1, 0 };
	if (n < DNS_HEADER)
		return PREPARSE_SHORT;
	if (n > PREPARSE_PACKET_MAX)
		return PREPARSE_LONG;
	out->rcode = p[3] & 0xf;
	questions = take_u16(&w);
	first = take_u16(&w);
	first += take_u16(&w);
	additional = take_u16(&w);
	if (questions != 1)
		return PREPARSE_QUESTION;
	if (first + additional > PREPARSE_RECORDS_MAX)
		return PREPARSE_RECORDS;
	walk_question(&w);
	walk_sections(&w, first, additional);
	return w.fault;
}
