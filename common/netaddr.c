/*
 * Addresses and blocks.  Owns nothing; text goes through the C library's
 * inet_pton and inet_ntop, which know the RFC 5952 forms.
 */
#include "netaddr.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <stdio.h>

static const uint8_t	mapped_prefix[12] = { [10] = 0xff, [11] = 0xff };

int
netaddr_from_bytes(struct netaddr *a, int family, const void *p)
{
	const uint8_t	*bytes = p;

	*a = (struct netaddr){ 0 };
	if (family == 6 && memcmp(bytes, mapped_prefix, 12) == 0) {
		bytes += 12;
		family = 4;
	}
	if (family != 4 && family != 6)
		return -1;
	a->family = (uint8_t)family;
	memcpy(a->bytes, bytes, family == 4 ? 4 : 16);
	return 0;
}

int
netaddr_from_sockaddr(struct netaddr *a, const struct sockaddr *sa,
    socklen_t len)
{
	struct sockaddr_in	 in4;
	struct sockaddr_in6	 in6;

	*a = (struct netaddr){ 0 };
	if (len < sizeof(sa->sa_family))
		return -1;
	if (sa->sa_family == AF_INET && len >= sizeof(in4)) {
		memcpy(&in4, sa, sizeof(in4));
		netaddr_from_bytes(a, 4, &in4.sin_addr);
		a->port = ntohs(in4.sin_port);
		return 0;
	}
	if (sa->sa_family == AF_INET6 && len >= sizeof(in6)) {
		memcpy(&in6, sa, sizeof(in6));
		netaddr_from_bytes(a, 6, &in6.sin6_addr);
		a->port = ntohs(in6.sin6_port);
		return 0;
	}
	return -1;
}

socklen_t
netaddr_to_sockaddr(const struct netaddr *a, struct sockaddr_storage *ss)
{
	struct sockaddr_in	 in4 = { .sin_family = AF_INET };
	struct sockaddr_in6	 in6 = { .sin6_family = AF_INET6 };

	memset(ss, 0, sizeof(*ss));
	if (a->family == 4) {
		in4.sin_port = htons(a->port);
		memcpy(&in4.sin_addr, a->bytes, 4);
		memcpy(ss, &in4, sizeof(in4));
		return sizeof(in4);
	}
	if (a->family == 6) {
		in6.sin6_port = htons(a->port);
		memcpy(&in6.sin6_addr, a->bytes, 16);
		memcpy(ss, &in6, sizeof(in6));
		return sizeof(in6);
	}
	return 0;
}

int
netaddr_parse(struct netaddr *a, struct str s)
{
	char	text[INET6_ADDRSTRLEN];
	uint8_t	bytes[16];

	*a = (struct netaddr){ 0 };
	/* inet_pton would take a NUL within s for its end */
	if (s.n == 0 || s.n >= sizeof(text) || memchr(s.p, '\0', s.n) != NULL)
		return -1;
	memcpy(text, s.p, s.n);
	text[s.n] = '\0';
	if (inet_pton(AF_INET, text, bytes) == 1)
		return netaddr_from_bytes(a, 4, bytes);
	if (inet_pton(AF_INET6, text, bytes) == 1)
		return netaddr_from_bytes(a, 6, bytes);
	return -1;
}

const char *
netaddr_print(const struct netaddr *a, char text[NETADDR_TEXT_MAX])
{
	int	af = a->family == 4 ? AF_INET : AF_INET6;

	if (a->family == 0 ||
	    inet_ntop(af, a->bytes, text, NETADDR_TEXT_MAX) == NULL)
		memcpy(text, "none", sizeof("none"));
	return text;
}

const char *
netaddr_print_port(const struct netaddr *a, char text[NETADDR_TEXT_MAX])
{
	char	host[NETADDR_TEXT_MAX];

	netaddr_print(a, host);
	/* the precision is never reached; it tells the compiler so */
	snprintf(text, NETADDR_TEXT_MAX,
	    a->family == 6 ? "[%.45s]:%u" : "%.45s:%u", host,
	    (unsigned)a->port);
	return text;
}

const char *
netaddr_print_literal(const struct netaddr *a, char text[NETADDR_TEXT_MAX])
{
	char	host[NETADDR_TEXT_MAX];

	netaddr_print(a, host);
	snprintf(text, NETADDR_TEXT_MAX,
	    a->family == 6 ? "[IPv6:%.45s]" : "[%.45s]", host);
	return text;
}

bool
netaddr_equal(const struct netaddr *a, const struct netaddr *b)
{
	return a->family != 0 && a->family == b->family &&
	    memcmp(a->bytes, b->bytes, a->family == 4 ? 4 : 16) == 0;
}

