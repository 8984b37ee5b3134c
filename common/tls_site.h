/*
 * The certificates of one listener: tls_server.c has them, tls_context.c
 * makes of them what OpenSSL serves connections with.
 */
#ifndef TLS_SITE_H
#define TLS_SITE_H

#include <sys/queue.h>

#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "peer.h"

/* One certificate and those that are served with it. */
struct tls_site {
	struct tls_server	*server;
	uint16_t		 index;		/* in the configuration */
	bool			 self_signed;
	STACK_OF(X509)		*chain;		/* its own first; or NULL yet */
	EVP_PKEY		*key;		/* the one that is in keyd */
	const char		*kind;		/* of key */
	GENERAL_NAMES		*names;
	SSL_CTX			*ctx;		/* NULL: not ready */
	struct peer		*keyd;		/* while asked */
	uint32_t		 id;
	uint64_t		 asked_ms;	/* 0: not yet */
};

struct tls_server {
	unsigned		 count;
	uint32_t		 conf;
	bool			 client_certificates;
	uint8_t			 id[SSL_MAX_SID_CTX_LENGTH];
	LIST_ENTRY(tls_server)	 next;
	size_t			 n_sites;
	struct tls_site		 sites[];
};

/*
 * Makes the contexts of all sites anew, each with the certificates that there
 * are; connections keep the one they began with.  False if OpenSSL refuses.
 */
bool	 tls_contexts_make(struct tls_server *);

#endif
