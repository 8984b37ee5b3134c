/*
 * Signatures with the private keys of TLS.  Whoever asks may have been
 * broken into, so what is signed is nothing but what a TLS server signs in
 * its handshake.
 */
#ifndef SIGN_H
#define SIGN_H

#include <stdbool.h>

#include "peer.h"

/*
 * tbs has the form, to the octet, of a server's CertificateVerify (RFC 8446
 * 4.4.3) or ServerKeyExchange with ECDHE parameters (RFC 8422 5.4), and
 * scheme is one that its version of TLS signs it with, not with SHA-1.
 */
bool	 sign_is_handshake(uint16_t scheme, struct str tbs);

void	 on_tls_sign(struct peer *, uint32_t id, const struct tls_sign *);

#endif
