/*
 * A provider of OpenSSL's, "postern": private keys that are in another
 * process, and signatures that are asked for.  It has no more than libssl
 * uses, and stands behind the default provider, which does the rest.
 */
#include "tls_provider.h"

#include <openssl/params.h>
#include <openssl/provider.h>

#include "log.h"
#include "tls_private.h"

#define SIGNATURE(name)							\
	{ name, "provider=postern", tls_signature_functions, NULL }

static const OSSL_ALGORITHM	 keys[] = {
	{ "RSA:rsaEncryption", "provider=postern", tls_pkey_rsa, NULL },
	{ "EC:id-ecPublicKey", "provider=postern", tls_pkey_ec, NULL },
	{ "ED25519", "provider=postern", tls_pkey_ed25519, NULL },
	{ NULL, NULL, NULL, NULL }
};

static const OSSL_ALGORITHM	 signatures[] = {
	SIGNATURE("postern-rsa"),
	SIGNATURE("postern-ec"),
	SIGNATURE("postern-ed25519"),
	{ NULL, NULL, NULL, NULL }
};

static const OSSL_ALGORITHM *
query(void *provider, int operation, int *no_cache)
{
	(void)provider;
	*no_cache = 0;
	if (operation == OSSL_OP_KEYMGMT)
		return keys;
	return operation == OSSL_OP_SIGNATURE ? signatures : NULL;
}

static int
start(const OSSL_CORE_HANDLE *core, const OSSL_DISPATCH *in,
    const OSSL_DISPATCH **out, void **provider)
{
	static const OSSL_DISPATCH	 functions[] = {
		{ OSSL_FUNC_PROVIDER_QUERY_OPERATION, TLS_FN(query) },
		{ 0, NULL }
	};
	static char			 context;	/* not NULL; unused */

	(void)core, (void)in;
	*out = functions;
	*provider = &context;
	return 1;
}

void
tls_provider_setup(void)
{
	static OSSL_PROVIDER	*usual, *ours;	/* for good */

	if (ours != NULL)
		return;
	usual = OSSL_PROVIDER_load(NULL, "default");
	if (usual == NULL ||
	    OSSL_PROVIDER_add_builtin(NULL, "postern", start) != 1 ||
	    (ours = OSSL_PROVIDER_load(NULL, "postern")) == NULL ||
	    EVP_set_default_properties(NULL, "?provider=default") != 1)
		fatal("tls: cannot load OpenSSL's providers");
}

static EVP_PKEY *
make_key(const char *kind, OSSL_PARAM *params)
{
	EVP_PKEY_CTX	*ctx;
	EVP_PKEY	*key = NULL;

	ctx = EVP_PKEY_CTX_new_from_name(NULL, kind, "provider=postern");
	if (ctx != NULL && EVP_PKEY_fromdata_init(ctx) == 1)
		(void)EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_KEYPAIR, params);
	EVP_PKEY_CTX_free(ctx);
	return key;
}

static const char *
kind_of(EVP_PKEY *pub)
{
	for (enum tls_pkey_kind k = 0; k < TLS_KIND_N; k++)
		if (EVP_PKEY_is_a(pub, tls_pkey_names[k]))
			return tls_pkey_names[k];
	return NULL;
}

EVP_PKEY *
tls_provider_key(EVP_PKEY *pub, uint32_t conf, uint16_t key)
{
	uint32_t	 number = key;
	OSSL_PARAM	 which[] = {
		OSSL_PARAM_construct_uint32(TLS_PARAM_CONF, &conf),
		OSSL_PARAM_construct_uint32(TLS_PARAM_KEY, &number),
		OSSL_PARAM_construct_end(),
	};
	OSSL_PARAM	*params = NULL, *all = NULL;
	const char	*kind = kind_of(pub);
	EVP_PKEY	*made = NULL;

	if (kind != NULL &&
	    EVP_PKEY_todata(pub, EVP_PKEY_PUBLIC_KEY, &params) == 1)
		all = OSSL_PARAM_merge(params, which);
	if (all != NULL)
		made = make_key(kind, all);
	OPENSSL_free(all);
	OSSL_PARAM_free(params);
	return made;
}
