/*
 * Signatures, as OpenSSL has them made: at one stroke, of a whole string
 * with a hash and a padding.  Which scheme of TLS that is, is found again
 * from these, and tls_sign gets it from keyd.
 */
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rsa.h>

#include "tls_private.h"
#include "tls_provider.h"

/* A signature to be made. */
struct signature {
	const struct tls_pkey *key;	/* borrowed: EVP holds it */
	int		 md;		/* its NID; 0: none */
	bool		 pss;
};

/* RFC 8446 4.2.3 */
static const struct {
	enum tls_pkey_kind	 kind;
	bool		 pss;
	int		 md;
	uint16_t	 scheme;
} schemes[] = {
	{ TLS_RSA, false, NID_sha256, 0x0401 },
	{ TLS_RSA, false, NID_sha384, 0x0501 },
	{ TLS_RSA, false, NID_sha512, 0x0601 },
	{ TLS_RSA, true, NID_sha256, 0x0804 },
	{ TLS_RSA, true, NID_sha384, 0x0805 },
	{ TLS_RSA, true, NID_sha512, 0x0806 },
	{ TLS_EC, false, NID_sha256, 0x0403 },
	{ TLS_EC, false, NID_sha384, 0x0503 },
	{ TLS_EC, false, NID_sha512, 0x0603 },
	{ TLS_ED25519, false, 0, 0x0807 },
};

static void *
sign_new(void *provider, const char *properties)
{
	(void)provider, (void)properties;
	return OPENSSL_zalloc(sizeof(struct signature));
}

static void
sign_free(void *ctx)
{
	OPENSSL_free(ctx);
}

/* The padding comes as a number or as a word. */
static int
set_padding(struct signature *s, const OSSL_PARAM *p)
{
	const char	*word;
	int		 number = 0;

	if (p->data_type == OSSL_PARAM_UTF8_STRING) {
		if (!OSSL_PARAM_get_utf8_string_ptr(p, &word))
			return 0;
		s->pss = strcmp(word, OSSL_PKEY_RSA_PAD_MODE_PSS) == 0;
		return 1;
	}
	if (!OSSL_PARAM_get_int(p, &number))
		return 0;
	s->pss = number == RSA_PKCS1_PSS_PADDING;
	return 1;
}

/* The salt is always as long as the hash (RFC 8446 4.2.3). */
static int
sign_set_params(void *ctx, const OSSL_PARAM params[])
{
	const OSSL_PARAM	*p;

	if (params == NULL)
		return 1;
	p = OSSL_PARAM_locate_const(params, OSSL_SIGNATURE_PARAM_PAD_MODE);
	return p == NULL || set_padding(ctx, p);
}

static const OSSL_PARAM *
sign_params(void *ctx, void *provider)
{
	static const OSSL_PARAM	 params[] = {
		OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_PAD_MODE, NULL, 0),
		OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_PSS_SALTLEN, NULL,
		    0),
		OSSL_PARAM_END
	};

	(void)ctx, (void)provider;
	return params;
}

static int
sign_begin(void *ctx, const char *md_name, void *keydata,
    const OSSL_PARAM params[])
{
	struct signature	*s = ctx;
	const EVP_MD		*md;

	s->key = keydata;
	s->md = 0;
	s->pss = false;
	if (md_name != NULL && *md_name != '\0') {
		if ((md = EVP_get_digestbyname(md_name)) == NULL)
			return 0;
		s->md = EVP_MD_get_type(md);
	}
	return sign_set_params(ctx, params);
}

static uint16_t
scheme_of(const struct signature *s)
{
	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++)
		if (schemes[i].kind == s->key->kind &&
		    schemes[i].pss == s->pss && schemes[i].md == s->md)
			return schemes[i].scheme;
	return 0;
}

static int
sign_all(void *ctx, unsigned char *sig, size_t *len, size_t size,
    const unsigned char *tbs, size_t n)
{
	const struct signature	*s = ctx;
	struct tls_sign		 m;

	if (sig == NULL) {
		*len = (size_t)EVP_PKEY_get_size(s->key->pub);
		return 1;
	}
	m = (struct tls_sign){
		.conf = s->key->conf, .key = (uint16_t)s->key->number,
		.scheme = scheme_of(s), .tbs = str_bytes(tbs, n),
	};
	if (m.scheme != 0 && tls_sign(&m, sig, size, len) == 0)
		return 1;
	ERR_raise(ERR_LIB_PROV, ERR_R_OPERATION_FAIL);
	return 0;
}

const OSSL_DISPATCH	 tls_signature_functions[] = {
	{ OSSL_FUNC_SIGNATURE_NEWCTX, TLS_FN(sign_new) },
	{ OSSL_FUNC_SIGNATURE_FREECTX, TLS_FN(sign_free) },
	{ OSSL_FUNC_SIGNATURE_DIGEST_SIGN_INIT, TLS_FN(sign_begin) },
	{ OSSL_FUNC_SIGNATURE_DIGEST_SIGN, TLS_FN(sign_all) },
	{ OSSL_FUNC_SIGNATURE_SET_CTX_PARAMS, TLS_FN(sign_set_params) },
	{ OSSL_FUNC_SIGNATURE_SETTABLE_CTX_PARAMS, TLS_FN(sign_params) },
	{ 0, NULL }
};
