/*
 * For tests: a name server on loopback, by UDP and TCP on one port, in the
 * loop of the test.  It answers from a list of records, or behaves as badly
 * as it is told.
 */
#ifndef DNS_FAKE_H
#define DNS_FAKE_H

#include <sys/socket.h>

#include <event2/event.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "dns_packet.h"
#include "netaddr.h"
#include "preparse.h"

#define FAKE_UDP_MAX	1200	/* longer answers are truncated */

/* A record in text: "10 mx.example", "192.0.2.1", hex for TLSA. */
struct fake_record {
	const char	*name;
	unsigned	 type;
	const char	*data;
	uint32_t	 ttl;
};

enum fake_mode {
	FAKE_NORMAL,
	FAKE_SILENT,
	FAKE_SERVFAIL,
	FAKE_NO_EDNS,		/* FORMERR to questions with OPT */
	FAKE_TRUNCATED,		/* by UDP: half of it, with TC */
	FAKE_WRONG_ID,		/* a forged answer first, then its own */
	FAKE_WRONG_CASE,
	FAKE_WRONG_TYPE,
	FAKE_NOT_ANSWER,	/* the question sent back */
	FAKE_FORGERY_ONLY,	/* none of its own by UDP, many forged */
	FAKE_MALFORMED,
	FAKE_TCP_CLOSES		/* truncated, and TCP ends at once */
};

struct fake {
	struct event_base	*base;
	int			 udp, tcp;
	struct event		*udp_event, *tcp_event;
	struct netaddr		 addr;
	enum fake_mode		 mode;
	bool			 ad;		/* sets AD in all answers */
	unsigned		 n_udp, n_tcp;	/* questions that came */
	unsigned		 servfail_type;	/* SERVFAIL to this type */
	unsigned		 silent_type;	/* nothing by UDP to this */
	const struct fake_record *records;	/* ends with a NULL name */
	uint16_t		 ports[64];	/* of the last questions */
	uint16_t		 ids[64];
};

/* ---- answers ----------------------------------------------------------- */

static inline void
fake_put_hex(struct pk *p, const char *hex)
{
	unsigned	 v;

	for (; sscanf(hex, "%2x", &v) == 1; hex += 2)
		pk_u8(p, v);
}

static inline void
fake_put_data(struct pk *p, const struct fake_record *r)
{
	uint8_t	 b[16];

	switch (r->type) {
	case DNS_A:
		inet_pton(AF_INET, r->data, b);
		pk_put(p, b, 4);
		break;
	case DNS_AAAA:
		inet_pton(AF_INET6, r->data, b);
		pk_put(p, b, 16);
		break;
	case DNS_MX:
		pk_u16(p, (unsigned)atoi(r->data));
		pk_name(p, strchr(r->data, ' ') + 1);
		break;
	case DNS_TXT:
		pk_u8(p, (unsigned)strlen(r->data));
		pk_put(p, r->data, strlen(r->data));
		break;
	case DNS_TLSA:
		fake_put_hex(p, r->data);
		break;
	default:
		pk_name(p, r->data);
	}
}

/* Follows aliases; what was not found is denied with an SOA of the root. */
static inline void
fake_answer(const struct fake *f, struct pk *p, const struct dname *asked,
    unsigned type)
{
	struct dname	 name = *asked, owner;
	bool		 exists = false, found = false, again;
	size_t		 at;

	do {
		again = false;
		for (const struct fake_record *r = f->records;
		    r != NULL && r->name != NULL && !again; r++) {
			dname_parse(&owner, str_of(r->name));
			if (!dname_equal(&owner, &name))
				continue;
			exists = true;
			if (r->type != type && r->type != DNS_CNAME)
				continue;
			at = pk_head(p, PK_ANSWER, r->name, r->type, r->ttl);
			fake_put_data(p, r);
			pk_end(p, at);
			found |= r->type == type;
			if (r->type == DNS_CNAME && type != DNS_CNAME) {
				dname_parse(&name, str_of(r->data));
				again = true;
				exists = false;
			}
		}
	} while (again);
	if (!found)
		pk_soa(p, ".", 60, 60);
	if (!exists)
		p->b[3] |= 3;
}

static inline unsigned
fake_type(const uint8_t *q, size_t n)
{
	size_t	 end = DNS_HEADER;

	while (end < n && q[end] != 0)
		end += 1u + q[end];
	return (unsigned)q[end + 1] << 8 | q[end + 2];
}

/* An answer to the question in q; its name and case are repeated. */
static inline void
fake_make(const struct fake *f, const uint8_t *q, size_t n, bool tcp,
    struct pk *p)
{
	struct dname	 name;
	size_t		 end = DNS_HEADER;
	unsigned	 type;

	while (end < n && q[end] != 0)
		end += 1u + q[end];
	end++;
	if (dname_from_wire(&name, q + DNS_HEADER, end - DNS_HEADER) == -1)
		abort();
	type = (unsigned)q[end] << 8 | q[end + 1];
	p->n = 0;
	pk_put(p, q, end + 4);
	memset(p->b + 6, 0, 6);
	p->b[2] = 0x81;
	p->b[3] = 0x80 | (f->ad ? PK_AD : 0);
	if (f->mode == FAKE_SERVFAIL || type == f->servfail_type)
		p->b[3] |= 2;
	else if (f->mode == FAKE_NO_EDNS && q[11] != 0)
		p->b[3] |= 1;
	else if (!tcp && (f->mode == FAKE_TRUNCATED ||
	    f->mode == FAKE_TCP_CLOSES))
		p->b[2] |= PK_TC >> 8;
	else
		fake_answer(f, p, &name, type);
	if (!tcp && p->n > FAKE_UDP_MAX) {
		p->n = end + 4;
		memset(p->b + 6, 0, 6);
		p->b[2] |= PK_TC >> 8;
	}
	if (f->mode == FAKE_MALFORMED)
		pk_u8(p, 0);
	else if (q[11] != 0 && f->mode != FAKE_NO_EDNS)
		pk_opt(p, 0, -1);
}

