/*
 * A private key as a file has it: read, taken out of its PEM, and compared
 * with the certificate it is for.
 */
#include <sys/stat.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <sodium.h>

#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "log.h"
#include "tls_chain.h"

#include "sign_keys.h"

#define KEY_FILE_MAX	16384	/* RSA of 4096 bits takes 3300 */
#define STACK_USED	16384	/* by OpenSSL, about */

static int
no_password(char *to, int size, int writing, void *arg)
{
	(void)to, (void)size, (void)writing, (void)arg;
	return -1;
}

static EVP_PKEY *
decode(const char *pem, size_t n)
{
	BIO		*b = BIO_new_mem_buf(pem, (int)n);
	EVP_PKEY	*key = NULL;

	if (b != NULL)
		key = PEM_read_bio_PrivateKey(b, NULL, no_password, NULL);
	BIO_free(b);
	ERR_clear_error();
	return key;
}

static EVP_PKEY *
read_key(int fd)
{
	struct stat	 st;
	EVP_PKEY	*key = NULL;
	char		*pem;

	if (fstat(fd, &st) == -1 || !S_ISREG(st.st_mode) || st.st_size <= 0 ||
	    st.st_size > KEY_FILE_MAX ||
	    (pem = OPENSSL_secure_malloc((size_t)st.st_size)) == NULL)
		return NULL;
	if (pread(fd, pem, (size_t)st.st_size, 0) == st.st_size)
		key = decode(pem, (size_t)st.st_size);
	OPENSSL_secure_clear_free(pem, (size_t)st.st_size);
	sodium_stackzero(STACK_USED);
	return key;
}

/* Others refuse it, which is not a reason to have no mail at all. */
static void
check_dates(const X509 *x, const struct certificate_conf *c)
{
	time_t	 now = clock_wall();

	if (X509_cmp_time(X509_get0_notAfter(x), &now) < 0)
		log_warn("certificate name=%.*s file=%s error=\"has expired\"",
		    STR_FMT(c->name), log_text(c->chain_file));
	else if (X509_cmp_time(X509_get0_notBefore(x), &now) > 0)
		log_warn("certificate name=%.*s file=%s error=\"is not yet "
		    "valid\"", STR_FMT(c->name), log_text(c->chain_file));
}

static const char *
check(EVP_PKEY *key, const struct certificate_conf *c)
{
	STACK_OF(X509)	*chain;
	const char	*why = NULL;

	if (tls_key_kind(key) == NULL)
		return "the key is of a kind or size that is not served";
	if ((chain = tls_chain_read(c->chain, &why)) == NULL)
		return why;
	if (X509_check_private_key(sk_X509_value(chain, 0), key) != 1)
		why = "the key does not fit the certificate";
	else
		check_dates(sk_X509_value(chain, 0), c);
	tls_chain_free(chain);
	ERR_clear_error();
	return why;
}

EVP_PKEY *
sign_file_read(int fd, const struct certificate_conf *c, const char **why)
{
	EVP_PKEY	*key = read_key(fd);

	if (key == NULL)
		*why = "not a private key in PEM, without a password";
	else if ((*why = check(key, c)) != NULL) {
		EVP_PKEY_free(key);
		key = NULL;
	}
	return key;
}
