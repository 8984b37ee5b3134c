/*
 * The TLS of all connections out, made when the first one wants it; and whom
 * it trusts, as master hands it over with a configuration.
 */
#ifndef TRUST_H
#define TRUST_H

struct tls_client;

/* In the jail's prepare hook: the libraries. */
void	 trust_setup(void);
/* The trusted issuers of the configuration under way; takes fd. */
void	 trust_bundle(int fd);
/* That configuration is in force, or is not to be. */
void	 trust_commit(void);
void	 trust_drop(void);
/* Borrowed: connections that have it keep what they need.  NULL without
 * memory. */
struct tls_client *trust_client(void);

#endif
