/*
 * What a connection logs in with: asked of keyd's cred role when its server
 * is verified and ready for AUTH, handed to the client, and forgotten.
 */
#ifndef LOGIN_H
#define LOGIN_H

#include "connect.h"
#include "messages.h"
#include "peer.h"

/* NULL: client_login or client_no_login of its client follows, not from
 * within; or why there is nobody to ask. */
const char *login_ask(struct conn *);
/* It is not wanted any more; nothing happens where none was asked for. */
void	 login_end(struct conn *);
/* conn NULL: nobody wants it any more. */
void	 login_on_cred(struct conn *, const struct cred *);

#endif
