/*
 * A connection with TLS on it: a filter of io's between the wire and the
 * session (memory in, memory out), from its handshake to its close_notify.
 * Owns the SSL; what it has in common with others is its context's.
 */
#include "tls.h"

#include <openssl/err.h>
#include <openssl/rand.h>

#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "io.h"
#include "log.h"
#include "tls_private.h"

/* Where records are opened, one at a time, for all connections. */
static char	 plaintext[TLS_RECORD_MAX];

void
tls_setup(void)
{
	uint8_t	 octet;

	tzset();	/* or the dates of certificates open a file */
	if (OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG |
	    OPENSSL_INIT_LOAD_SSL_STRINGS | OPENSSL_INIT_LOAD_CRYPTO_STRINGS,
	    NULL) != 1)
		fatal("tls: cannot set up OpenSSL");
	tls_provider_setup();
	tls_bio_setup();
	tls_sign_setup();
	tls_ticket_setup();
	if (RAND_bytes(&octet, 1) != 1)
		fatal("tls: no random numbers");
}

/* ---- why it ended ------------------------------------------------------ */

void
tls_set_why(struct tls_conn *c, const char *fmt, ...)
{
	va_list	 ap;

	if (c->why[0] != '\0')
		return;
	va_start(ap, fmt);
	vsnprintf(c->why, sizeof(c->why), fmt, ap);
	va_end(ap);
}

/* OpenSSL's first complaint is the cause, those behind it follow from it. */
static int
fail(struct tls_conn *c)
{
	unsigned long	 error = ERR_peek_error();
	const char	*text = ERR_reason_error_string(error);

	if (text != NULL)
		tls_set_why(c, "%s", text);
	else
		tls_set_why(c, c->phase == TLS_HANDSHAKE ?
		    "handshake failed" : "broken record");
	ERR_clear_error();
	c->phase = TLS_FAILED;
	return -1;
}

/* ---- the filter -------------------------------------------------------- */

/* In this order: done may end the connection. */
static int
complete(struct tls_conn *c)
{
	c->phase = TLS_OPEN;
	SSL_clear_mode(c->ssl, SSL_MODE_ASYNC);
	tls_facts_gather(c);
	io_filter_ready(c->io);		/* what was written before goes now */
	/* passwords may come now; OpenSSL wipes a buffer as a whole, which in
	 * a handshake would cost a twentieth of all */
	SSL_set_options(c->ssl, SSL_OP_CLEANSE_PLAINTEXT);
	c->ops->done(c->arg, &c->facts);
	return 0;
}

static int
handshake(struct tls_conn *c)
{
	if (tls_sign_waits(c))
		return 0;
	switch (tls_sign_handshake(c)) {
	case SSL_ERROR_NONE:
		return complete(c);
	case SSL_ERROR_WANT_READ:
	case SSL_ERROR_WANT_ASYNC:
	case SSL_ERROR_WANT_ASYNC_JOB:
		return 0;
	default:
		return fail(c);
	}
}

/* TLS has said that much by itself. */
static int
answered(struct tls_conn *c, size_t n)
{
	c->answered += n;
	if (c->answered <= TLS_ANSWERS_MAX)
		return 0;
	tls_set_why(c, "too much asked of TLS");
	return fail(c);
}

static int
open_records(struct tls_conn *c, struct buf *plain)
{
	size_t	 n, before = c->out->len;
	int	 r;

	while (SSL_read_ex(c->ssl, plaintext, sizeof(plaintext), &n) == 1) {
		r = buf_put(plain, plaintext, n);
		/* it may be a password, which its reader will wipe */
		explicit_bzero(plaintext, n);
		if (r == -1)
			return -1;
	}
	if (answered(c, c->out->len - before) == -1)
		return -1;
	switch (SSL_get_error(c->ssl, 0)) {
	case SSL_ERROR_WANT_READ:
		return 0;
	case SSL_ERROR_ZERO_RETURN:
		c->phase = TLS_SHUT;
		return 0;
	default:
		return fail(c);
	}
}

static int
seal_records(struct tls_conn *c, struct buf *plain)
{
	size_t	 n = plain->len;

	while (plain->len != 0) {
		n = plain->len < TLS_RECORD_MAX ? plain->len : TLS_RECORD_MAX;
		if (SSL_write_ex(c->ssl, buf_data(plain), n, &n) != 1)
			return fail(c);
		buf_consume(plain, n);
	}
	return 0;
}

