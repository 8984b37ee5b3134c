/*
 * What the files of tls share; nobody else includes it.  tls.c has the life
 * of a connection, tls_bio.c its octets, tls_facts.c what it has led to;
 * tls_server.c and tls_client.c have what is the same for many, tls_ticket.c
 * the keys of session tickets; tls_provider.c is OpenSSL's idea of a private
 * key that is elsewhere, and tls_sign.c goes there for it.
 */
#ifndef TLS_PRIVATE_H
#define TLS_PRIVATE_H

#include <sys/queue.h>

#include <openssl/ssl.h>

#include "buf.h"
#include "messages.h"
#include "tls.h"

/*
 * Of the other side, until the handshake is complete: its certificates and
 * what stands around them, CHAIN_MAX in DER being three quarters of it.
 */
#define TLS_HANDSHAKE_MAX	(CHAIN_MAX + 32768)
/*
 * Octets that TLS itself answers once it is open: to some 2,000 key updates,
 * when AES-GCM wants one each 2^24 records (RFC 8446 5.5).  Who does not read
 * them has us keep no more.
 */
#define TLS_ANSWERS_MAX		65536
#define TLS_RECORD_MAX		16384	/* octets in clear, RFC 8446 5.1 */
#define TLS_DEPTH_MAX		10	/* issuers above a certificate */

enum tls_phase {
	TLS_HANDSHAKE,
	TLS_OPEN,
	TLS_SHUT,		/* the other side has said close_notify */
	TLS_FAILED
};

struct tls_job;

/* A connection; the state of its filter. */
struct tls_conn {
	struct io		*io;
	SSL			*ssl;
	const struct tls_ops	*ops;
	void			*arg;
	struct tls_server	*server;	/* held; NULL in a client */
	enum tls_phase		 phase;
	struct buf		*wire, *out;	/* while OpenSSL runs */
	size_t			 eaten;		/* octets of the handshake */
	size_t			 answered;	/* and ours after it */
	struct tls_job		*job;		/* while it waits for keyd */
	bool			 giving_up;	/* sign nothing more */
	bool			 queued;	/* waits for a fibre */
	TAILQ_ENTRY(tls_conn)	 next;		/* of those */
	struct tls_facts	 facts;
	char			*name;		/* a client's; of the facts: */
	char			*sni, *subject, *issuer;
	char			 why[TLS_WHY_MAX];
};

/* tls.c: on SSL of that context; takes server's count */
int	 tls_start(struct io *, SSL_CTX *, struct tls_server *, struct str name,
	    const struct tls_ops *, void *arg);
/* the first reason is kept */
void	 tls_set_why(struct tls_conn *, const char *, ...)
	    __attribute__((format(printf, 2, 3)));

/* tls_bio.c: between an SSL and the buffers of its connection */
void	 tls_bio_setup(void);
int	 tls_bio_attach(struct tls_conn *);

/* tls_facts.c: once the handshake is complete */
void	 tls_facts_gather(struct tls_conn *);
void	 tls_facts_clear(struct tls_conn *);

/*
 * tls_provider.c: a private key that is the certificate of that number in
 * that configuration's; pub is its public half (borrowed).  NULL: no memory.
 */
void	 tls_provider_setup(void);
EVP_PKEY *tls_provider_key(EVP_PKEY *pub, uint32_t conf, uint16_t key);

/* tls_sign.c */
void	 tls_sign_setup(void);
/*
 * From within OpenSSL, in its fibre: comes back when keyd has answered.  sig
 * has size octets of room; 0 with *len, or -1.
 */
int	 tls_sign(const struct tls_sign *, uint8_t *sig, size_t size,
	    size_t *len);
/* Runs the handshake as far as it goes; as SSL_get_error. */
int	 tls_sign_handshake(struct tls_conn *);
/* It waits for keyd: OpenSSL must not be called meanwhile. */
bool	 tls_sign_waits(const struct tls_conn *);
/* Ends what the connection waits for, so that it may be freed. */
void	 tls_sign_give_up(struct tls_conn *);

/* tls_ticket.c */
void	 tls_ticket_setup(void);
void	 tls_ticket_keyd(void);			/* there is another keyd */
void	 tls_ticket_serve(SSL_CTX *);		/* a server's context */
void	 tls_ticket_accept(SSL *);		/* a new connection */

/* tls_server.c */
SSL_CTX	*tls_server_default(const struct tls_server *);
void	 tls_server_keyd(void);			/* there is another keyd */

/* tls_keyd.c: or NULL */
struct peer *tls_keyd_peer(void);

#endif
