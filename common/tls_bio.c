/*
 * The octets of a connection as OpenSSL reads and writes them: straight from
 * and to the buffers that io gives the filter, so that an idle connection
 * keeps none.  Limits what the other side may send before its handshake is
 * complete.
 */
#include <openssl/bio.h>

#include "log.h"
#include "tls_private.h"

static BIO_METHOD	*method;

static int
read_wire(BIO *b, char *to, int n)
{
	struct tls_conn	*c = BIO_get_data(b);
	size_t		 len = (size_t)n;

	BIO_clear_retry_flags(b);
	if (n <= 0 || c->wire == NULL || c->wire->len == 0) {
		BIO_set_retry_read(b);
		return -1;
	}
	if (len > c->wire->len)
		len = c->wire->len;
	if (c->phase == TLS_HANDSHAKE &&
	    (c->eaten += len) > TLS_HANDSHAKE_MAX) {
		tls_set_why(c, "handshake of over %d octets",
		    TLS_HANDSHAKE_MAX);
		return -1;
	}
	memcpy(to, buf_data(c->wire), len);
	buf_consume(c->wire, len);
	return (int)len;
}

static int
write_out(BIO *b, const char *from, int n)
{
	struct tls_conn	*c = BIO_get_data(b);

	BIO_clear_retry_flags(b);
	if (n <= 0 || c->out == NULL || buf_put(c->out, from, (size_t)n) == -1)
		return -1;
	return n;
}

static long
control(BIO *b, int command, long number, void *pointer)
{
	(void)b, (void)number, (void)pointer;
	return command == BIO_CTRL_FLUSH;
}

static int
create(BIO *b)
{
	BIO_set_init(b, 1);
	return 1;
}

void
tls_bio_setup(void)
{
	if (method != NULL)
		return;
	method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK,
	    "postern");
	if (method == NULL || !BIO_meth_set_read(method, read_wire) ||
	    !BIO_meth_set_write(method, write_out) ||
	    !BIO_meth_set_ctrl(method, control) ||
	    !BIO_meth_set_create(method, create))
		fatal("tls: cannot set up its input and output");
}

int
tls_bio_attach(struct tls_conn *c)
{
	BIO	*b = BIO_new(method);

	if (b == NULL)
		return -1;
	BIO_set_data(b, c);
	SSL_set_bio(c->ssl, b, b);	/* one reference for both */
	return 0;
}
