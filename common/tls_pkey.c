/*
 * Private keys that are in keyd, as OpenSSL handles them: the public half,
 * and which key it is.  A key is made of a certificate's (import), compared
 * with it (match, export) and described (get_params); all that the public
 * half is good for is left to the default provider.
 */
#include "tls_provider.h"

#include <openssl/core_names.h>
#include <openssl/params.h>

const char *const	 tls_pkey_names[] = { "RSA", "EC", "ED25519" };

static void *
key_new(enum tls_pkey_kind kind)
{
	struct tls_pkey	*k = OPENSSL_zalloc(sizeof(*k));

	if (k != NULL)
		k->kind = kind;
	return k;
}

static void *
rsa_new(void *provider)
{
	(void)provider;
	return key_new(TLS_RSA);
}

static void *
ec_new(void *provider)
{
	(void)provider;
	return key_new(TLS_EC);
}

static void *
ed25519_new(void *provider)
{
	(void)provider;
	return key_new(TLS_ED25519);
}

static void
key_free(void *keydata)
{
	struct tls_pkey	*k = keydata;

	if (k == NULL)
		return;
	EVP_PKEY_free(k->pub);
	OPENSSL_free(k);
}

/* Its private half too, as far as anybody who asks need know. */
static int
key_has(const void *keydata, int selection)
{
	const struct tls_pkey	*k = keydata;

	(void)selection;
	return k->pub != NULL;
}

static int
key_match(const void *a, const void *b, int selection)
{
	const struct tls_pkey	*ka = a, *kb = b;

	(void)selection;
	return EVP_PKEY_eq(ka->pub, kb->pub) == 1;
}

static EVP_PKEY *
make_public(enum tls_pkey_kind kind, const OSSL_PARAM params[])
{
	EVP_PKEY_CTX	*ctx;
	EVP_PKEY	*pub = NULL;

	ctx = EVP_PKEY_CTX_new_from_name(NULL, tls_pkey_names[kind],
	    "provider=default");
	if (ctx != NULL && EVP_PKEY_fromdata_init(ctx) == 1)
		(void)EVP_PKEY_fromdata(ctx, &pub, EVP_PKEY_PUBLIC_KEY,
		    (OSSL_PARAM *)(uintptr_t)params);
	EVP_PKEY_CTX_free(ctx);
	return pub;
}

static int
key_import(void *keydata, int selection, const OSSL_PARAM params[])
{
	struct tls_pkey		*k = keydata;
	const OSSL_PARAM	*conf, *number;

	(void)selection;
	conf = OSSL_PARAM_locate_const(params, TLS_PARAM_CONF);
	number = OSSL_PARAM_locate_const(params, TLS_PARAM_KEY);
	if (conf == NULL || !OSSL_PARAM_get_uint32(conf, &k->conf) ||
	    number == NULL || !OSSL_PARAM_get_uint32(number, &k->number))
		return 0;
	k->pub = make_public(k->kind, params);
	return k->pub != NULL;
}

static int
key_export(void *keydata, int selection, OSSL_CALLBACK *take, void *arg)
{
	struct tls_pkey	*k = keydata;
	OSSL_PARAM	*params = NULL;
	int		 r;

	if (selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY)
		return 0;
	if (EVP_PKEY_todata(k->pub, EVP_PKEY_PUBLIC_KEY, &params) != 1)
		return 0;
	r = take(params, arg);
	OSSL_PARAM_free(params);
	return r;
}

static int
key_get_params(void *keydata, OSSL_PARAM params[])
{
	struct tls_pkey	*k = keydata;

	return EVP_PKEY_get_params(k->pub, params);
}

/* To be asked for or given; nobody looks for more. */
static const OSSL_PARAM *
key_params(void *provider)
{
	static const OSSL_PARAM	 params[] = {
		OSSL_PARAM_int(OSSL_PKEY_PARAM_BITS, NULL),
		OSSL_PARAM_int(OSSL_PKEY_PARAM_SECURITY_BITS, NULL),
		OSSL_PARAM_int(OSSL_PKEY_PARAM_MAX_SIZE, NULL),
		OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, NULL, 0),
		OSSL_PARAM_END
	};

	(void)provider;
	return params;
}

static const OSSL_PARAM *
key_types(int selection)
{
	static const OSSL_PARAM	 params[] = {
		OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_N, NULL, 0),
		OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_E, NULL, 0),
		OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, NULL, 0),
		OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PUB_KEY, NULL, 0),
		OSSL_PARAM_uint32(TLS_PARAM_CONF, NULL),
		OSSL_PARAM_uint32(TLS_PARAM_KEY, NULL),
		OSSL_PARAM_END
	};

	(void)selection;
	return params;
}

/* Names that no other provider has, or EVP would look there first. */
static const char *
rsa_operation(int operation)
{
	return operation == OSSL_OP_SIGNATURE ? "postern-rsa" : NULL;
}

static const char *
ec_operation(int operation)
{
	return operation == OSSL_OP_SIGNATURE ? "postern-ec" : NULL;
}

static const char *
ed25519_operation(int operation)
{
	return operation == OSSL_OP_SIGNATURE ? "postern-ed25519" : NULL;
}

#define KEY_FUNCTIONS(new_function, operation)				\
	{ OSSL_FUNC_KEYMGMT_NEW, TLS_FN(new_function) },			\
	{ OSSL_FUNC_KEYMGMT_FREE, TLS_FN(key_free) },			\
	{ OSSL_FUNC_KEYMGMT_HAS, TLS_FN(key_has) },				\
	{ OSSL_FUNC_KEYMGMT_MATCH, TLS_FN(key_match) },			\
	{ OSSL_FUNC_KEYMGMT_IMPORT, TLS_FN(key_import) },			\
	{ OSSL_FUNC_KEYMGMT_IMPORT_TYPES, TLS_FN(key_types) },		\
	{ OSSL_FUNC_KEYMGMT_EXPORT, TLS_FN(key_export) },			\
	{ OSSL_FUNC_KEYMGMT_EXPORT_TYPES, TLS_FN(key_types) },		\
	{ OSSL_FUNC_KEYMGMT_GET_PARAMS, TLS_FN(key_get_params) },		\
	{ OSSL_FUNC_KEYMGMT_GETTABLE_PARAMS, TLS_FN(key_params) },		\
	{ OSSL_FUNC_KEYMGMT_QUERY_OPERATION_NAME, TLS_FN(operation) },	\
	{ 0, NULL }

const OSSL_DISPATCH	 tls_pkey_rsa[] = {
	KEY_FUNCTIONS(rsa_new, rsa_operation)
};
const OSSL_DISPATCH	 tls_pkey_ec[] = {
	KEY_FUNCTIONS(ec_new, ec_operation)
};
const OSSL_DISPATCH	 tls_pkey_ed25519[] = {
	KEY_FUNCTIONS(ed25519_new, ed25519_operation)
};
