/*
 * The question at RCPT, which may have to wait until next hops have said
 * which recipients they know.
 */
#ifndef VERIFY_CHECK_H
#define VERIFY_CHECK_H

#include "messages.h"
#include "peer.h"

void	 on_rcpt_check(struct peer *, uint32_t id, const struct rcpt_check *);
/* That smtpd is gone: what it has asked is not answered any more. */
void	 verify_check_peer_down(const struct peer *);

#endif
