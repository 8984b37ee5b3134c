/*
 * Taking mail from smtpd: files for large bodies, the message itself.  (Which
 * recipients: verify_check.h.)  What an smtpd may do follows from the channel
 * it came by; whatever it says of itself is checked again when the message
 * comes.
 */
#ifndef SUBMIT_H
#define SUBMIT_H

#include "messages.h"
#include "peer.h"

#include "router.h"

void	 submit_peer_up(struct peer *);		/* of SMTPD_ANY */
void	 submit_peer_down(struct peer *);

/* Whether new mail can be taken at all, and if not, why. */
enum store_result submit_accepts(const struct peer *);
/* Strangers have none: an mx worker that speaks of one was broken into, and
 * is reported.  True for that. */
bool	 submit_claims_account(struct peer *, struct str account);
/*
 * A session may outlive its listener, which went in a reload.  Whether it
 * might relay cannot be told any more, which is no reason to fail its mail.
 */
void	 submit_soften(const struct origin_of *, struct rcpt_answer *);

void	 on_large_open(struct peer *, uint32_t id, const struct nothing *);
void	 on_large_drop(struct peer *, uint32_t id, const struct large_drop *);
void	 on_mail_submit(struct peer *, uint32_t id, const struct mail_submit *);
void	 on_mail_ask(struct peer *, uint32_t id, const struct mail_ask *);

#endif
