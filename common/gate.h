/*
 * The gate of peer.c: may this frame, from this peer, be handled here?
 */
#ifndef GATE_H
#define GATE_H

#include "peer.h"

/*
 * ACCEPTED with the payload decoded into out (lists in the peer's arena) and,
 * for an answer, who asked; or why not.  Counts the requests that it lets
 * through and takes out those that are answered.
 */
enum verdict	 gate_check(struct peer *, const struct frame *,
		    union payload *out, void **asker);

#endif
