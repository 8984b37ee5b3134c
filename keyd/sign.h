/*
 * The role that signs with the private keys of TLS.  Whoever asks may have
 * been broken into: it gets signatures of nothing but what a TLS server
 * signs in its handshake, with the keys of its own role's listeners, and not
 * more than its share.
 */
#ifndef SIGN_H
#define SIGN_H

#include "keyd.h"

extern const struct keyd_part	 sign_part;

void	 on_tls_sign(struct peer *, uint32_t id, const struct tls_sign *);
void	 on_certificate_ask(struct peer *, uint32_t id,
	    const struct certificate_ask *);
void	 on_ticket_key_ask(struct peer *, uint32_t id, const struct nothing *);

#endif
