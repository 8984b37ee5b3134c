/*
 * Network addresses and blocks of them, of either family.  An IPv4-mapped
 * IPv6 address (RFC 4291 2.5.5.2) becomes IPv4 wherever an address enters,
 * so that no list of ours can be passed by in the other spelling.
 */
#ifndef NETADDR_H
#define NETADDR_H

#include <sys/socket.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "str.h"

/* "[IPv6:", 45 octets of address, "]", ":65535" and a NUL, rounded up */
#define NETADDR_TEXT_MAX	64

struct netaddr {
	uint8_t		family;		/* 0 none, 4, 6 */
	uint8_t		bytes[16];	/* network order; 4 used for family 4 */
	uint16_t	port;		/* host order, 0: none */
};

struct netblock {
	struct netaddr	addr;
	uint8_t		bits;		/* 0-32 or 0-128 */
};

/*
 * From the octets of an A (family 4) or AAAA (family 6) record, in network
 * order.  -1 for another family.
 */
int	netaddr_from_bytes(struct netaddr *, int family, const void *);
/* -1, and family 0, when it is neither AF_INET nor AF_INET6, or too short. */
int	netaddr_from_sockaddr(struct netaddr *, const struct sockaddr *,
	    socklen_t);
/* The length of what was filled in; 0 for family 0. */
socklen_t netaddr_to_sockaddr(const struct netaddr *,
	    struct sockaddr_storage *);

/*
 * "192.0.2.1" or "2001:db8::1", all of it: no brackets, port or zone.  The
 * port is set to 0.  -1, and family 0, when it is something else.
 */
int	netaddr_parse(struct netaddr *, struct str);

/* All three write a NUL-terminated text and return it; family 0 is "none". */
const char *netaddr_print(const struct netaddr *, char[NETADDR_TEXT_MAX]);
/* "192.0.2.1:25", "[2001:db8::1]:25" */
const char *netaddr_print_port(const struct netaddr *,
	    char[NETADDR_TEXT_MAX]);
/* "[192.0.2.1]", "[IPv6:2001:db8::1]": RFC 5321 4.1.3 */
const char *netaddr_print_literal(const struct netaddr *,
	    char[NETADDR_TEXT_MAX]);

/* The same host; ports are not looked at.  Family 0 equals nothing. */
bool	netaddr_equal(const struct netaddr *, const struct netaddr *);

/*
 * Who is behind it, as far as limits go: the IPv4 address itself, or the
 * IPv6 /64, which is what one subscriber gets.
 */
struct netblock netaddr_subscriber(const struct netaddr *);

bool	netaddr_is_loopback(const struct netaddr *);
/* The networks of RFC 1918, RFC 4193, link-local ones and RFC 6598. */
bool	netaddr_is_private(const struct netaddr *);
/* 0.0.0.0/8 and "::": connecting there would reach ourselves */
bool	netaddr_is_unspecified(const struct netaddr *);
/* Multicast, broadcast and reserved ones: nobody answers SMTP there. */
bool	netaddr_is_multicast(const struct netaddr *);

/*
 * "192.0.2.0/24", "2001:db8::/32"; without a slash, one address.  -1 on bad
 * syntax, or when bits are set behind the prefix: "192.0.2.1/24" is as
 * likely a slip for /32 as for the network.
 */
int	netblock_parse(struct netblock *, struct str);
bool	netblock_match(const struct netblock *, const struct netaddr *);
const char *netblock_print(const struct netblock *, char[NETADDR_TEXT_MAX]);

#endif
