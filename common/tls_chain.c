/*
 * Certificates in PEM, read from memory, and the kinds of key that we serve
 * with.  What is between the certificates is skipped, as files have text
 * there.
 */
#include "tls_chain.h"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include <limits.h>
#include <stddef.h>

#include "bounds.h"

#define RSA_BITS_MIN	2048	/* below it others refuse (RFC 7525 4.3) */
#define RSA_BITS_MAX	4096	/* beyond, a signature takes 10 ms and more */

void
tls_chain_free(STACK_OF(X509) *chain)
{
	sk_X509_pop_free(chain, X509_free);
}

/* All that is in b; NULL if it has too many, or one that is malformed. */
static STACK_OF(X509) *
read_all(BIO *b)
{
	STACK_OF(X509)	*chain = sk_X509_new_null();
	X509		*x = NULL;

	ERR_clear_error();
	while (chain != NULL &&
	    (x = PEM_read_bio_X509(b, NULL, NULL, NULL)) != NULL)
		if (sk_X509_num(chain) == CHAIN_CERTS_MAX ||
		    sk_X509_push(chain, x) == 0) {
			X509_free(x);
			tls_chain_free(chain);
			return NULL;
		}
	if (ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE) {
		tls_chain_free(chain);
		chain = NULL;
	}
	ERR_clear_error();
	return chain;
}

STACK_OF(X509) *
tls_chain_read(struct str pem, const char **why)
{
	STACK_OF(X509)	*chain = NULL;
	BIO		*b = NULL;

	if (pem.n <= INT_MAX)
		b = BIO_new_mem_buf(pem.n != 0 ? pem.p : "", (int)pem.n);
	if (b != NULL)
		chain = read_all(b);
	BIO_free(b);
	if (chain == NULL) {
		*why = "the chain is malformed or too long";
	} else if (sk_X509_num(chain) == 0) {
		*why = "the chain has no certificate in PEM";
		tls_chain_free(chain);
		chain = NULL;
	}
	return chain;
}

static bool
is_served_curve(EVP_PKEY *key)
{
	static const int	 curves[] = { NID_X9_62_prime256v1,
	    NID_secp384r1, NID_secp521r1 };
	char			 name[32];
	size_t			 len;

	if (EVP_PKEY_get_group_name(key, name, sizeof(name), &len) != 1)
		return false;
	for (size_t i = 0; i < sizeof(curves) / sizeof(curves[0]); i++)
		if (OBJ_sn2nid(name) == curves[i])
			return true;
	return false;
}

const char *
tls_key_kind(EVP_PKEY *key)
{
	int	 bits = EVP_PKEY_get_bits(key);

	if (EVP_PKEY_is_a(key, "RSA"))
		return bits >= RSA_BITS_MIN && bits <= RSA_BITS_MAX ? "RSA" :
		    NULL;
	if (EVP_PKEY_is_a(key, "EC"))
		return is_served_curve(key) ? "EC" : NULL;
	return EVP_PKEY_is_a(key, "ED25519") ? "ED25519" : NULL;
}