/* ---- sockets ----------------------------------------------------------- */

static inline void
fake_send(const struct fake *f, const struct pk *p,
    const struct sockaddr_in *to)
{
	(void)!sendto(f->udp, p->b, p->n, 0, (const struct sockaddr *)to,
	    sizeof(*to));
}

/* What a forger might try, with an address that must not be believed. */
static inline void
fake_forge(const struct fake *f, const struct pk *good, enum fake_mode mode,
    const struct sockaddr_in *to)
{
	static struct pk	 bad;
	size_t			 type_at = DNS_HEADER;

	bad = *good;
	while (bad.b[type_at] != 0)
		type_at += 1u + bad.b[type_at];
	switch (mode) {
	case FAKE_WRONG_ID:
		bad.b[1] ^= 1;
		break;
	case FAKE_WRONG_CASE:
		bad.b[DNS_HEADER + 1] ^= 0x20;
		break;
	case FAKE_WRONG_TYPE:
		bad.b[type_at + 2] ^= 1;
		break;
	default:
		bad.b[2] = (uint8_t)(bad.b[2] & ~0x80);
	}
	bad.b[3] = (uint8_t)((bad.b[3] & ~0xf) | 3);
	fake_send(f, &bad, to);
}

static inline void
fake_on_udp(evutil_socket_t fd, short what, void *arg)
{
	static struct pk	 p;
	struct fake		*f = arg;
	struct sockaddr_in	 from;
	socklen_t		 len = sizeof(from);
	uint8_t			 q[512];
	ssize_t			 n;

	(void)what;
	n = recvfrom(fd, q, sizeof(q), 0, (struct sockaddr *)&from, &len);
	if (n < DNS_HEADER)
		return;
	f->ports[f->n_udp % 64] = from.sin_port;
	memcpy(&f->ids[f->n_udp % 64], q, 2);
	f->n_udp++;
	if (f->mode == FAKE_SILENT ||
	    (f->silent_type != 0 && fake_type(q, (size_t)n) == f->silent_type))
		return;
	fake_make(f, q, (size_t)n, false, &p);
	if (f->mode == FAKE_FORGERY_ONLY) {
		for (int i = 0; i < 150; i++)
			fake_forge(f, &p, FAKE_WRONG_ID, &from);
		return;
	}
	if (f->mode >= FAKE_WRONG_ID && f->mode <= FAKE_NOT_ANSWER)
		for (int i = 0; i < 20; i++)
			fake_forge(f, &p, f->mode, &from);
	fake_send(f, &p, &from);
}

struct fake_connection {
	struct fake	*fake;
	int		 fd;
};

static inline void
fake_on_tcp(evutil_socket_t fd, short what, void *arg)
{
	static struct pk	 p;
	struct fake_connection	*c = arg;
	uint8_t			 q[514], length[2];
	ssize_t			 n = read(fd, q, sizeof(q));

	(void)what;
	if (n > DNS_HEADER + 2) {
		fake_make(c->fake, q + 2, (size_t)n - 2, true, &p);
		length[0] = (uint8_t)(p.n >> 8);
		length[1] = (uint8_t)p.n;
		/* in pieces, as networks do */
		(void)!write(fd, length, 1);
		(void)!write(fd, length + 1, 1);
		(void)!write(fd, p.b, p.n);
	}
	close(fd);
	free(c);
}

static inline void
fake_on_accept(evutil_socket_t fd, short what, void *arg)
{
	struct fake		*f = arg;
	struct fake_connection	*c = malloc(sizeof(*c));

	(void)what;
	c->fake = f;
	c->fd = accept(fd, NULL, NULL);
	f->n_tcp++;
	if (f->mode == FAKE_TCP_CLOSES) {
		close(c->fd);
		free(c);
		return;
	}
	event_base_once(f->base, c->fd, EV_READ, fake_on_tcp, c, NULL);
}

/* UDP and TCP on one port that is free for both. */
static inline void
fake_open(struct fake *f, struct event_base *base)
{
	struct sockaddr_in	 sin;
	socklen_t		 len = sizeof(sin);

	*f = (struct fake){ .base = base };
	for (;;) {
		sin = (struct sockaddr_in){ .sin_family = AF_INET,
		    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
		f->udp = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
		f->tcp = socket(AF_INET, SOCK_STREAM, 0);
		if (bind(f->udp, (struct sockaddr *)&sin, len) == -1 ||
		    getsockname(f->udp, (struct sockaddr *)&sin, &len) == -1)
			abort();
		if (bind(f->tcp, (struct sockaddr *)&sin, len) == 0 &&
		    listen(f->tcp, 16) == 0)
			break;
		close(f->udp);
		close(f->tcp);
	}
	netaddr_from_sockaddr(&f->addr, (struct sockaddr *)&sin, len);
	f->udp_event = event_new(base, f->udp, EV_READ | EV_PERSIST,
	    fake_on_udp, f);
	f->tcp_event = event_new(base, f->tcp, EV_READ | EV_PERSIST,
	    fake_on_accept, f);
	event_add(f->udp_event, NULL);
	event_add(f->tcp_event, NULL);
}

static inline void
fake_close(struct fake *f)
{
	event_free(f->udp_event);
	event_free(f->tcp_event);
	close(f->udp);
	close(f->tcp);
}

#endif