static int
incoming(void *state, struct buf *wire, struct buf *plain, struct buf *out)
{
	struct tls_conn	*c = state;
	int		 r = 0;

	ERR_clear_error();
	c->wire = wire;
	c->out = out;
	if (c->phase == TLS_HANDSHAKE)
		r = handshake(c);
	if (r == 0 && c->phase == TLS_OPEN)
		r = open_records(c, plain);
	if (c->phase == TLS_SHUT || c->phase == TLS_FAILED)
		buf_consume(wire, wire->len);
	c->wire = c->out = NULL;
	return r;
}

static int
outgoing(void *state, struct buf *plain, struct buf *out)
{
	struct tls_conn	*c = state;
	int		 r;

	if (c->phase == TLS_HANDSHAKE)
		return 0;
	if (c->phase == TLS_FAILED)
		return -1;
	ERR_clear_error();
	c->out = out;
	r = seal_records(c, plain);
	c->out = NULL;
	return r;
}

/* RFC 8446 6.1: so that the other side knows this to be the end. */
static void
closing(void *state, struct buf *out)
{
	struct tls_conn	*c = state;

	if (c->phase != TLS_OPEN && c->phase != TLS_SHUT)
		return;
	ERR_clear_error();
	c->out = out;
	(void)SSL_shutdown(c->ssl);
	c->out = NULL;
}

static void
conn_free(void *state)
{
	struct tls_conn	*c = state;

	tls_sign_give_up(c);
	SSL_free(c->ssl);
	tls_server_free(c->server);
	tls_facts_clear(c);
	free(c->name);
	free(c);
}

static const struct io_filter	 filter = {
	.incoming = incoming,
	.outgoing = outgoing,
	.free = conn_free,
	.closing = closing,
};

/* ---- the beginning ----------------------------------------------------- */

/* Whom a client means; in the handshake too, if it is a host's name and not
 * an address (RFC 6066 3). */
static int
set_name(struct tls_conn *c, struct str name)
{
	struct in6_addr	 addr;

	if (name.n == 0)
		return 0;
	if (memchr(name.p, '\0', name.n) != NULL ||
	    (c->name = strndup(name.p, name.n)) == NULL)
		return -1;
	if (inet_pton(AF_INET, c->name, &addr) == 1 ||
	    inet_pton(AF_INET6, c->name, &addr) == 1)
		return 0;
	return SSL_set_tlsext_host_name(c->ssl, c->name) == 1 ? 0 : -1;
}

static struct tls_conn *
conn_new(struct io *io, SSL_CTX *ctx, struct str name)
{
	struct tls_conn	*c;

	if ((c = calloc(1, sizeof(*c))) == NULL)
		return NULL;
	c->io = io;
	if ((c->ssl = SSL_new(ctx)) == NULL || tls_bio_attach(c) == -1 ||
	    set_name(c, name) == -1) {
		conn_free(c);
		return NULL;
	}
	SSL_set_app_data(c->ssl, c);
	return c;
}

int
tls_start(struct io *io, SSL_CTX *ctx, struct tls_server *server,
    struct str name, const struct tls_ops *ops, void *arg)
{
	struct tls_conn	*c;

	if ((c = conn_new(io, ctx, name)) == NULL) {
		tls_server_free(server);
		return -1;
	}
	c->server = server;
	c->ops = ops;
	c->arg = arg;
	if (server != NULL) {
		tls_ticket_accept(c->ssl);
		SSL_set_accept_state(c->ssl);
	} else {
		SSL_set_connect_state(c->ssl);
	}
	io_discard_input(io);
	io_set_filter(io, &filter, c);
	return io_filter_state(io, &filter) == c ? 0 : -1;
}

/* ---- what it knows ----------------------------------------------------- */

const struct tls_facts *
tls_facts(const struct io *io)
{
	const struct tls_conn	*c = io_filter_state(io, &filter);

	if (c == NULL || c->phase == TLS_HANDSHAKE || c->facts.version == NULL)
		return NULL;
	return &c->facts;
}

const char *
tls_why(const struct io *io)
{
	const struct tls_conn	*c = io_filter_state(io, &filter);

	if (c == NULL)
		return "";
	if (c->why[0] == '\0' && c->phase == TLS_HANDSHAKE)
		return "in the midst of the handshake";
	return c->why;
}
