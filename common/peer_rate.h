/*
 * A bucket for each channel, in its peer's data: what a role does for one is
 * limited, whoever else asks.
 */
#ifndef PEER_RATE_H
#define PEER_RATE_H

#include <stdbool.h>

#include "bucket.h"
#include "peer.h"

/* With the peer and with its end, as struct proc_ops tells them. */
void	 peer_rate_up(struct peer *);
void	 peer_rate_down(struct peer *);
/* Takes n tokens, or none and says false; any number without a bucket. */
bool	 peer_rate_take(struct peer *, const struct bucket_rate *,
	    uint32_t n);

#endif
