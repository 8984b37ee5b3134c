/*
 * Certificates as the configuration has them: the host's own and the issuers
 * behind it, in PEM; and which keys we serve.  For those who show them and
 * for the one who has their keys.
 */
#ifndef TLS_CHAIN_H
#define TLS_CHAIN_H

#include <openssl/x509.h>

#include "str.h"

/*
 * The certificates in pem in their order, the host's own first and at least
 * that; the caller frees all.  NULL with *why when it cannot be read.
 */
STACK_OF(X509)	*tls_chain_read(struct str pem, const char **why);
void		 tls_chain_free(STACK_OF(X509) *);

/*
 * "RSA", "EC" or "ED25519" for a key that we serve with: RSA of 2048 to 4096
 * bits, P-256, P-384, P-521 or Ed25519.  NULL for every other.
 */
const char	*tls_key_kind(EVP_PKEY *);

#endif
