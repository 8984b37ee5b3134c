/*
 * What the three files of the provider share: tls_provider.c, the keys
 * (tls_pkey.c) and the signatures (tls_signature.c).
 */
#ifndef TLS_PROVIDER_H
#define TLS_PROVIDER_H

#include <openssl/core_dispatch.h>
#include <openssl/evp.h>

#include <stdint.h>

/* which key it is, beside the public half's own parameters */
#define TLS_PARAM_CONF	"postern-conf"
#define TLS_PARAM_KEY	"postern-key"

#define TLS_FN(f)	((void (*)(void))(f))

enum tls_pkey_kind { TLS_RSA, TLS_EC, TLS_ED25519, TLS_KIND_N };

/* A private key that is elsewhere, as OpenSSL's "keydata". */
struct tls_pkey {
	enum tls_pkey_kind kind;
	EVP_PKEY	*pub;		/* of the default provider */
	uint32_t	 conf, number;
};

extern const char *const	 tls_pkey_names[TLS_KIND_N];

extern const OSSL_DISPATCH	 tls_pkey_rsa[], tls_pkey_ec[],
				 tls_pkey_ed25519[];
extern const OSSL_DISPATCH	 tls_signature_functions[];

#endif
