/*
 * For tests: packets as name servers send them, put together record by
 * record.  Names are written out unless pk_pointer is used; nothing is
 * checked, so that bad packets can be made as well.
 */
#ifndef DNS_PACKET_H
#define DNS_PACKET_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "dname.h"
#include "question.h"

enum pk_section { PK_ANSWER = 6, PK_AUTHORITY = 8, PK_ADDITIONAL = 10 };

#define PK_QR	0x8000
#define PK_TC	0x0200
#define PK_AD	0x0020

struct pk {
	size_t	 n;
	uint8_t	 b[65600];
};

static inline void
pk_put(struct pk *p, const void *data, size_t n)
{
	memcpy(p->b + p->n, data, n);
	p->n += n;
}

static inline void
pk_u8(struct pk *p, unsigned v)
{
	p->b[p->n++] = (uint8_t)v;
}

static inline void
pk_u16(struct pk *p, unsigned v)
{
	pk_u8(p, v >> 8);
	pk_u8(p, v);
}

static inline void
pk_u32(struct pk *p, uint32_t v)
{
	pk_u16(p, v >> 16);
	pk_u16(p, v & 0xffff);
}

static inline void
pk_name(struct pk *p, const char *text)
{
	struct dname	 d;

	if (dname_parse(&d, str_of(text)) == -1)
		abort();
	pk_put(p, d.b, d.n);
}

static inline void
pk_pointer(struct pk *p, size_t at)
{
	pk_u16(p, 0xc000 | (unsigned)at);
}

/* One more record in that section; sections must come in their order. */
static inline void
pk_count(struct pk *p, enum pk_section s)
{
	unsigned	 n = (unsigned)p->b[s] << 8 | p->b[s + 1];

	n++;
	p->b[s] = (uint8_t)(n >> 8);
	p->b[s + 1] = (uint8_t)n;
}

static inline void
pk_start(struct pk *p, unsigned flags, const char *name, unsigned type)
{
	p->n = 0;
	pk_u16(p, 0x1234);
	pk_u16(p, flags);
	pk_u16(p, 1);
	pk_u16(p, 0);
	pk_u16(p, 0);
	pk_u16(p, 0);
	pk_name(p, name);
	pk_u16(p, type);
	pk_u16(p, DNS_CLASS_IN);
}

/* All of a record but its data; pk_end sets the data's length. */
static inline size_t
pk_head(struct pk *p, enum pk_section s, const char *owner, unsigned type,
    uint32_t ttl)
{
	pk_count(p, s);
	pk_name(p, owner);
	pk_u16(p, type);
	pk_u16(p, DNS_CLASS_IN);
	pk_u32(p, ttl);
	pk_u16(p, 0);
	return p->n;
}

static inline void
pk_end(struct pk *p, size_t data)
{
	p->b[data - 2] = (uint8_t)((p->n - data) >> 8);
	p->b[data - 1] = (uint8_t)(p->n - data);
}

static inline void
pk_rr(struct pk *p, enum pk_section s, const char *owner, unsigned type,
    uint32_t ttl, const void *data, size_t n)
{
	size_t	 at = pk_head(p, s, owner, type, ttl);

	pk_put(p, data, n);
	pk_end(p, at);
}

/* CNAME, NS, PTR */
static inline void
pk_to(struct pk *p, enum pk_section s, const char *owner, unsigned type,
    uint32_t ttl, const char *target)
{
	size_t	 at = pk_head(p, s, owner, type, ttl);

	pk_name(p, target);
	pk_end(p, at);
}

static inline void
pk_mx(struct pk *p, const char *owner, uint32_t ttl, unsigned preference,
    const char *target)
{
	size_t	 at = pk_head(p, PK_ANSWER, owner, DNS_MX, ttl);

	pk_u16(p, preference);
	pk_name(p, target);
	pk_end(p, at);
}

static inline void
pk_soa(struct pk *p, const char *zone, uint32_t ttl, uint32_t minimum)
{
	size_t	 at = pk_head(p, PK_AUTHORITY, zone, DNS_SOA, ttl);

	pk_name(p, "ns.example");
	pk_name(p, "hostmaster.example");
	for (int i = 0; i < 4; i++)
		pk_u32(p, 1);
	pk_u32(p, minimum);
	pk_end(p, at);
}

/* With an extended error (RFC 8914) when ede is not -1. */
static inline void
pk_opt(struct pk *p, unsigned upper_rcode, int ede)
{
	size_t	 at;

	pk_count(p, PK_ADDITIONAL);
	pk_u8(p, 0);
	pk_u16(p, DNS_OPT);
	pk_u16(p, 1232);
	pk_u32(p, (uint32_t)upper_rcode << 24);
	pk_u16(p, 0);
	at = p->n;
	if (ede != -1) {
		pk_u16(p, 15);
		pk_u16(p, 2);
		pk_u16(p, (unsigned)ede);
	}
	pk_end(p, at);
}

#endif
