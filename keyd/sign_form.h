/*
 * The strings that may be signed, and the schemes to sign them with.
 */
#ifndef SIGN_FORM_H
#define SIGN_FORM_H

#include <stdbool.h>
#include <stdint.h>

#include "str.h"

/* A SignatureScheme of RFC 8446 4.2.3. */
struct sign_scheme {
	uint16_t	 number;
	bool		 tls13;		/* also for a CertificateVerify */
	const char	*kind;		/* of key, as tls_key_kind has it */
	const char	*md;		/* NULL: none beside the scheme's */
	bool		 pss;
};

/* NULL: not one that we sign with. */
const struct sign_scheme *sign_scheme(uint16_t number);
/*
 * tbs has the form, to the octet, of a server's CertificateVerify (RFC 8446
 * 4.4.3) or ServerKeyExchange with ECDHE parameters (RFC 8422 5.4), and
 * scheme is one that its version of TLS signs it with, not with SHA-1.
 */
bool	 sign_is_handshake(uint16_t scheme, struct str tbs);

#endif
