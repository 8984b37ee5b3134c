/*
 * Taking mail from smtpd: which recipients, files for large bodies, the
 * message itself.  What an smtpd may do follows from the channel it came by;
 * whatever it says of itself is checked again when the message comes.
 */
#ifndef SUBMIT_H
#define SUBMIT_H

#include "messages.h"
#include "peer.h"

void	 submit_peer_up(struct peer *);		/* of SMTPD_ANY */
void	 submit_peer_down(struct peer *);

void	 on_rcpt_check(struct peer *, uint32_t id, const struct rcpt_check *);
void	 on_large_open(struct peer *, uint32_t id, const struct nothing *);
void	 on_large_drop(struct peer *, uint32_t id, const struct large_drop *);
void	 on_mail_submit(struct peer *, uint32_t id, const struct mail_submit *);
void	 on_mail_ask(struct peer *, uint32_t id, const struct mail_ask *);

#endif
