/*
 * TLS of listeners: what depends on several directives of the block.
 */
#ifndef CONF_TLS_H
#define CONF_TLS_H

#include "conf_build.h"

/*
 * The block is read: without a word about TLS the certificate is the
 * self-signed one, and the level follows from what was said.
 */
void	 listener_tls_fill(struct build *, struct listener_build *);
/* Reports what does not go together, once that is filled in. */
void	 listener_tls_check(struct build *, const struct statement *,
	    const struct listener_build *);
/* Reports what is possible, but hardly meant. */
void	 listener_tls_warn(struct build *, const struct statement *,
	    const struct listener_build *);

#endif
