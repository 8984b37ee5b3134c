/*
 * The private keys of the configuration in force and of those before it,
 * with whom each is for.
 */
#ifndef SIGN_KEYS_H
#define SIGN_KEYS_H

#include <stdint.h>

#include <openssl/x509.h>

#include "conf.h"

struct sign_key {
	EVP_PKEY	*key;
	unsigned	 roles;		/* mask: whose handshakes it is for */
	const char	*kind;		/* as tls_key_kind */
	uint32_t	 cost;		/* microseconds of a signature, about */
	X509		*self_signed;	/* its certificate; or NULL */
};

/* Before any other function, and before OpenSSL is used for anything. */
void	 sign_keys_setup(void);
/* The steps of a configuration; keyd.h. */
void	 sign_keys_secret(unsigned certificate, int fd);
int	 sign_keys_configure(const struct conf *, char *why, size_t size);
void	 sign_keys_commit(void);
void	 sign_keys_drop(void);
/* Borrowed until the loop turns; NULL: unknown. */
const struct sign_key *sign_keys_find(uint32_t conf, unsigned certificate);

/*
 * sign_file.c: the key in fd (borrowed) for that certificate; NULL with
 * *why.  Its memory is locked, and wiped when it is freed.
 */
EVP_PKEY *sign_file_read(int fd, const struct certificate_conf *,
	    const char **why);
#endif
