/*
 * The process, in its three roles; what each answers is in its own file.
 * No row hands it a secret yet: each of its answers is that it knows none.
 */
#ifndef KEYD_H
#define KEYD_H

#include "proc.h"

extern const struct proc_ops	 keyd_ops;

/* auth.c: one password of one account */
void	 on_auth_check(struct peer *, uint32_t id, const struct auth_check *);
/* cred.c: what to log in with at a relay */
void	 on_cred_ask(struct peer *, uint32_t id, const struct cred_ask *);

#endif