struct netblock
netaddr_subscriber(const struct netaddr *a)
{
	struct netblock	 b = { { .family = a->family },
	    a->family == 6 ? 64 : 32 };

	memcpy(b.addr.bytes, a->bytes, b.bits / 8);
	return b;
}

static bool
in_one_of(const struct netaddr *a, const struct netblock *blocks, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (netblock_match(&blocks[i], a))
			return true;
	return false;
}

#define V4(bits, ...)	{ { 4, { __VA_ARGS__ }, 0 }, (bits) }
#define V6(bits, ...)	{ { 6, { __VA_ARGS__ }, 0 }, (bits) }
#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))

bool
netaddr_is_loopback(const struct netaddr *a)
{
	static const struct netblock	loopback[] = {
		V4(8, 127),
		V6(128, [15] = 1),
	};

	return in_one_of(a, loopback, COUNT(loopback));
}

bool
netaddr_is_private(const struct netaddr *a)
{
	static const struct netblock	private[] = {
		V4(8, 10), V4(12, 172, 16), V4(16, 192, 168),	/* RFC 1918 */
		V4(10, 100, 64),		/* RFC 6598 */
		V4(16, 169, 254),		/* link-local, RFC 3927 */
		V6(7, 0xfc),			/* RFC 4193 */
		V6(10, 0xfe, 0x80),		/* link-local, RFC 4291 */
	};

	return in_one_of(a, private, COUNT(private));
}

bool
netaddr_is_unspecified(const struct netaddr *a)
{
	static const struct netblock	unspecified[] = {
		V4(8, 0),
		V6(128, 0),
	};

	return in_one_of(a, unspecified, COUNT(unspecified));
}

bool
netaddr_is_multicast(const struct netaddr *a)
{
	static const struct netblock	multicast[] = {
		V4(3, 224),	/* with 240/4, reserved, and broadcast */
		V6(8, 0xff),
	};

	return in_one_of(a, multicast, COUNT(multicast));
}

/* Clears all bits behind the prefix; true if one of them was set. */
static bool
clear_host_bits(struct netaddr *a, unsigned bits)
{
	size_t		size = a->family == 4 ? 4 : 16;
	uint8_t		keep;
	bool		set = false;

	for (size_t i = 0; i < size; i++, bits -= bits < 8 ? bits : 8) {
		keep = bits >= 8 ? 0xff : (uint8_t)(0xff00 >> bits);
		if ((a->bytes[i] & ~keep) != 0)
			set = true;
		a->bytes[i] &= keep;
	}
	return set;
}

/* One to three digits, no sign, no leading zero. */
static int
parse_bits(struct str s, unsigned max, uint8_t *bits)
{
	uint64_t	v;

	if (str_number(s, 3, &v) == -1 || (s.n > 1 && s.p[0] == '0'))
		return -1;
	*bits = (uint8_t)v;
	return v <= max ? 0 : -1;
}

int
netblock_parse(struct netblock *b, struct str s)
{
	const char	*slash;
	struct str	 addr = s;
	bool		 wide;

	*b = (struct netblock){ { 0 }, 0 };
	if (s.n != 0 && (slash = memchr(s.p, '/', s.n)) != NULL)
		addr.n = (size_t)(slash - s.p);
	if (netaddr_parse(&b->addr, addr) == -1)
		return -1;
	b->bits = b->addr.family == 4 ? 32 : 128;
	if (addr.n == s.n)
		return 0;
	/* a mapped block counts its prefix in 128 bits: refuse the riddle */
	wide = memchr(addr.p, ':', addr.n) != NULL;
	if ((wide && b->addr.family == 4) ||
	    parse_bits(str_skip(s, addr.n + 1), b->bits, &b->bits) == -1 ||
	    clear_host_bits(&b->addr, b->bits)) {
		*b = (struct netblock){ { 0 }, 0 };
		return -1;
	}
	return 0;
}

bool
netblock_match(const struct netblock *b, const struct netaddr *a)
{
	struct netaddr	net = *a;

	if (a->family == 0 || a->family != b->addr.family)
		return false;
	clear_host_bits(&net, b->bits);
	return netaddr_equal(&net, &b->addr);
}

const char *
netblock_print(const struct netblock *b, char text[NETADDR_TEXT_MAX])
{
	char	host[NETADDR_TEXT_MAX];

	netaddr_print(&b->addr, host);
	snprintf(text, NETADDR_TEXT_MAX, "%.45s/%u", host, (unsigned)b->bits);
	return text;
}
