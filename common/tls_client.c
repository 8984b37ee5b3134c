/*
 * What all client connections of a process have in common.  Certificates are
 * verified and what comes of it is told; none ends a handshake, as mail goes
 * out with untrusted TLS rather than with none (RFC 7435).
 */
#include <sys/stat.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <stdlib.h>
#include <unistd.h>

#include "log.h"
#include "tls_private.h"

#define BUNDLE_MAX	(8 << 20)	/* Debian's has 220 KiB */

/* Forward secrecy; DHE for servers that have nothing newer. */
#define CIPHERS		"ECDHE+AESGCM:ECDHE+CHACHA20:ECDHE+AES:DHE+AES"

struct tls_client {
	SSL_CTX	*ctx;
	int	 bundle;		/* -1: none, or read */
};

/* ---- trusted issuers --------------------------------------------------- */

static char *
read_file(int fd, size_t *len)
{
	struct stat	 st;
	char		*text;
	ssize_t		 n = 0;

	if (fstat(fd, &st) == -1 || st.st_size <= 0 ||
	    st.st_size > BUNDLE_MAX ||
	    (text = malloc((size_t)st.st_size)) == NULL)
		return NULL;
	for (*len = 0; *len < (size_t)st.st_size; *len += (size_t)n)
		if ((n = pread(fd, text + *len, (size_t)st.st_size - *len,
		    (off_t)*len)) <= 0)
			break;
	return text;
}

static unsigned
add_issuers(X509_STORE *store, const char *text, size_t len)
{
	BIO		*b = BIO_new_mem_buf(text, (int)len);
	X509		*x;
	unsigned	 n = 0;

	while (b != NULL &&
	    (x = PEM_read_bio_X509(b, NULL, NULL, NULL)) != NULL) {
		n += X509_STORE_add_cert(store, x) == 1;
		X509_free(x);
	}
	BIO_free(b);
	ERR_clear_error();
	return n;
}

/* Once, with the first connection: Debian's takes 24 ms and a MB. */
static void
read_bundle(struct tls_client *c)
{
	size_t		 len = 0;
	unsigned	 n = 0;
	char		*text;

	if (c->bundle == -1)
		return;
	if ((text = read_file(c->bundle, &len)) != NULL)
		n = add_issuers(SSL_CTX_get_cert_store(c->ctx), text, len);
	free(text);
	close(c->bundle);
	c->bundle = -1;
	if (n == 0)
		log_warn("ca-file issuers=0 error=\"no certificate can be "
		    "verified\"");
	else
		log_debug("ca-file issuers=%u", n);
}

/* ---- the client -------------------------------------------------------- */

/* Level 1, as a server with weak keys is better than mail in clear. */
static bool
set_up(SSL_CTX *ctx)
{
	SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS |
	    SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION |
	    SSL_OP_NO_COMPRESSION | SSL_OP_NO_TICKET);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_max_cert_list(ctx, CHAIN_MAX);
	SSL_CTX_set_verify(ctx, SSL_VERIFY_NONE, NULL);
	SSL_CTX_set_verify_depth(ctx, TLS_DEPTH_MAX);
	SSL_CTX_set_security_level(ctx, 1);
	return SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) == 1 &&
	    SSL_CTX_set_cipher_list(ctx, CIPHERS) == 1;
}

struct tls_client *
tls_client_new(int bundle)
{
	struct tls_client	*c;

	if ((c = calloc(1, sizeof(*c))) == NULL) {
		if (bundle != -1)
			close(bundle);
		return NULL;
	}
	c->bundle = bundle;
	c->ctx = SSL_CTX_new(TLS_client_method());
	if (c->ctx == NULL || !set_up(c->ctx)) {
		ERR_clear_error();
		tls_client_free(c);
		return NULL;
	}
	return c;
}

void
tls_client_free(struct tls_client *c)
{
	if (c == NULL)
		return;
	if (c->bundle != -1)
		close(c->bundle);
	SSL_CTX_free(c->ctx);
	free(c);
}

int
tls_connect(struct io *io, struct tls_client *c, struct str name,
    const struct tls_ops *ops, void *arg)
{
	read_bundle(c);
	return tls_start(io, c->ctx, NULL, name, ops, arg);
}
