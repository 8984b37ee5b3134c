/*
 * What sessions ask of keyd's role auth.  The answer, or its loss, comes to
 * auth_checked.
 */
#ifndef AUTH_CLIENT_H
#define AUTH_CLIENT_H

#include "messages.h"
#include "str.h"

struct peer;
struct session;

/* A full queue of keyd's takes less; and a client waits longer. */
#define AUTH_CHECK_MS	30000

void	 auth_up(struct peer *);
void	 auth_down(struct peer *);
/* 0 when the answer will come, -1 when it cannot be asked. */
int	 auth_ask(struct session *, struct str user, struct str password);

/* for the handler table */
void	 on_auth_checked(struct peer *, void *, const struct auth_checked *);

#endif
