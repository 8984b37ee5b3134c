/*
 * One try: a packet to one name server, and its answer.  By UDP from a
 * socket of its own, so that the kernel picks a fresh random port and takes
 * nothing from anyone but that server; or by TCP.  Packets that do not
 * answer are passed over.  Has no time-out: whoever began it stops it.
 */
#ifndef EXCHANGE_H
#define EXCHANGE_H

#include <event2/event.h>
#include <event2/event_struct.h>

#include "io.h"
#include "netaddr.h"

#include "packet.h"

/* wrong packets on one socket: somebody is guessing, so ask by TCP */
#define EXCHANGE_WRONG_MAX	100

enum exchange_result {
	EXCHANGE_ANSWERED,	/* may still be truncated */
	EXCHANGE_REFUSED,	/* no server there, or the connection ended */
	EXCHANGE_GUESSED	/* EXCHANGE_WRONG_MAX */
};

/* The packet is borrowed until it returns; the exchange is over by then. */
typedef void (*exchange_done)(void *arg, enum exchange_result,
	    const uint8_t *, size_t n);

struct exchange {
	const struct packet	*packet;
	exchange_done		 done;
	void			*arg;
	int			 fd;		/* UDP; -1: none */
	unsigned		 wrong;
	struct event		 readable;
	struct io		*io;		/* TCP */
};

/* Idle, so that exchange_stop may be called. */
void	 exchange_init(struct exchange *, exchange_done, void *arg);
/*
 * Sends it (the packet is borrowed until the exchange is over).  done comes
 * later; -1 when it could not even be sent: then done does not come.
 */
int	 exchange_udp(struct exchange *, struct event_base *,
	    const struct packet *, const struct netaddr *server);
/* The same by TCP, which needs io_setup. */
int	 exchange_tcp(struct exchange *, const struct packet *,
	    const struct netaddr *server);
/* Over: nothing comes any more. */
void	 exchange_stop(struct exchange *);

#endif
