/*
 * Makes a self-signed certificate (RFC 5280 4.1), with the host's name where
 * clients look for it, in subjectAltName.
 */
#include "tls_self.h"

#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <stdbool.h>
#include <string.h>

#include "bounds.h"
#include "clock.h"

#define EARLIER_S	86400	/* clocks differ */
#define DAYS		3650	/* no process that made one lives so long */
#define CN_MAX		64	/* RFC 5280 A.1, ub-common-name */

static struct {
	char		 hostname[DOMAIN_MAX + 1];
	EVP_PKEY	*key;
	X509		*cert;		/* NULL: not yet */
} own;

static bool
add_name(X509 *x, const char *hostname)
{
	const char	*cn = strlen(hostname) <= CN_MAX ? hostname :
			    "postern";
	X509_NAME	*name = X509_get_subject_name(x);

	return X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_ASC,
	    (const unsigned char *)cn, -1, -1, 0) == 1 &&
	    X509_set_issuer_name(x, name) == 1;
}

static GENERAL_NAME *
dns_name(const char *hostname)
{
	GENERAL_NAME	*g = GENERAL_NAME_new();
	ASN1_IA5STRING	*s = ASN1_IA5STRING_new();

	if (g != NULL && s != NULL && ASN1_STRING_set(s, hostname, -1) == 1) {
		GENERAL_NAME_set0_value(g, GEN_DNS, s);
		return g;
	}
	ASN1_IA5STRING_free(s);
	GENERAL_NAME_free(g);
	return NULL;
}

static bool
add_alt_name(X509 *x, const char *hostname)
{
	GENERAL_NAMES	*names = sk_GENERAL_NAME_new_null();
	GENERAL_NAME	*g = dns_name(hostname);
	bool		 ok = false;

	if (g != NULL && names != NULL &&
	    sk_GENERAL_NAME_push(names, g) != 0) {
		g = NULL;
		ok = X509_add1_ext_i2d(x, NID_subject_alt_name, names, 0,
		    0) == 1;
	}
	GENERAL_NAME_free(g);
	GENERAL_NAMES_free(names);
	return ok;
}

static bool
fill(X509 *x, EVP_PKEY *key, const char *hostname)
{
	time_t		 from = clock_wall() - EARLIER_S;
	uint64_t	 serial;

	if (RAND_bytes((unsigned char *)&serial, sizeof(serial)) != 1)
		return false;
	return X509_set_version(x, X509_VERSION_3) == 1 &&
	    ASN1_INTEGER_set_uint64(X509_get_serialNumber(x),
	    serial >> 1 | 1) == 1 &&
	    X509_time_adj_ex(X509_getm_notBefore(x), 0, 0, &from) != NULL &&
	    X509_time_adj_ex(X509_getm_notAfter(x), DAYS, 0, &from) != NULL &&
	    X509_set_pubkey(x, key) == 1 && add_name(x, hostname) &&
	    add_alt_name(x, hostname) && X509_sign(x, key, EVP_sha256()) != 0;
}

static void
make(struct str hostname)
{
	EVP_PKEY_free(own.key);
	X509_free(own.cert);
	memcpy(own.hostname, hostname.p, hostname.n);
	own.hostname[hostname.n] = '\0';
	own.key = EVP_EC_gen("P-256");
	own.cert = X509_new();
	if (own.key == NULL || own.cert == NULL ||
	    !fill(own.cert, own.key, own.hostname)) {
		X509_free(own.cert);
		own.cert = NULL;
	}
	ERR_clear_error();
}

EVP_PKEY *
tls_self_key(struct str hostname, X509 **cert)
{
	if (hostname.n == 0 || hostname.n > DOMAIN_MAX)
		return NULL;
	if (own.cert == NULL || !str_equal(str_of(own.hostname), hostname))
		make(hostname);
	if (own.cert == NULL || EVP_PKEY_up_ref(own.key) != 1)
		return NULL;
	(void)X509_up_ref(own.cert);
	*cert = own.cert;
	return own.key;
}
