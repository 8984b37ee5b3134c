/*
 * Packets out, written octet by octet (RFC 1035 4.1, RFC 6891 6.1.2), and
 * the match of packets in.
 */
#include "packet.h"

#include <string.h>

#include <sodium.h>

/* the second 16 bits of the header, RFC 1035 4.1.1 and RFC 4035 */
#define FLAG_QR		0x80	/* of the first octet */
#define FLAG_OPCODE	0x78
#define FLAG_TC		0x02
#define FLAG_RD		0x01
#define FLAG_AD		0x20	/* of the second */

static void
put_u16(struct packet *p, unsigned v)
{
	p->b[p->n++] = (uint8_t)(v >> 8);
	p->b[p->n++] = (uint8_t)v;
}

/* One random bit for each octet of the name decides the case of a letter. */
static void
put_name(struct packet *p, const struct dname *name, const uint8_t *bits)
{
	uint8_t	 c;

	for (size_t i = 0; i < name->n; i++) {
		c = name->b[i];
		if (c >= 'a' && c <= 'z' && (bits[i / 8] >> i % 8 & 1))
			c = (uint8_t)(c - ('a' - 'A'));
		p->b[p->n++] = c;
	}
}

static void
put_opt(struct packet *p)
{
	static const uint8_t	 opt[PACKET_OPT] = {
		0, 0, DNS_OPT, PACKET_UDP_MAX >> 8, PACKET_UDP_MAX & 0xff,
		0, 0, 0x80, 0,		/* DO, RFC 3225 3 */
		0, 0
	};

	memcpy(p->b + p->n, opt, sizeof(opt));
	p->n += sizeof(opt);
}

void
packet_ask(struct packet *p, const struct question *q, bool edns)
{
	uint8_t	 random[2 + (DNAME_MAX + 7) / 8];

	randombytes_buf(random, sizeof(random));
	p->n = 0;
	p->b[p->n++] = random[0];
	p->b[p->n++] = random[1];
	p->b[p->n++] = FLAG_RD;
	p->b[p->n++] = FLAG_AD;
	put_u16(p, 1);
	put_u16(p, 0);
	put_u16(p, 0);
	put_u16(p, edns ? 1 : 0);
	put_name(p, &q->name, random + 2);
	put_u16(p, q->type);
	put_u16(p, DNS_CLASS_IN);
	p->question_end = p->n;
	if (edns)
		put_opt(p);
}

bool
packet_is_answer(const struct packet *p, const uint8_t *b, size_t n)
{
	static const uint8_t	 one_question[2] = { 0, 1 };

	return n >= p->question_end && memcmp(b, p->b, 2) == 0 &&
	    (b[2] & FLAG_QR) != 0 && (b[2] & FLAG_OPCODE) == 0 &&
	    memcmp(b + 4, one_question, 2) == 0 &&
	    memcmp(b + DNS_HEADER, p->b + DNS_HEADER,
	    p->question_end - DNS_HEADER) == 0;
}

bool
packet_is_truncated(const uint8_t *b)
{
	return (b[2] & FLAG_TC) != 0;
}

bool
packet_has_ad(const uint8_t *b)
{
	return (b[3] & FLAG_AD) != 0;
}
