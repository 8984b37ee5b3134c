/*
 * A question as it goes to a name server, and whether what comes back is an
 * answer to just that packet.  An off-path forger has to guess the id, the
 * case of every letter in the name (0x20), and the port of the socket.
 */
#ifndef PACKET_H
#define PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "preparse.h"
#include "question.h"

#define PACKET_UDP_MAX	1232	/* asked for in EDNS: never fragmented */
#define PACKET_OPT	11	/* an OPT record without options */
#define PACKET_MAX	(DNS_HEADER + DNAME_MAX + 4 + PACKET_OPT)

struct packet {
	size_t	 n;
	size_t	 question_end;
	uint8_t	 b[PACKET_MAX];
};

/*
 * A fresh packet: random id, letters in random case, recursion desired, AD
 * (we understand it, RFC 6840 5.7), and with edns an OPT record with DO.
 */
void	 packet_ask(struct packet *, const struct question *, bool edns);

/*
 * A response, to this id, with the question repeated octet by octet.  What
 * else is in it, nobody has looked at yet.
 */
bool	 packet_is_answer(const struct packet *, const uint8_t *, size_t n);

/* Of packets that are answers. */
bool	 packet_is_truncated(const uint8_t *);
bool	 packet_has_ad(const uint8_t *);

#endif
