/*
 * A question of the DNS: a name and a type, class IN.  It is the key of the
 * cache and of what is in flight, hashed with a key of this process, so that
 * nobody outside can choose names that collide.
 */
#ifndef QUESTION_H
#define QUESTION_H

#include <stdbool.h>
#include <stdint.h>

#include "netaddr.h"
#include "str.h"

#include "dname.h"

/* RFC 1035 3.2.2 and later; those that we ask for or walk over */
enum dns_type {
	DNS_A = 1, DNS_NS = 2, DNS_CNAME = 5, DNS_SOA = 6, DNS_PTR = 12,
	DNS_MX = 15, DNS_TXT = 16, DNS_AAAA = 28, DNS_DNAME = 39,
	DNS_OPT = 41, DNS_DS = 43, DNS_RRSIG = 46, DNS_NSEC = 47,
	DNS_DNSKEY = 48, DNS_NSEC3 = 50, DNS_TLSA = 52, DNS_TSIG = 250
};
#define DNS_CLASS_IN	1

struct question {
	uint16_t	 type;
	struct dname	 name;
};

/* All three: -1 when what is given makes no name. */
int	question_of(struct question *, enum dns_type, struct str name);
/* RFC 6698 3: the TLSA records of a TCP port */
int	question_tlsa(struct question *, struct str host, uint16_t port);
/* RFC 1035 3.5, RFC 3596 2.5: the names of an address */
int	question_reverse(struct question *, const struct netaddr *);

bool	question_equal(const struct question *, const struct question *);
uint64_t question_hash(const struct question *);
const char *question_type_name(uint16_t type);	/* "MX"; "?" */

#endif
