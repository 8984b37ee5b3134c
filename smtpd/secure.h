/*
 * TLS of a session: by STARTTLS (RFC 3207), or from the first octet (RFC
 * 8314 3.3).  What TLS itself is, is common's.
 */
#ifndef SECURE_H
#define SECURE_H

#include <stdbool.h>

struct session;

/* EHLO may say STARTTLS. */
bool		 secure_is_offered(const struct session *);
/* STARTTLS was allowed.  Alone: the client has sent nothing behind it yet. */
void		 secure_start(struct session *, bool alone);
/* The handshake begins; session_secured tells its end.  -1 when it cannot,
 * which is logged. */
int		 secure_begin(struct session *);
/* The connection has ended: logs it, if that was for TLS. */
void		 secure_ended(const struct session *);

/* The cipher suite by its registered name; NULL without TLS. */
const char	*secure_cipher(const struct session *);
/* "TLSv1.3 cipher=...", or "none"; one static buffer. */
const char	*secure_text(const struct session *);

#endif
