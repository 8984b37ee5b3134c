/*
 * In place of TLS: the client says TLS_FAKE_HELLO instead of a handshake, and
 * everything after it passes as it is.  What stands before and behind the
 * handshake can so be tested octet by octet; TLS itself is tested elsewhere.
 */
#ifndef TLS_FAKE_H
#define TLS_FAKE_H

#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "io.h"
#include "tls.h"

#define TLS_FAKE_HELLO	"\026hello"

struct tls_server {
	unsigned	 refs;
};

struct tls_fake {
	const struct tls_ops	*ops;
	void			*arg;
	bool			 done;
};

static bool			 tls_fake_ready = true;
static unsigned			 tls_fake_servers;	/* alive */
static const char		*tls_fake_why = "";
static const struct tls_facts	 tls_fake_facts = {
	.version = "TLSv1.3",
	.cipher = "TLS_AES_256_GCM_SHA384",
	.bits = 256,
};

struct tls_server *
tls_server_new(const struct conf *conf, const struct listener_conf *l,
    char why[TLS_WHY_MAX])
{
	(void)conf, (void)l, (void)why;
	tls_fake_servers++;
	return calloc(1, sizeof(struct tls_server));
}

bool
tls_server_ready(struct tls_server *t)
{
	(void)t;
	return tls_fake_ready;
}

void
tls_server_free(struct tls_server *t)
{
	tls_fake_servers -= t != NULL;
	free(t);
}

const struct tls_facts *
tls_facts(const struct io *io)
{
	(void)io;
	return &tls_fake_facts;
}

const char *
tls_why(const struct io *io)
{
	(void)io;
	return tls_fake_why;
}

/* for the handler table; nobody asks */
void
on_tls_signed(struct peer *p, void *asker, const struct tls_signed *m)
{
	(void)p, (void)asker, (void)m;
}

void
on_certificate(struct peer *p, void *asker, const struct certificate *m)
{
	(void)p, (void)asker, (void)m;
}

void
on_ticket_key(struct peer *p, void *asker, const struct ticket_key *m)
{
	(void)p, (void)asker, (void)m;
}

static void
tls_fake_pass(struct buf *from, struct buf *to)
{
	buf_put_str(to, buf_str(from));
	buf_reset(from);
}

static int
tls_fake_incoming(void *state, struct buf *wire, struct buf *plain,
    struct buf *out)
{
	struct tls_fake	*t = state;
	size_t		 n = sizeof(TLS_FAKE_HELLO) - 1;

	(void)out;
	if (!t->done) {
		if (memcmp(wire->len != 0 ? buf_data(wire) : "",
		    TLS_FAKE_HELLO, wire->len < n ? wire->len : n) != 0) {
			tls_fake_why = "wrong version number";
			return -1;
		}
		if (wire->len < n)
			return 0;
		buf_consume(wire, n);
		t->done = true;
		t->ops->done(t->arg, &tls_fake_facts);
	}
	tls_fake_pass(wire, plain);
	return 0;
}

static int
tls_fake_outgoing(void *state, struct buf *plain, struct buf *out)
{
	struct tls_fake	*t = state;

	if (t->done)
		tls_fake_pass(plain, out);
	return 0;
}

int
tls_accept(struct io *io, struct tls_server *server,
    const struct tls_ops *ops, void *arg)
{
	static const struct io_filter	 filter = {
		.incoming = tls_fake_incoming,
		.outgoing = tls_fake_outgoing,
		.free = free,
	};
	struct tls_fake			*t = calloc(1, sizeof(*t));

	if (t == NULL || server == NULL)
		abort();
	tls_fake_why = "";
	t->ops = ops;
	t->arg = arg;
	io_discard_input(io);
	io_set_filter(io, &filter, t);
	return 0;
}

#endif
