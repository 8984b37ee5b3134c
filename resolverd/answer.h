/*
 * What is known of a question: its records, or why there are none.  Made
 * from a packet, in one piece of memory, shared by count between the cache
 * and whoever works with it.
 *
 * Of a packet only the chain of the question is used: the CNAMEs that lead
 * from its name, at most ANSWER_ALIASES_MAX, the records of its type at
 * their end, and for a negative answer the SOA above that end.  What else a
 * server volunteers is not looked at.
 */
#ifndef ANSWER_H
#define ANSWER_H

#include <stddef.h>
#include <stdint.h>

#include "messages.h"
#include "str.h"

#include "preparse.h"
#include "question.h"

#define ANSWER_ALIASES_MAX	8	/* CNAMEs, one behind the other */
#define ANSWER_TTL_MAX_S	86400	/* no answer is worth more */
#define ANSWER_NEGATIVE_MAX_S	10800	/* RFC 2308 5: three hours */
#define ANSWER_FAILURE_S	5	/* RFC 2308 7: at most five minutes */
#define ANSWER_WHY_MAX		256

/* A record's data, by the type of the question. */
struct record {
	uint16_t	 preference;			/* MX */
	uint8_t		 usage, selector, matching;	/* TLSA */
	struct str	 data;	/* A, AAAA, TLSA, TXT (its strings put
				 * together): octets; MX, PTR: the name as
				 * text, "." is the root */
};

struct answer {
	unsigned		 refs;
	enum names_result	 result;	/* never NAMES_NULL_MX */
	enum dnssec		 dnssec;
	uint64_t		 expires_ms;	/* by clock_ms */
	size_t			 size;		/* octets of memory */
	struct str		 why;		/* of a failure, for people */
	/* may be 0 with NAMES_OK: there are some, but none usable */
	size_t			 n_records;
	struct record		 records[];	/* in the packet's order */
};

/* How a packet was understood: whether the next server is to be asked. */
enum answer_verdict {
	ANSWER_GOOD,		/* records, or none for sure */
	ANSWER_NO_EDNS,		/* it does not understand EDNS */
	ANSWER_BAD		/* malformed, SERVFAIL, REFUSED ... */
};

/*
 * From a packet that is an answer to that question (packet_is_answer); one
 * that is truncated is of no use.  trusted: its AD bit is believed; by: who
 * sent it, for why.  Never NULL; bad packets give a failure.  The caller's
 * reference.
 */
struct answer	*answer_parse(const struct question *, const uint8_t *,
		    size_t n, bool trusted, const char *by,
		    enum answer_verdict *);

/* Without records, good for ttl_s; why as printf makes it, or NULL. */
struct answer	*answer_none(enum names_result, enum dnssec, uint32_t ttl_s,
		    const char *why, ...)
		    __attribute__((format(printf, 4, 5)));
/* A copy of these records. */
struct answer	*answer_new(enum dnssec, uint32_t ttl_s,
		    const struct record *, size_t n);

struct answer	*answer_ref(struct answer *);
void		 answer_unref(struct answer **);	/* NULL is nothing */
/* Seconds until it expires, 0 when that is over. */
uint32_t	 answer_ttl_s(const struct answer *);

#endif
