/*
 * TLS (RFC 8446, RFC 5246) as a filter between connection and session:
 * io.h reads and writes the wire, OpenSSL sees memory alone, and no callback
 * waits.  Private keys are in keyd: what a handshake has to sign goes there
 * (TLS_SIGN), and the handshake goes on when the answer has come.
 *
 * TLS 1.2 and 1.3, forward secrecy only, no renegotiation, no compression,
 * no early data.  A handshake's end is told, its failure ends the connection
 * as io.h says; tls_why has the words for the log.
 *
 * Linked into smtpd, deliverd and nothing else; keyd signs with its own few
 * lines.
 */
#ifndef TLS_H
#define TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bounds.h"
#include "conf.h"
#include "peer.h"
#include "str.h"

struct io;
struct tls_server;
struct tls_client;

#define TLS_SIGN_MS	2000	/* a keyd that is silent so long: the end */
#define TLS_WHY_MAX	160

/*
 * For the jail's prepare hook, before any other function: OpenSSL complete,
 * without any file of its own.  Ends the process when it cannot be had.
 */
void		 tls_setup(void);
/*
 * keyd's sign role has come up, or (NULL) has gone: what was asked of the
 * last one has failed by itself.  Servers ask the new one for self-signed
 * certificates again, as it has made others.
 */
void		 tls_keyd(struct peer *);
/* handlers of a process that has servers; messages.h */
void		 on_tls_signed(struct peer *, void *asker,
		    const struct tls_signed *);
void		 on_ticket_key(struct peer *, void *asker,
		    const struct ticket_key *);
void		 on_certificate(struct peer *, void *asker,
		    const struct certificate *);

/* ---- what a handshake has led to --------------------------------------- */

enum tls_peer_cert {
	TLS_CERT_NONE,		/* it has shown none */
	TLS_CERT_UNTRUSTED,	/* it leads to no issuer that we trust */
	TLS_CERT_MISMATCH,	/* trusted, but for another name */
	TLS_CERT_VERIFIED	/* trusted and for that name (RFC 6125) */
};

/* Lives as long as the connection. */
struct tls_facts {
	const char	*version;	/* "TLSv1.3", as logs write it */
	const char	*cipher;	/* as it is registered (RFC 8314 7.4):
					 * "TLS_AES_256_GCM_SHA384" */
	unsigned	 bits;
	bool		 resumed;
	struct str	 sni;		/* the name a client asked for; or
					 * empty.  Any octets but NUL */
	enum tls_peer_cert cert;
	const char	*cert_why;	/* of UNTRUSTED and MISMATCH, for
					 * people; else "" */
	struct str	 subject, issuer; /* printable ASCII; or empty */
	uint8_t		 fingerprint[32]; /* SHA-256 of its certificate */
};

/*
 * done is called once, when the handshake is complete, and may do whatever a
 * data function may (io.h); what the other side sends after it goes to the
 * session as before, in clear.  What is written before it waits until then.
 */
struct tls_ops {
	void	(*done)(void *arg, const struct tls_facts *);
};

/* Facts of a connection whose handshake is done; NULL before, or without. */
const struct tls_facts *tls_facts(const struct io *);
/*
 * Why it ended or cannot go on, in words for the log, from within ended():
 * with IO_EOF or IO_TIMEOUT that it was in the midst of a handshake.  "" for
 * a reason that is not TLS's.
 */
const char	*tls_why(const struct io *);

/* ---- server ------------------------------------------------------------ */

/*
 * The TLS of one listener, from a configuration that outlives it: its
 * certificates by name (RFC 6066 3) and kind of key, the first for all
 * others.  NULL, with the reason in why, when a chain cannot be read or is
 * of a kind that we do not serve.  Self-signed ones are asked of keyd, and
 * tls_server_ready is false until one certificate is there.
 */
struct tls_server *tls_server_new(const struct conf *,
		    const struct listener_conf *, char why[TLS_WHY_MAX]);
bool		 tls_server_ready(struct tls_server *);
/* Counted: connections hold it until they end. */
void		 tls_server_free(struct tls_server *);

/*
 * From now on the connection speaks TLS, as the server.  What had been read
 * and not used of it is dropped (CVE-2011-0411).  The handshake has no
 * deadline of its own: io_deadline.  -1 without memory, and when the server
 * is not ready; the connection is of no more use then.
 */
int		 tls_accept(struct io *, struct tls_server *,
		    const struct tls_ops *, void *arg);

/* ---- client ------------------------------------------------------------ */

/*
 * All client connections of a process.  bundle is a descriptor of trusted
 * issuers in PEM (or -1), owned from now on, and read when a connection is
 * first verified.
 */
struct tls_client *tls_client_new(int bundle);
void		 tls_client_free(struct tls_client *);
/*
 * The same, as the client.  name is sent as SNI where it is a host name, and
 * is what the certificate is compared with; a certificate that does not fit
 * is a fact, not an error: who needs it verified looks at the facts.  -1
 * without memory, and for a name that is none (a NUL in it, over 255).
 */
int		 tls_connect(struct io *, struct tls_client *, struct str name,
		    const struct tls_ops *, void *arg);

#endif
