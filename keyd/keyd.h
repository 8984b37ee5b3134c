/*
 * The process, in its three roles; what each does is in its own files.  The
 * roles have nothing in common but the steps of a life.
 */
#ifndef KEYD_H
#define KEYD_H

#include "proc.h"

/* One role.  A step that is NULL has nothing to do; see proc.h. */
struct keyd_part {
	enum role	 role;
	void	(*prepare)(void);
	int	(*configure)(const struct conf *, char *why, size_t size);
	void	(*commit)(void);
	void	(*drop)(void);
	/* a file of the configuration under way (taken), before configure */
	void	(*secret)(unsigned index, int fd);
	void	(*peer_up)(struct peer *);
	void	(*peer_down)(struct peer *);
	void	(*start)(void);
};

extern const struct proc_ops	 keyd_ops;
extern const struct keyd_part	 auth_part, cred_part;

/* auth.c: one password of one account */
void	 on_auth_check(struct peer *, uint32_t id, const struct auth_check *);
/* cred.c: what to log in with at a relay */
void	 on_cred_ask(struct peer *, uint32_t id, const struct cred_ask *);

#endif
