/*
 * A certificate that a host has made for itself: good to encrypt with, and
 * for nothing else.
 */
#ifndef TLS_SELF_H
#define TLS_SELF_H

#include <openssl/x509.h>

#include "str.h"

/*
 * The key of this process's own certificate for that host, made at the first
 * call and the same for as long as that is the name.  The caller frees it
 * and *cert.  NULL without memory.
 */
EVP_PKEY	*tls_self_key(struct str hostname, X509 **cert);

#endif
